//! The answers behind the reference values, and the values.
//!
//! 3 models x 8 languages x {base, ft} x {direct, cot}, 96 cells, over the same 48 items of 30 passages. `questions.csv` has
//! a line for each item, in the order of every cell; `items.csv` one for each cell, its predictions as one letter an item,
//! `-` where none was found.

use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// Tolerance of counts, rates, intervals and exact p-values.
pub(crate) const EXACT: f64 = 1e-9;

/// Tolerance of p-values of t, normal and chi-squared tests.
pub(crate) const APPROXIMATE: f64 = 1e-8;

/// One of the 48 parallel items.
pub(crate) struct Question {
    /// Index of its passage, from 0; items are in the order of their passages.
    pub(crate) passage: usize,
    /// Index of the gold label, 0 to 3.
    pub(crate) gold: usize,
}

/// The answers of one cell, in the order of the questions.
#[derive(Deserialize)]
pub(crate) struct Cell {
    pub(crate) model: String,
    pub(crate) language: String,
    pub(crate) family: String,
    /// `base` or `ft`.
    pub(crate) phase: String,
    /// `direct` or `cot`.
    pub(crate) mode: String,
    predictions: String,
}

impl Cell {
    /// Index of the predicted label of each item, 0 to 3; `None` where the answer was invalid.
    pub(crate) fn predictions(&self) -> Vec<Option<usize>> {
        self.predictions.chars().map(letter).collect()
    }

    /// Whether each item was answered correctly; an invalid answer was not.
    pub(crate) fn correct(&self) -> Vec<bool> {
        self.predictions().iter().zip(QUESTIONS.iter()).map(|(&label, item)| label == Some(item.gold)).collect()
    }
}

pub(crate) static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Line {
        passage: String,
        gold: char,
    }
    let mut passages: Vec<String> = Vec::new();
    let mut question = |Line { passage, gold }| {
        if passages.last() != Some(&passage) {
            passages.push(passage);
        }
        Question { passage: passages.len() - 1, gold: letter(gold).expect("a label") }
    };
    lines(include_str!("questions.csv")).into_iter().map(&mut question).collect()
});

/// In the order of `items.csv`: model, language, phase, mode.
pub(crate) static CELLS: LazyLock<Vec<Cell>> = LazyLock::new(|| lines(include_str!("items.csv")));

/// The reference values, by block.
pub(crate) static EXPECTED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("expected.json")).expect("it is JSON"));

/// The cell of that model, language, phase and mode.
pub(crate) fn cell(model: &str, language: &str, phase: &str, mode: &str) -> &'static Cell {
    let is = |cell: &&Cell| [&*cell.model, &cell.language, &cell.phase, &cell.mode] == [model, language, phase, mode];
    CELLS.iter().find(is).unwrap_or_else(|| panic!("no cell {model} {language} {phase} {mode}"))
}

/// The rows of a block of reference values.
pub(crate) fn rows(block: &'static Value) -> &'static [Value] {
    let rows = block.as_array().or_else(|| block["rows"].as_array()).expect("it has rows");
    assert!(!rows.is_empty(), "without rows nothing is compared");
    rows
}

/// A text of the reference values.
pub(crate) fn text(value: &'static Value) -> &'static str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Numbers of the reference values.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    value.as_array().map_or_else(|| vec![number(value)], |values| values.iter().map(number).collect())
}

/// Fails where a number is not the expected one; `what` and `of` say which of which row.
#[track_caller]
pub(crate) fn check(what: &str, of: &Value, actual: f64, tolerance: f64) {
    let expected = of[what].as_f64().unwrap_or_else(|| panic!("no number `{what}` in {of}"));
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}, of {of}");
}

fn letter(letter: char) -> Option<usize> {
    "ABCD".find(letter)
}

fn lines<T: for<'de> Deserialize<'de>>(text: &str) -> Vec<T> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|line| line.expect("a good line")).collect()
}

#[test]
fn the_answers_are_those_of_the_reference_values() {
    assert_eq!((QUESTIONS.len(), CELLS.len()), (48, 96));
    assert_eq!(QUESTIONS.last().map(|item| item.passage), Some(29));
    for row in rows(&EXPECTED["cells"]) {
        let [model, language, phase, mode] = ["model", "lang", "phase", "mode"].map(|key| text(&row[key]));
        let correct = cell(model, language, phase, mode).correct();
        assert_eq!(row["k"], correct.iter().filter(|&&correct| correct).count());
    }
    let semitic = CELLS.iter().filter(|cell| cell.family == "semitic").count();
    assert_eq!(semitic, 48);
}
