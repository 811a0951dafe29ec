//! Results that the tests of every format render: a clean cell and a failure of format.

use std::collections::BTreeMap;
use xlt_core::answers::Answer;
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

fn id(language: &str) -> CellId {
    let column = Column { model: "m".to_owned(), condition: "base".to_owned(), mode: "direct".to_owned(), seed: None };
    CellId { column, language: language.to_owned() }
}

fn answer(prediction: usize, answer_mass: f64, argmax_text: &str) -> Answer {
    Answer {
        key: "k".to_owned(),
        group: "g".to_owned(),
        language: "l".to_owned(),
        prediction,
        predicted_label: (prediction + 1).to_string(),
        gold: 0,
        gold_label: "1".to_owned(),
        logprobs: vec![-1.0; 4],
        answer_mass,
        argmax_token: 16,
        argmax_text: argmax_text.to_owned(),
        n_tokens: 100,
    }
}
