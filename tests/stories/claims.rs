//! What is expected before there are answers, and what only after; and two runs beside each other.

use crate::support::{Outcome, Space};
use serde_json::{Value, json};

const SPEC: &str = r#"
name = "claims"
models.api = { answers = "api/{condition}.{language}.jsonl" }
languages.target = ["heb_Hebr", "fra_Latn"]
modes.direct = {}

[data.quiz]
file   = "quiz/{language}.jsonl"
key    = "number"
group  = "passage"
fields = { passage = "passage", question = "question", options = ["a", "b"], answer = "answer" }

[prompt]
body   = "{{ passage }} {{ question }}\n{{ options_block }}"
labels = ["A", "B"]

[conditions]
base = { modes = ["direct"] }
hint = { modes = ["direct"] }

[evaluate]
data      = "quiz"
languages = "target"
limit     = 40

[analyze]
gain = { of = "hint", over = "base" }

[[claims]]
text     = "a hint helps"
estimate = "gain(hint, all)"
expect   = { above = 0.2 }
"#;

/// Forty questions a language, two on a passage: every fourth is right without the hint, three of four are with it.
fn study() -> Space {
    let space = Space::with_spec(SPEC);
    for language in ["heb_Hebr", "fra_Latn"] {
        let rows = (1..=40).map(|number| {
            let (passage, question) = (format!("passage {}", number / 2), format!("question {number}?"));
            json!({"number": number, "passage": passage, "question": question, "a": "yes", "b": "no", "answer": 1})
        });
        write(&space, &format!("quiz/{language}.jsonl"), rows);
        for (condition, right) in [("base", 1), ("hint", 3)] {
            answer(&space, condition, language, right);
        }
    }
    space
}

/// Of four questions each so many are right.
fn answer(space: &Space, condition: &str, language: &str, right: u64) {
    let label = |number: u64| if number % 4 < right { "A" } else { "B" };
    let lines = (1..=40).map(|number| json!({"key": number.to_string(), "prediction": label(number)}));
    write(space, &format!("api/{condition}.{language}.jsonl"), lines);
}

fn write(space: &Space, path: &str, lines: impl Iterator<Item = Value>) {
    space.write(path, lines.map(|line| format!("{line}\n")).collect::<String>());
}

fn run(space: &Space) {
    let outcome = Outcome::of(space.ask(&["run", "spec.toml", "--json"]), Vec::new());
    assert_eq!(outcome.code, 0, "{outcome:#?}");
}

#[test]
fn a_claim_that_stood_before_the_answers_is_not_post_hoc_and_one_that_was_edited_is() {
    let space = study();
    let plan = space.ask(&["plan"]);
    plan.expect_code(0).expect_prints("claim \"a hint helps\"").expect_prints("can be told");
    assert!(!plan.stdout.contains("post hoc"), "{}", plan.stdout);
    run(&space);
    assert_eq!(space.read("spec.lock").matches("post_hoc = false").count(), 1, "{}", space.read("spec.lock"));
    // Other words are the same claim; another bound is another one, and comes late, however often it is run.
    space.edit("spec.toml", "a hint helps", "hints help");
    assert!(!space.ask(&["plan"]).stdout.contains("post hoc"));
    space.edit("spec.toml", "above = 0.2", "above = 0.1");
    space.ask(&["plan"]).expect_code(0).expect_prints("claim \"hints help\" [post hoc: there are answers already]");
    run(&space);
    run(&space);
    let lock = space.read("spec.lock");
    assert_eq!((lock.matches("post_hoc = false").count(), lock.matches("post_hoc = true").count()), (1, 1), "{lock}");
    // What was written first is remembered.
    space.edit("spec.toml", "above = 0.1", "above = 0.2");
    assert!(!space.ask(&["plan"]).stdout.contains("post hoc"));
}

#[test]
fn a_margin_that_is_too_narrow_is_told_before_anything_is_asked() {
    let space = study();
    space.edit("spec.toml", "above = 0.2", "within = 0.01");
    space.ask(&["plan"]).expect_code(0).expect_prints("would most likely be \"cannot tell\"");
    space.edit("spec.toml", "limit     = 40\n", "");
    space.ask(&["plan"]).expect_code(0).expect_prints("how many items there are is known once the data are there");
}

#[test]
fn two_specs_are_compared_item_by_item() {
    let space = study();
    run(&space);
    space.ask(&["diff", "spec.toml"]).expect_code(0).expect_prints("4 cells in common: 0 with other answers, 0 moved");
    space.write(
        "other.toml",
        format!(
            "extends = \"spec.toml\"\nname = \"other\"\n{}",
            "models.api.answers = \"other/{condition}.{language}.jsonl\"\n"
        ),
    );
    space.ask(&["diff", "spec.toml", "other.toml"]).expect_code(2);
    for (condition, right) in [("base", 1), ("hint", 4)] {
        for language in ["heb_Hebr", "fra_Latn"] {
            answer(&space, condition, language, right);
            let path = format!("api/{condition}.{language}.jsonl");
            space.write(&path.replace("api/", "other/"), space.read(&path));
        }
    }
    answer(&space, "hint", "heb_Hebr", 3);
    answer(&space, "hint", "fra_Latn", 3);
    Outcome::of(space.ask(&["run", "other.toml", "--json"]), Vec::new());
    let diff = space.ask(&["diff", "spec.toml", "other.toml"]);
    // Ten of forty items of two cells are right that were wrong: p = 2 / 2^10, corrected for four cells.
    diff.expect_code(0).expect_prints("4 cells in common: 2 with other answers, 2 moved beyond noise");
    diff.expect_prints("api/hint/heb_Hebr/direct")
        .expect_prints("+25.0")
        .expect_prints("10 of 40")
        .expect_prints("0.008");
    let json: Value = serde_json::from_str(&space.ask(&["diff", "spec.toml", "other.toml", "--json"]).stdout).unwrap();
    assert_eq!(json["cells"].as_array().unwrap().iter().filter(|cell| cell["gained"] == 10).count(), 2);
}
