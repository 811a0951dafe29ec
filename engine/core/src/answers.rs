//! Answers: what a model said to each item, as the lines of an artifact.
//!
//! One JSON object a line, in the order given, with no times in it: the same answers are the same bytes. Numbers are
//! written with twelve significant digits. Logits are f32 and carry about seven, while the last bits of an exponential
//! or a logarithm differ from one C library to the next and would make the artifact differ without a reason.

use serde::{Deserialize, Serialize};

/// The answer to one item under the protocol `labels`. Lists are in the order of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Key of the item.
    pub key: String,
    /// Key of its passage.
    pub group: String,
    /// Language code.
    pub language: String,
    /// Index of the predicted label, from 0.
    pub prediction: usize,
    /// The predicted label.
    pub predicted_label: String,
    /// Index of the gold label, from 0.
    pub gold: usize,
    /// The gold label.
    pub gold_label: String,
    /// Natural log-probability of each label among the whole vocabulary.
    pub logprobs: Vec<f64>,
    /// Total probability of the labels, 0 to 1.
    pub answer_mass: f64,
    /// The most probable token of the whole vocabulary.
    pub argmax_token: i32,
    /// Its text; bytes that are no UTF-8 replaced.
    pub argmax_text: String,
    /// Length of the prompt in tokens.
    pub n_tokens: u32,
}

impl Answer {
    /// Whether the prediction is the gold answer.
    #[must_use]
    pub fn correct(&self) -> bool {
        self.prediction == self.gold
    }
}

/// A line of answers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the answers: {why}; the artifact is damaged or of another version: evaluate again")]
pub struct BadAnswer {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    group: String,
    language: String,
    prediction: Label,
    gold: Label,
    correct: bool,
    logprobs: Vec<f64>,
    answer_mass: f64,
    argmax: Token,
    n_tokens: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    index: usize,
    label: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    id: i32,
    text: String,
}

/// The answers as JSONL. A number that JSON cannot hold (infinite, none) is written as `null`, which [`read`] refuses.
#[must_use]
pub fn write(answers: &[Answer]) -> String {
    let mut text = String::new();
    for answer in answers {
        // Strings, numbers and lists of them always serialize.
        text.push_str(&serde_json::to_string(&Line::from(answer)).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// The answers from JSONL.
///
/// # Errors
/// [`BadAnswer`] for the first line that is not one, or that contradicts itself.
pub fn read(text: &str) -> Result<Vec<Answer>, BadAnswer> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            let bad = |why: String| BadAnswer { line: index + 1, why };
            let line: Line = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
            line.check().map_err(|why| bad(why.to_owned()))?;
            Ok(Answer::from(line))
        })
        .collect()
}

impl Line {
    fn check(&self) -> Result<(), &'static str> {
        let labels = self.logprobs.len();
        if self.prediction.index >= labels || self.gold.index >= labels {
            return Err("an index is beyond the labels");
        }
        if self.correct != (self.prediction.index == self.gold.index) {
            return Err("`correct` contradicts the prediction");
        }
        if !(0.0..=1.0).contains(&self.answer_mass) {
            return Err("`answer_mass` is not a probability");
        }
        Ok(())
    }
}

impl From<&Answer> for Line {
    fn from(answer: &Answer) -> Self {
        Self {
            key: answer.key.clone(),
            group: answer.group.clone(),
            language: answer.language.clone(),
            prediction: Label { index: answer.prediction, label: answer.predicted_label.clone() },
            gold: Label { index: answer.gold, label: answer.gold_label.clone() },
            correct: answer.correct(),
            logprobs: answer.logprobs.iter().map(|&logprob| twelve_digits(logprob)).collect(),
            answer_mass: twelve_digits(answer.answer_mass),
            argmax: Token { id: answer.argmax_token, text: answer.argmax_text.clone() },
            n_tokens: answer.n_tokens,
        }
    }
}

impl From<Line> for Answer {
    fn from(line: Line) -> Self {
        Self {
            key: line.key,
            group: line.group,
            language: line.language,
            prediction: line.prediction.index,
            predicted_label: line.prediction.label,
            gold: line.gold.index,
            gold_label: line.gold.label,
            logprobs: line.logprobs,
            answer_mass: line.answer_mass,
            argmax_token: line.argmax.id,
            argmax_text: line.argmax.text,
            n_tokens: line.n_tokens,
        }
    }
}

fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests;
