//! Evaluations with a tiny random model: from rows and a model file to answers, results, and clear words where that cannot be.
#![cfg(feature = "llama")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod doctor;
mod fertility;
mod inputs;
mod reasoning;
mod show;
mod stories;
#[path = "../support/mod.rs"]
mod support;
mod texts;
mod units;

use support::Space;
use xlt_llama::tiny::TinyModel;

/// A study of one tiny model, two languages, four rows each.
const SPEC: &str = r#"
name = "tiny"
[models]
tiny = { file = "tiny.gguf" }
[languages]
target = ["eng_Latn", "fra_Latn"]
[data.rows]
file = "{language}.jsonl"
key = "id"
[data.rows.fields]
passage = "text"
question = "question"
options = ["a", "b"]
answer = "answer"
[prompt]
body = """
{{ passage }}
{{ question }}
{{ options_block }}"""
labels = ["1", "2"]
[modes.direct]
instruction = "Answer with 1 or 2."
[conditions]
base = { modes = ["direct"] }
[evaluate]
data = "rows"
languages = "target"
context = 512
"#;

/// A study with its model and rows.
fn study() -> Space {
    let space = Space::with_spec(SPEC);
    TinyModel::default().write(&space.path("tiny.gguf")).unwrap();
    for (language, word) in [("eng_Latn", "tea"), ("fra_Latn", "thé")] {
        space.write(&format!("{language}.jsonl"), rows(word));
    }
    space
}

fn rows(word: &str) -> String {
    (1..=4).map(|number| row(&number.to_string(), &format!("{word} number {number}"), "1") + "\n").collect()
}

fn row(id: &str, text: &str, answer: &str) -> String {
    format!(r#"{{"id": "{id}", "text": "{text}", "question": "which?", "a": "one", "b": "two", "answer": {answer}}}"#)
}

const ENGLISH: &str = "evaluate/tiny/base/eng_Latn/direct";
const FRENCH: &str = "evaluate/tiny/base/fra_Latn/direct";
