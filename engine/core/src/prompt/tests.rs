use super::*;
use crate::spec::{Request, load};

fn prompt(body: &str) -> Prompt {
    Prompt {
        system: None,
        body: body.to_owned(),
        labels: vec!["1".to_owned(), "2".to_owned()],
        delimiter: String::new(),
        words: BTreeMap::new(),
    }
}

fn mode(instruction: Option<&str>) -> Mode {
    Mode { instruction: instruction.map(str::to_owned), ..Mode::named("direct") }
}

fn item() -> Item {
    Item {
        key: "p|1".to_owned(),
        group: "p".to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: Some("P".to_owned()),
        question: "Q?".to_owned(),
        options: vec!["yes".to_owned(), "no".to_owned()],
        answer: 0,
        part: None,
    }
}

fn rendered(body: &str, instruction: Option<&str>, item: &Item) -> Result<String, PromptError> {
    Renderer::new(&prompt(body), &mode(instruction))?.render(item)
}

fn check(body: &str, expected: &str) {
    assert_eq!(rendered(body, None, &item()).as_deref(), Ok(expected));
}

#[test]
fn every_variable_has_its_value() {
    check("{{ passage }}/{{ question }}/{{ language }}/{{ key }}", "P/Q?/heb_Hebr/p|1");
    check("{{ options_block }}", "1. yes\n2. no");
    check("{% for option in options %}{{ labels[loop.index0] }}={{ option }} {% endfor %}", "1=yes 2=no");
}

#[test]
fn the_instruction_follows_after_a_blank_line_and_ends_are_trimmed() {
    let text = rendered("  {{ question }} \n\n", Some("Answer {{ labels | join(' or ') }}.\n"), &item());
    assert_eq!(text.as_deref(), Ok("  Q?\n\nAnswer 1 or 2."));
}

/// `doc_to_text` of lm-evaluation-harness 0.4's `belebele_*` tasks, on an item of our own.
#[test]
fn the_preset_of_lm_eval_writes_what_lm_eval_writes() {
    let text = include_str!("../../../../tests/specs/valid/preset.toml").to_owned();
    let spec = load(&Request { path: "preset.toml", profile: None, set: &[] }, &|_| Ok(text.clone()));
    let preset = spec.expect("a valid spec").prompt.expect("it has a prompt");
    let item = Item {
        passage: Some("The hut has two doors.\nBoth are blue. ".to_owned()),
        question: "  How many doors has the hut? ".to_owned(),
        options: ["one", "two {{ labels }}", "three", "four\n"].map(str::to_owned).to_vec(),
        ..item()
    };
    let rendered = |instruction| Renderer::new(&preset, &mode(instruction)).and_then(|renderer| renderer.render(&item));
    let expected = "P: The hut has two doors.\nBoth are blue. \nQ: How many doors has the hut?\nA: one\nB: two {{ labels }}\n\
                    C: three\nD: four\n\nAnswer:";
    assert_eq!(rendered(None).as_deref(), Ok(expected));
    assert_eq!(rendered(Some("Be brief.")), Ok(format!("{expected}\n\nBe brief.")), "an instruction is not lm-eval's");
}

#[test]
fn block_tags_leave_no_blank_lines() {
    check("a\n  {% if passage %}\nb\n  {% endif %}\nc", "a\nb\nc");
}

#[test]
fn braces_and_markup_in_data_are_text() {
    let mut item = item();
    item.question = "{{ passage }} {% raw %} <b>&".to_owned();
    assert_eq!(rendered("{{ question }}", None, &item).as_deref(), Ok("{{ passage }} {% raw %} <b>&"));
}

#[test]
fn an_unknown_name_is_found_before_any_item() {
    let error = |body: &str, instruction| {
        Renderer::new(&prompt(body), &mode(instruction)).err().expect("an unknown name").to_string()
    };
    assert_eq!(
        error("{{ pasage }}", None),
        "`prompt.body` names `pasage`, which no prompt has; did you mean `passage`?"
    );
    assert_eq!(
        error("x", Some("{% if zzz %}{% endif %}")),
        "`modes.direct.instruction` names `zzz`, which no prompt has; there are `passage`, `question`, `options`, \
         `labels`, `options_block`, `language`, `key`, `words`"
    );
    check("{% for number in range(2) %}{{ number }}{% endfor %}", "01");
}

#[test]
fn a_syntax_error_names_place_and_line() {
    let error = Renderer::new(&prompt("a\n{{ question"), &mode(None)).err().expect("a syntax error");
    assert!(matches!(&error, PromptError::Syntax { place, line: 2, .. } if place == "prompt.body"), "{error}");
}

#[test]
fn data_without_passages_has_no_variable_passage() {
    let item = Item { passage: None, ..item() };
    let expected = PromptError::NoPassage { place: "prompt.body".to_owned(), item: "p|1".to_owned() };
    assert_eq!(rendered("{{ passage }}", None, &item), Err(expected));
    let body = "{% if passage %}{{ passage }}{% else %}none{% endif %}";
    assert_eq!(rendered(body, None, &item).as_deref(), Ok("none"));
}

#[test]
fn a_failure_names_the_item() {
    let error = rendered("\n{{ question.nothing.at_all }}", None, &item()).expect_err("a failure");
    assert!(matches!(&error, PromptError::Failed { item, line: 2, .. } if item == "p|1"), "{error}");
}

#[test]
fn a_template_without_end_is_stopped() {
    let body = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(matches!(rendered(body, None, &item()), Err(PromptError::Failed { .. })));
}

#[test]
fn labels_and_options_must_pair_up() {
    let mut item = item();
    item.options.push("maybe".to_owned());
    let expected = PromptError::Labels { item: "p|1".to_owned(), options: 3, labels: 2 };
    assert_eq!(rendered("x", None, &item), Err(expected));
}

#[test]
fn an_empty_prompt_is_refused() {
    assert_eq!(rendered(" \n", None, &item()), Err(PromptError::Empty { item: "p|1".to_owned() }));
    assert_eq!(rendered(" \n", Some("x"), &item()).as_deref(), Ok("x"));
}

#[test]
fn items_that_look_alike_are_found() {
    let alike = PromptError::Alike { first: "a".to_owned(), second: "c".to_owned() };
    assert_eq!(check_distinct([("a", "x"), ("b", "y"), ("c", "x")]), Err(alike));
    assert_eq!(check_distinct([("a", "x"), ("b", "y")]), Ok(()));
}
