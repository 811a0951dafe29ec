//! The answers behind the reference values, and the values.
//!
//! 3 models x 8 languages x {base, ft} x {direct, cot}, 96 cells, over the same 48 items of 30 passages. `questions.csv` has
//! a line for each item, in the order of every cell; `items.csv` one for each cell, its predictions as one letter an item,
//! `-` where none was found.

use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;
use xlt_core::stats::Interval;

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

/// What was found in place of a reference value.
pub(crate) struct Found {
    name: &'static str,
    values: Vec<f64>,
    tolerance: f64,
}

/// A count, rate, error, interval or exact p-value.
pub(crate) fn exact(name: &'static str, value: impl Values) -> Found {
    Found { name, values: value.values(), tolerance: EXACT }
}

/// A t or a p-value of a t, normal or chi-squared test.
pub(crate) fn approximate(name: &'static str, value: impl Values) -> Found {
    Found { name, values: value.values(), tolerance: APPROXIMATE }
}

/// One number or some.
pub(crate) trait Values {
    fn values(self) -> Vec<f64>;
}

impl Values for f64 {
    fn values(self) -> Vec<f64> {
        vec![self]
    }
}

impl Values for u64 {
    fn values(self) -> Vec<f64> {
        vec![self as f64]
    }
}

impl Values for &[u64] {
    fn values(self) -> Vec<f64> {
        self.iter().map(|&count| count as f64).collect()
    }
}

impl Values for Vec<f64> {
    fn values(self) -> Vec<f64> {
        self
    }
}

impl Values for Interval {
    fn values(self) -> Vec<f64> {
        vec![self.low, self.high]
    }
}

/// What is undefined was not expected to be.
impl<V: Values> Values for Option<V> {
    fn values(self) -> Vec<f64> {
        self.map(Values::values).unwrap_or_default()
    }
}

/// Fails unless each number of the row was found, within its tolerance. Texts and what is nested say which row it is, and are
/// compared elsewhere.
#[track_caller]
pub(crate) fn reproduces(row: &Value, found: &[Found]) {
    for Found { name, values, tolerance } in found {
        let expected = numbers(&row[name]).unwrap_or_else(|| panic!("no number `{name}` in {row}"));
        let near = |(value, expected): (&f64, &f64)| (value - expected).abs() <= *tolerance;
        let same = values.len() == expected.len() && values.iter().zip(&expected).all(near);
        assert!(same, "{name}: {values:?} is not {expected:?}, of {row}");
    }
    for (name, _) in row.as_object().expect("a row").iter().filter(|(_, value)| numbers(value).is_some()) {
        assert!(found.iter().any(|found| found.name == name), "nothing found in place of `{name}` of {row}");
    }
}

/// The numbers of a value that is one or a list of them.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Number(number) => Some(vec![number.as_f64()?]),
        Value::Array(values) => values.iter().map(Value::as_f64).collect(),
        _ => None,
    }
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
