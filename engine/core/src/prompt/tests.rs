use super::*;
use crate::spec::{Request, Shown, load};

fn prompt(body: &str) -> Prompt {
    Prompt {
        system: None,
        body: body.to_owned(),
        continuation: None,
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
        extra: BTreeMap::new(),
        part: None,
    }
}

fn rendered(body: &str, instruction: Option<&str>, item: &Item) -> Result<String, PromptError> {
    Renderer::new(&prompt(body), &mode(instruction), &BTreeMap::new())?.render(item)
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
    let rendered = |instruction| {
        Renderer::new(&preset, &mode(instruction), &BTreeMap::new()).and_then(|renderer| renderer.render(&item))
    };
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
        Renderer::new(&prompt(body), &mode(instruction), &BTreeMap::new()).err().expect("an unknown name").to_string()
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
    let error = Renderer::new(&prompt("a\n{{ question"), &mode(None), &BTreeMap::new()).err().expect("a syntax error");
    assert!(matches!(&error, PromptError::Syntax { place, line: 2, .. } if place == "prompt.body"), "{error}");
}

#[test]
fn further_fields_are_variables() {
    let item = Item { extra: BTreeMap::from([("subject".to_owned(), "law {{ key }}".to_owned())]), ..item() };
    let renderer = Renderer::new(&prompt("{{ subject }}: {{ question }}"), &mode(None), &item.extra);
    assert_eq!(renderer.and_then(|renderer| renderer.render(&item)).as_deref(), Ok("law {{ key }}: Q?"));
    let error = Renderer::new(&prompt("{{ zzz }}"), &mode(None), &item.extra).err().expect("an unknown name");
    assert!(error.to_string().ends_with("`words`, `subject`"), "{error}");
}

fn continuations(template: Option<&str>, item: &Item) -> Result<Vec<String>, PromptError> {
    let prompt = Prompt { continuation: template.map(str::to_owned), ..prompt("") };
    Renderer::new(&prompt, &mode(None), &item.extra)?.continuations(item)
}

#[test]
fn an_option_is_scored_as_it_is_or_as_a_template_has_it() {
    assert_eq!(continuations(None, &item()), Ok(vec!["yes".to_owned(), "no".to_owned()]));
    let template = "{{ option[:1] | upper }}{{ option[1:] }} ({{ label }}), {{ question }} ";
    assert_eq!(continuations(Some(template), &item()), Ok(vec!["Yes (1), Q? ".to_owned(), "No (2), Q? ".to_owned()]));
    let error = continuations(Some("{{ optoin }}"), &item()).expect_err("an unknown name").to_string();
    assert_eq!(error, "`prompt.continuation` names `optoin`, which no prompt has; did you mean `option`?");
    let nothing = PromptError::NoContinuation {
        place: "prompt.continuation".to_owned(),
        item: "p|1".to_owned(),
        option: "no".to_owned(),
    };
    assert_eq!(continuations(Some("{% if option == 'yes' %}x{% endif %}"), &item()), Err(nothing));
}

#[test]
fn a_continuation_has_the_words_of_the_language_and_may_be_that_of_a_format() {
    let words = |word: &str| BTreeMap::from([("so".to_owned(), word.to_owned())]);
    let words = BTreeMap::from([("heb_Hebr".to_owned(), words("לכן")), ("eng_Latn".to_owned(), words("so"))]);
    let prompt = Prompt { words, continuation: Some("{{ option }}".to_owned()), ..prompt("{{ question }}") };
    let format = |template: &str| Mode {
        shown: Shown { continuation: Some(template.to_owned()), ..Shown::default() },
        ..mode(None)
    };
    let scored = |mode: &Mode| {
        let renderer = Renderer::new(&prompt.shown_by(mode, [&item().language]), mode, &BTreeMap::new())?;
        renderer.continuations(&item())
    };
    let own = format("{{ words.so }} {{ option }}");
    assert_eq!(scored(&own), Ok(vec!["לכן yes".to_owned(), "לכן no".to_owned()]));
    let english = Mode { words: Speech::Of("eng_Latn".to_owned()), ..own };
    assert_eq!(scored(&english), Ok(vec!["so yes".to_owned(), "so no".to_owned()]));
    assert_eq!(scored(&mode(None)), Ok(vec!["yes".to_owned(), "no".to_owned()]));
    let error = scored(&format("{{ optoin }}")).expect_err("an unknown name").to_string();
    assert!(error.starts_with("`continuation of modes.direct` names `optoin`"), "{error}");
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

#[test]
fn a_template_without_end_is_stopped_and_one_that_is_nested_too_deeply_is_not_parsed() {
    let doubled =
        "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}";
    for endless in ["{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", doubled] {
        let error = rendered(endless, None, &item()).expect_err("no end").to_string();
        let words = "`prompt.body` fails on item `p|1`, line 1: it does not come to an end, and was stopped after 250,000 steps";
        assert!(error.starts_with(words), "{error}");
    }
    for (deep, words) in [
        (format!("{{{{ {}1 }}}}", "1+".repeat(20_000)), "more than 1000 words in one tag"),
        (
            format!("{{% if key %}}{}{{% endif %}}", "{% elif key %}".repeat(2000)),
            "more than 200 `elif`s in one template",
        ),
        ("{% if key %}".repeat(9999), "recursion limits"),
    ] {
        let error = rendered(&deep, None, &item()).expect_err("too deep").to_string();
        assert!(error.starts_with("`prompt.body`, line 1: ") && error.contains(words), "{error}");
    }
}
