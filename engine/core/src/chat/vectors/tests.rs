//! The templates in `tests/` are the project's own; `tests/render.py` renders them with jinja2, as Hugging Face does.

use super::*;
use serde_json::json;

const VECTORS: &str = include_str!("tests/vectors.jsonl");

fn template(name: &str) -> &'static str {
    match name {
        "broken" => include_str!("tests/broken.jinja"),
        "channels" => include_str!("tests/channels.jinja"),
        "faulty" => include_str!("tests/faulty.jinja"),
        "spans" => include_str!("tests/spans.jinja"),
        "strict" => include_str!("tests/strict.jinja"),
        "switched" => include_str!("tests/switched.jinja"),
        "values" => include_str!("tests/values.jinja"),
        other => panic!("there is no template {other}"),
    }
}

/// A question with what `change` makes of it, as a line of a file.
fn line(change: impl Fn(&mut serde_json::Value)) -> String {
    let mut row = json!({
        "template": "t", "case": "c", "messages": [{ "role": "user", "content": "u" }], "add_generation_prompt": true,
        "variables": {}, "bos_token": "<s>", "eos_token": null, "now": "2026-01-15T12:00:00", "rendered": "<s>u", "error": null,
    });
    change(&mut row);
    row.to_string()
}

fn vector(change: impl Fn(&mut serde_json::Value)) -> Vector {
    read(&line(change)).expect("a vector").remove(0)
}

fn failing(error: &str) -> Vector {
    vector(|row| {
        row["rendered"] = json!(null);
        row["error"] = json!(error);
    })
}

#[track_caller]
fn check_error(vector: &Vector, template: &str, words: &str) {
    let message = vector.check(template).expect_err("a mismatch").to_string();
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

#[test]
fn every_case_renders_as_jinja2_renders_it() {
    let vectors = read(VECTORS).expect("vectors");
    assert_eq!(vectors.len(), VECTORS.lines().count());
    for vector in vectors {
        let outcome = vector.check(template(&vector.template));
        assert_eq!(outcome, Ok(()), "line {}: {}, {}", vector.line, vector.template, vector.case);
    }
}

#[test]
fn every_change_of_an_expected_prompt_is_seen() {
    for vector in read(VECTORS).expect("vectors") {
        let Expected::Prompt(prompt) = &vector.expected else { continue };
        for expected in [format!("{prompt} "), format!("x{prompt}")] {
            let changed = Vector { expected: Expected::Prompt(expected), ..vector.clone() };
            assert!(matches!(changed.check(template(&vector.template)), Err(Mismatch::Prompt(_))));
        }
    }
}

#[test]
fn a_difference_is_told_with_its_place() {
    let vector = vector(|row| row["rendered"] = json!("<s>first line\nand the rest of a rather long line\n"));
    check_error(
        &vector,
        "<s>first line\nand the REST of a rather long line",
        r#"line 2, column 9: expected "<s>first line\nand the rest of a rather long li"..., got "<s>first line\nand the REST of a rather long li"..."#,
    );
    check_error(
        &vector,
        "<s>first line\nand the rest of a rather long line",
        r#"column 35: expected ..."st of a rather long line\n", got ..."st of a rather long line""#,
    );
    check_error(&vector, "", r#"line 1, column 1: expected "<s>first line\nand the re"..., got """#);
}

#[test]
fn an_expected_error_must_come_and_be_the_same() {
    let raises = |words: &str| format!("{{{{ raise_exception('{words}') }}}}");
    let vector = failing("TemplateError: No: never");
    assert_eq!(vector.check(&raises("No: never")), Ok(()));
    check_error(&vector, &raises("No"), r#"expected that the template raises "No: never"; got that it raises "No""#);
    check_error(&vector, "fine", r#"got a prompt that ends "fine""#);
    check_error(&vector, "{{ a.b.c }}", "got an error: the model's chat template fails in line 1");
    assert_eq!(failing("No: never").check(&raises("No: never")), Ok(()));
    let vector = failing("UndefinedError: 'a' is undefined");
    assert_eq!(vector.check("{{ a.b.c }}"), Ok(()));
    assert_eq!(vector.check("{% if %}"), Ok(()));
    check_error(&vector, &raises("No"), "got that it raises");
    check_error(&vector, "{{ 'x' * 10**9 }}", "does not come to an end");
}

#[test]
fn an_error_in_place_of_a_prompt_is_a_mismatch() {
    check_error(
        &vector(|_| {}),
        "{{ raise_exception('No') }}",
        r#"expected a prompt that ends "<s>u"; got that it raises "No""#,
    );
}

#[test]
fn what_is_null_is_not_defined() {
    let vector = vector(|row| row["rendered"] = json!("True False"));
    assert_eq!(vector.check("{{ bos_token is defined }} {{ eos_token is defined }}"), Ok(()));
}

#[test]
fn blank_lines_and_a_byte_order_mark_are_passed_over() {
    let text = format!("\u{FEFF}{}\r\n\n  \n{}", line(|_| {}), line(|_| {}));
    let lines: Vec<usize> = read(&text).expect("vectors").iter().map(|vector| vector.line).collect();
    assert_eq!(lines, [1, 4]);
    assert_eq!(read("\n\n").expect_err("no vectors"), VectorError::Empty);
}

#[test]
fn a_line_that_is_no_vector_is_told() {
    let check = |change: fn(&mut serde_json::Value), words: &str| {
        let text = format!("\n{}", line(change));
        let message = read(&text).expect_err("no vector").to_string();
        assert!(message.starts_with("line 2: ") && message.contains(words), "{message:?} does not say {words:?}");
    };
    check(|row| row["now"] = json!("2026-01-15"), "`now` is `2026-01-15`");
    for now in ["2026-01-15T24:00:00", "2026-02-29T12:00:00", "2026-01-15T12:00", "2026-1-15T12:00:00", "é"] {
        assert!(read(&line(|row| row["now"] = json!(now))).is_err(), "{now}");
    }
    check(|row| row["error"] = json!("TemplateError: x"), "both `rendered` and `error`");
    check(|row| row["rendered"] = json!(null), "both `rendered` and `error` are null");
    check(|row| row["tools"] = json!([]), "unknown field `tools`");
    check(|row| *row = json!([]), "expected an object");
    check(|row| row["messages"] = json!({}), "expected a sequence");
}
