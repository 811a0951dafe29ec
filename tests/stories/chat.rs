//! `xlt chat`: templates tried with vectors.

use crate::support::Space;
use serde_json::{Value, json};

const TEMPLATE: &str = "\
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {{- raise_exception('No system here') }}
    {%- endif %}
    {{- '<' + message.role + '>\\n' + message.content | trim + '\\n' }}
{%- endfor %}
{{- strftime_now('%H:%M') }}";

fn vector(template: &str, role: &str, expected: &Value) -> String {
    let error = expected.get("error").cloned().unwrap_or_default();
    let rendered = expected.get("rendered").cloned().unwrap_or_default();
    let row = json!({
        "template": template, "case": role, "messages": [{ "role": role, "content": " Why? " }],
        "add_generation_prompt": true, "variables": {}, "bos_token": "", "eos_token": "",
        "now": "2026-01-15T12:30:00", "rendered": rendered, "error": error,
    });
    format!("{row}\n")
}

/// A file whose two cases are as they should be.
fn good() -> String {
    let refused = vector("turns", "system", &json!({ "error": "TemplateError: No system here" }));
    vector("turns", "user", &json!({ "rendered": "<user>\nWhy?\n12:30" })) + &refused
}

/// The same, and two cases that are not, one of another template.
fn bad() -> String {
    let changed = vector("turns", "user", &json!({ "rendered": "<user>\nWhy not?\n12:30" }));
    good() + &changed + &vector("other", "user", &json!({ "error": "TemplateError: Never" }))
}

fn space(vectors: &str) -> Space {
    let space = Space::new();
    space.write("templates/turns.jinja", TEMPLATE);
    space.write("templates/other.jinja", "hello");
    space.write("templates/vectors.jsonl", vectors);
    space
}

#[test]
fn templates_that_render_as_expected() {
    let answer = space(&good()).ask(&["chat", "templates/vectors.jsonl"]);
    answer.expect_code(0);
    assert_eq!(answer.stdout, "turns  2 of 2\n2 of 2 cases render as expected\n");
}

#[test]
fn templates_that_do_not() {
    let answer = space(&bad()).ask(&["chat", "templates/vectors.jsonl"]);
    answer
        .expect_code(1)
        .expect_prints("turns  2 of 3\n  line 3, case `user`: the prompt differs at its line 2, column 4: expected \"<user>\\nWhy not?")
        .expect_prints("got \"<user>\\nWhy?")
        .expect_prints("other  0 of 1\n  line 4, case `user`: expected that the template raises \"Never\"; got a prompt")
        .expect_prints("2 of 4 cases render as expected\n");
}

#[test]
fn as_json() {
    let answer = space(&bad()).ask(&["chat", "--json", "templates/vectors.jsonl"]);
    answer.expect_code(1);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((&answer["passed"], &answer["cases"]), (&json!(2), &json!(4)));
    let turns = &answer["templates"][0];
    assert_eq!((&turns["template"], &turns["passed"], &turns["cases"]), (&json!("turns"), &json!(2), &json!(3)));
    let failed = &turns["failed"][0];
    assert_eq!((&failed["line"], &failed["prompt_line"], &failed["prompt_column"]), (&json!(3), &json!(2), &json!(4)));
}

#[test]
fn templates_in_another_folder() {
    let space = space(&good());
    space.write("vectors.jsonl", good());
    let answer = space.ask(&["chat", "vectors.jsonl"]);
    answer.expect_code(2).expect_says("failed to read turns.jinja: No such file");
    answer.expect_says("vectors.jsonl, line 1, asks for it; name its folder with `--templates FOLDER`");
    space.ask(&["chat", "vectors.jsonl", "--templates", "templates"]).expect_code(0);
}

#[test]
fn files_that_cannot_be_used() {
    let space = space("{}\n");
    space.ask(&["chat", "missing.jsonl"]).expect_code(2).expect_says("failed to read missing.jsonl");
    let answer = space.ask(&["chat", "templates/vectors.jsonl"]);
    answer
        .expect_code(2)
        .expect_says("templates/vectors.jsonl: line 1: missing field")
        .expect_says("each line is an object");
    space.write("templates/vectors.jsonl", "\n");
    space.ask(&["chat", "templates/vectors.jsonl"]).expect_code(2).expect_says("it has no vectors");
}

#[test]
fn templates_that_are_made_to_harm() {
    let space = space(&good());
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    // Where the engine counts no work, the clock beside it does.
    let doubled = "{% set n = namespace(x=[1], y=[1]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}\
                   {% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}";
    space.write("templates/turns.jinja", endless);
    space.ask(&["chat", "templates/vectors.jsonl"]).expect_code(1).expect_prints("does not come to an end");
    space.write("templates/turns.jinja", doubled);
    space.ask(&["chat", "templates/vectors.jsonl"]).expect_code(2).expect_says("not rendered after 5 seconds");
}
