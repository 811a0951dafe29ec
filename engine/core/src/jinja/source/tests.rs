use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(prepare(template).as_deref(), Ok(expected));
}

#[track_caller]
fn check_same(template: &str) {
    check(template, template);
}

#[test]
fn a_part_for_training_is_a_scope() {
    check("a{% generation %}b{% endgeneration %}c", "a{% with %}b{% endwith %}c");
    check("a {%- generation -%} b {%-endgeneration+%} c", "a {%- with -%} b {%-endwith+%} c");
    check("{%\n generation\n%}{% endgeneration %}", "{%\n with\n%}{% endwith %}");
}

#[test]
fn what_only_looks_like_it_stays() {
    check_same("generation {{ generation }} {% set generation = 1 %} {% generation x %}");
    check_same("{{ '{% generation %}' }}{% set a = \"{% generation %}\\\"\" %}");
    check_same("{# {% generation %} #}");
    check_same("{% raw %}{% generation %}{{ '{% endraw %}");
    check_same("{{ {'a': {'b': '}}'}} }}{{ '\\'' }}");
}

#[test]
fn what_follows_a_raw_block_or_a_comment_is_seen() {
    check("{%- raw -%}{{{%{% endraw %}{% generation %}", "{%- raw -%}{{{%{% endraw %}{% with %}");
    check("{# a ' {{ #}{% generation %}{ % { #}", "{# a ' {{ #}{% with %}{ % { #}");
    check("{{ 'a' }}{{ {'b': 1}}}{% generation %}", "{{ 'a' }}{{ {'b': 1}}}{% with %}");
}

#[test]
fn a_tag_without_an_end_is_left_to_the_parser() {
    for template in ["{{", "{%", "{#", "{{ 'a", "{% raw %}", "{{ a }", "{", "a{{ {} }", "{% \"\\", "é{{é'é"] {
        check_same(template);
    }
}

#[test]
fn faults_are_told_with_their_line() {
    let template = format!("a\n\n{{{{ {} }}}}", "1+".repeat(600));
    assert!(matches!(prepare(&template), Err(Unparsable { line: 3, .. })));
}

proptest! {
    #[test]
    fn all_but_one_tag_stays(template in "[{}%#a'\"\\\\é \n-]*") {
        prop_assert_eq!(prepare(&template), Ok(template));
    }
}
