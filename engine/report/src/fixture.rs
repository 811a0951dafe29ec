//! Results that the tests of every format render: a clean cell and a failure of format; and a cell of texts.

use std::collections::BTreeMap;
use xlt_core::answers::{Answer, TextLength};
use xlt_core::results::{CellId, Column, Results, compute};
use xlt_core::spec::LanguageGroup;

pub(crate) fn results() -> Results {
    let evaluations = BTreeMap::from([
        (id("heb_Hebr"), vec![answer(0, 0.9, "1"), answer(0, 0.8, "1"), answer(1, 0.95, "2")]),
        (id("mlt_Latn"), vec![answer(1, 0.1, "The"); 3]),
    ]);
    let group = LanguageGroup { name: "target".to_owned(), codes: vec!["heb_Hebr".to_owned(), "mlt_Latn".to_owned()] };
    compute("demo", &evaluations, &[group], 4, vec!["the gain of `tuned`".to_owned()])
}

/// A cell of the protocol `texts`: right per byte only.
pub(crate) fn texts() -> Results {
    let lengths = [(2, 12, 4), (1, 2, 2), (1, 2, 2), (1, 2, 2)];
    let length = |(tokens, bytes, characters)| TextLength { tokens, bytes, characters };
    let answer = Answer {
        logprobs: vec![-9.0, -4.0, -5.0, -6.0],
        texts: Some(lengths.map(length).to_vec()),
        answer_mass: None,
        ..answer(0, 0.0, "كيف")
    };
    compute("demo", &BTreeMap::from([(id("heb_Hebr"), vec![answer; 2])]), &[], 4, Vec::new())
}

fn id(language: &str) -> CellId {
    let column = Column { model: "m".to_owned(), condition: "base".to_owned(), mode: "direct".to_owned(), seed: None };
    CellId { column, language: language.to_owned() }
}

fn answer(prediction: usize, answer_mass: f64, argmax_text: &str) -> Answer {
    Answer {
        key: "k".to_owned(),
        group: "g".to_owned(),
        language: "l".to_owned(),
        prediction: Some(prediction),
        predicted_label: Some((prediction + 1).to_string()),
        gold: 0,
        gold_label: "1".to_owned(),
        logprobs: vec![-1.0; 4],
        texts: None,
        answer_mass: Some(answer_mass),
        argmax_token: 16,
        argmax_text: argmax_text.to_owned(),
        n_tokens: 100,
        reasoning: None,
        generated: None,
    }
}
