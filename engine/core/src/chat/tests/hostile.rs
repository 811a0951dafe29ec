//! Templates that are made to harm end in an error, and soon: the tests of one stack and a few seconds are the limit.

use super::*;

fn error(template: &str) -> ChatError {
    rendered(template, &user("u")).expect_err("a template that is made to harm")
}

#[track_caller]
fn check_endless(template: &str) {
    assert_eq!(error(template), ChatError::Endless, "{template}");
}

#[track_caller]
fn check_fails(template: &str, words: &str) {
    match error(template) {
        ChatError::Failed { message, .. } | ChatError::Syntax { message, .. } if message.contains(words) => {}
        other => panic!("{other:?} does not say {words:?}: {}", template.chars().take(200).collect::<String>()),
    }
}

/// Doubles a list sixty times; `tail` does something with it.
fn doubled(tail: &str) -> String {
    let double = "{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}";
    format!("{{% set n = namespace(x=[1]) %}}{double}{tail}")
}

#[test]
fn loops_without_end() {
    check_endless("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}");
    check_endless("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}");
    check_endless("{% set n = namespace(s='xxxxxxxx') %}{% for a in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}");
    check_endless("{% for a in range(99999) %}{% if 'ab' * 100000 == 'c' %}{% endif %}{% endfor %}");
    check_fails("{% for a in range(10**9) %}x{% endfor %}", "range has too many elements");
}

#[test]
fn calls_without_end() {
    check_fails("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", "recursion limit");
    check_fails(
        "{% macro f(x) %}{% if x %}{{ g(x) }}{% endif %}{% endmacro %}{% macro g(x) %}{% for a in [x] %}{{ f(a) }}{% endfor %}{% endmacro %}{{ f(1) }}",
        "recursion limit",
    );
    check_fails("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", "recursion limit");
    check_fails("{% include 'itself' %}", "template not found");
    let fibonacci = "{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{{ f(n - 2) }}{% endif %}{% endmacro %}{{ f(50) }}";
    check_endless(fibonacci);
}

#[test]
fn large_values() {
    check_endless("{{ 'x' * 10**9 }}");
    check_endless("{{ ('x' * 10**6) * 10**6 }}");
    check_fails("{{ [1] * 10**9 }}", "too large");
    check_fails("{{ 10 ** 10**9 }}", "**");
    check_endless("{{ 'x\ny' | indent(10**9) }}");
    check_endless("{{ [1] | batch(10**9, 1) }}");
    check_endless("{{ '%1000000000s'|format('x') }}");
    check_endless("{{ '{:1000000000}'.format('x') }}");
    check_endless("{{ ('{0}' * 10000).format('x' * 10000) }}");
    check_endless("{{ ('a' * 100000).replace('a', 'b' * 100000) }}");
    check_endless("{{ ('a' * 100000).strip('b' * 100000 + 'a') }}");
    check_endless("{{ ('a' * 100000).join(range(9999)) }}");
    check_endless("{% set s = 'ab' * 50000 %}{% for a in range(9999) %}{% if s.count('b') %}{% endif %}{% endfor %}");
}

#[test]
fn values_of_which_each_half_is_the_same_again() {
    check_endless(&doubled("{{ n.x | tojson }}"));
    check_endless(&doubled("{{ n.x | tojson(indent=4) }}"));
    check_endless(&doubled("{{ ','.join([n.x]) }}"));
    check_endless(&doubled("{{ '{}'.format(n.x) }}"));
    check_endless(&doubled("{{ n.x }}"));
}

#[test]
fn values_in_values() {
    let deep = "{% set n = namespace(x=[]) %}{% for a in range(200) %}{% set n.x = [n.x] %}{% endfor %}";
    check_fails(&format!("{deep}{{{{ n.x }}}}"), "nested too deeply");
    check_fails(&format!("{deep}{{{{ n.x | tojson }}}}"), "nested too deeply");
    check_fails("{% set n = namespace() %}{% set n.n = n %}{{ n }}", "nested too deeply");
    check_fails("{% set n = namespace() %}{% set n.n = n %}{{ n | tojson }}", "nested too deeply");
    // Dropping a value calls itself for each level.
    check_endless("{% set n = namespace(x=[]) %}{% for a in range(99999) %}{% set n.x = [n.x] %}{% endfor %}");
}

#[test]
fn templates_that_the_parser_could_not_take() {
    let repeated = |before: &str, text: &str, after: &str| format!("{before}{}{after}", text.repeat(20_000));
    for (before, text, after) in [
        ("{{ ", "1+", "1 }}"),
        ("{{ a", ".b", " }}"),
        ("{{ 'a'", "|upper", " }}"),
        ("{{ ", "a if b else ", "1 }}"),
        ("{% set a = ", "b and ", "c %}"),
        ("{% if ", "not ", "c %}{% endif %}"),
    ] {
        check_fails(&repeated(before, text, after), "more than 1000 words in one tag");
    }
    check_fails(&repeated("{% if a %}", "{% elif b %}", "{% endif %}"), "more than 200 `elif`s");
    check_fails(&repeated("", "a line of text ", ""), "longer than 256 KiB");
    check_fails(&"{{ (".repeat(9999), "");
    check_fails(&"{% if a %}".repeat(9999), "");
}
