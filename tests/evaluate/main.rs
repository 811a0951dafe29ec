//! Evaluations with a tiny random model: from rows and a model file to answers, results, and clear words where that cannot be.
#![cfg(feature = "llama")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod adapters;
mod controls;
mod doctor;
mod elsewhere;
mod fertility;
mod finetune;
mod hostile;
mod inputs;
mod probe;
mod reasoning;
mod report;
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

/// Rows of passages with three questions each, in that order of passages; a passage is one sentence, so many times.
fn passage_rows(passages: impl Iterator<Item = usize>, sentences: usize) -> String {
    let row = |passage: usize, question: usize| {
        let text = format!("Passage {passage} tells of the tea that number {} drank in the town. ", passage * 7);
        let text = text.repeat(sentences);
        format!(
            "{{\"id\": \"p{passage:03}|{question}\", \"text_id\": \"p{passage:03}\", \"text\": \"{text}\", \"question\": \"Who of \
             {question} drank it?\", \"a\": \"one\", \"b\": \"the other one\", \"answer\": {}}}\n",
            1 + (passage + question) % 2
        )
    };
    passages.flat_map(|passage| (0..3).map(move |question| row(passage, question))).collect()
}

const ENGLISH: &str = "evaluate/tiny/base/eng_Latn/direct";
const FRENCH: &str = "evaluate/tiny/base/fra_Latn/direct";
