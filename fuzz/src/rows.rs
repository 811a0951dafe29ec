//! Rows of data in every format: what is read is whole, and no two items are the same.

use std::collections::{BTreeMap, BTreeSet};
use xlt_core::items::read;
use xlt_core::spec::{AnswerAs, Data, Fields, FileRef, Format, Quotes, Source, Split};

/// The first byte says the format and what is asked of the fields; the rest is the file.
pub fn check(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    let data = data(how);
    let Ok(items) = read("rows", bytes, &data, "eng_Latn", 2) else { return };
    let keys: BTreeSet<&String> = items.iter().map(|item| &item.key).collect();
    assert_eq!(keys.len(), items.len());
    assert!(!items.is_empty());
    for item in &items {
        assert_eq!(item.options.len(), 2);
        assert!(item.answer < item.options.len());
        assert!(!item.question.trim().is_empty());
    }
}

fn data(how: u8) -> Data {
    let formats = [Format::Jsonl, Format::Json, Format::Csv, Format::Tsv, Format::Parquet];
    let answers = [AnswerAs::Number, AnswerAs::Index, AnswerAs::Letter, AnswerAs::Text];
    let list = how & 128 > 0;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Data {
        name: "data".to_owned(),
        file: FileRef { source: Source::Local { path: "rows".to_owned() }, sha256: None, size: None },
        codes: BTreeMap::new(),
        format: formats[usize::from(how) % 8 % formats.len()],
        quotes: (how & 32 > 0).then_some(Quotes::Csv),
        key: texts(&["id"]),
        group: if list { texts(&["group"]) } else { Vec::new() },
        fields: Fields {
            passage: list.then(|| "passage".to_owned()),
            question: "question".to_owned(),
            options: if list { texts(&["options"]) } else { texts(&["a", "b"]) },
            choices: Vec::new(),
            answer: "answer".to_owned(),
            answer_as: answers[usize::from(how >> 3 & 3)],
            extra: BTreeMap::new(),
        },
        split: (how & 64 > 0).then(|| Split::Field { field: "part".to_owned() }),
    }
}
