//! The direct answers as rows of a regression.

use crate::items::{CELLS, Cell, QUESTIONS};
use serde_json::Value;
use std::collections::BTreeSet;
use xlt_core::stats::design::{Clusters, Design};
use xlt_core::stats::did::Observation;

/// The name under which the reference values pool the models.
pub(crate) const ALL: &str = "ALL";

/// The languages, in the order of their numbers.
pub(crate) fn languages() -> Vec<&'static str> {
    CELLS.iter().map(|cell| &*cell.language).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The direct answers of a model or of [`ALL`], with the name of their model.
pub(crate) fn observations(model: &str) -> Vec<(&'static str, Observation)> {
    let languages = languages();
    let cells = CELLS.iter().filter(|cell| cell.mode == "direct" && (model == ALL || cell.model == model));
    cells.flat_map(|cell| of_cell(cell, &languages)).collect()
}

fn of_cell(cell: &'static Cell, languages: &[&str]) -> Vec<(&'static str, Observation)> {
    let language = languages.iter().position(|language| *language == cell.language).expect("a language");
    let observation = |(item, correct)| Observation {
        correct,
        after: cell.phase == "ft",
        related: cell.family == "semitic",
        item,
        passage: QUESTIONS[item].passage,
        language,
    };
    cell.correct().into_iter().enumerate().map(|row| (&*cell.model, observation(row))).collect()
}

/// The answers of a model alone.
pub(crate) fn plain(model: &str) -> Vec<Observation> {
    observations(model).into_iter().map(|(_, observation)| observation).collect()
}

/// correct ~ post * sem.
pub(crate) fn design(answers: &[Observation]) -> Design {
    Design::two_by_two(answers.iter().map(|answer| (answer.after, answer.related))).expect("a design")
}

/// Whether each answer is right.
pub(crate) fn correct(answers: &[Observation]) -> Vec<bool> {
    answers.iter().map(|answer| answer.correct).collect()
}

/// Rows with the same key.
pub(crate) fn clusters(answers: &[Observation], key: fn(&Observation) -> usize) -> Clusters {
    Clusters::new(&answers.iter().map(key).collect::<Vec<_>>())
}

/// Fails where a number is not the expected one; `what` and `of` say which of which row.
#[track_caller]
pub(crate) fn check(what: &str, of: &Value, actual: f64, tolerance: f64) {
    let expected = of[what].as_f64().unwrap_or_else(|| panic!("no number `{what}` in {of}"));
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}, of {of}");
}

/// Fails unless there are as many numbers as expected, each within the tolerance.
#[track_caller]
pub(crate) fn check_all(what: &str, of: &Value, actual: &[f64], tolerance: f64) {
    let expected = of[what].as_array().unwrap_or_else(|| panic!("no numbers `{what}` in {of}"));
    assert_eq!(actual.len(), expected.len(), "{what} of {of}");
    for (actual, expected) in actual.iter().zip(expected) {
        let expected = expected.as_f64().expect("a number");
        assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}, of {of}");
    }
}
