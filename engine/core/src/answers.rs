//! Answers: what a model said to each item, as the lines of an artifact.
//!
//! A line's shape follows the protocol under which the item was asked: under `labels` it holds the labels' total
//! probability, under `texts` the lengths of the options' texts, under `generate` the text and where the answer was found
//! in it. Where the model reasoned before, the line holds that too. Of an answer that was given elsewhere and imported, it
//! holds what is known: maybe the prediction alone.
//!
//! One JSON object a line, in the order given, with no times in it: the same answers are the same bytes. Numbers are
//! written with twelve significant digits. Logits are f32 and carry about seven, while the last bits of an exponential
//! or a logarithm differ from one C library to the next and would make the artifact differ without a reason.

use crate::extract::Extraction;
use crate::items::Item;
use crate::spec::Normalize;
use serde::{Deserialize, Deserializer, Serialize};

/// The answer to one item. Lists are in the order of the labels, which is that of the options.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Key of the item.
    pub key: String,
    /// Key of its passage.
    pub group: String,
    /// Language code.
    pub language: String,
    /// Index of the predicted label, from 0; `None`: no answer was found in the text.
    pub prediction: Option<usize>,
    /// The predicted label.
    pub predicted_label: Option<String>,
    /// Index of the gold label, from 0.
    pub gold: usize,
    /// The gold label.
    pub gold_label: String,
    /// Natural logarithms. Under `labels`, the probability of each label among the whole vocabulary; under `texts`, the
    /// likelihood of each option's text, summed over its tokens. Under `generate` there are none.
    pub logprobs: Vec<f64>,
    /// Under `texts`, how long each option's text is.
    pub texts: Option<Vec<TextLength>>,
    /// Under `labels`, their total probability, 0 to 1. Texts have none: they are no outcomes of one draw.
    pub answer_mass: Option<f64>,
    /// The most probable token of the whole vocabulary at the answer slot; [`NOT_KNOWN`] of an imported answer.
    pub argmax_token: i32,
    /// Its text; bytes that are no UTF-8 replaced.
    pub argmax_text: String,
    /// Length of the prompt in tokens; 0 of an imported answer, where it is not known.
    pub n_tokens: u32,
    /// What the model wrote before it answered.
    pub reasoning: Option<Written>,
    /// Under `generate`, what it answered.
    pub generated: Option<Generated>,
    /// Where the options were rotated, the index of the option that each order by itself would have predicted, the given order
    /// first; else empty.
    pub orders: Vec<usize>,
}

/// In place of a token where an answer was imported: which vocabulary, and what else was likely, is not known.
pub const NOT_KNOWN: i32 = -1;

/// A text that a model wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The text, without what ended it; bytes that are no UTF-8 replaced.
    pub text: String,
    /// Tokens written, with those that ended it; 0 where it was written elsewhere.
    pub tokens: u32,
    /// What ended it.
    pub ended: Ended,
}

/// What ended a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// The model: it closed its channel, or ended its turn.
    Model,
    /// One of the texts at which it was to stop.
    Stop,
    /// The budget: it would have gone on.
    Budget,
}

/// An answer in the model's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// The text.
    pub written: Written,
    /// What was found in it.
    pub extraction: Extraction,
}

/// Length of an option's text; nothing of it is 0. The prompt's delimiter counts in the tokens, which are what was scored,
/// and not in bytes and characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextLength {
    /// Tokens of the model; 0 where the answer was imported, and they are not known.
    pub tokens: u32,
    /// Bytes in UTF-8.
    pub bytes: u32,
    /// Unicode scalar values.
    pub characters: u32,
}

impl Answer {
    /// An answer to an item of which only the prediction is known.
    #[must_use]
    pub fn predicted(item: &Item, labels: &[String], prediction: Option<usize>) -> Self {
        Self {
            key: item.key.clone(),
            group: item.group.clone(),
            language: item.language.clone(),
            prediction,
            predicted_label: prediction.map(|prediction| labels[prediction].clone()),
            gold: item.answer,
            gold_label: labels[item.answer].clone(),
            logprobs: Vec::new(),
            texts: None,
            answer_mass: None,
            argmax_token: NOT_KNOWN,
            argmax_text: String::new(),
            n_tokens: 0,
            reasoning: None,
            generated: None,
            orders: Vec::new(),
        }
    }

    /// Whether the prediction is the gold answer.
    #[must_use]
    pub fn correct(&self) -> bool {
        self.prediction == Some(self.gold)
    }

    /// What would be predicted if the likelihoods of the texts were divided by `normalize`; of equals the first. `None`
    /// under `labels`.
    #[must_use]
    pub fn prediction_by(&self, normalize: Normalize) -> Option<usize> {
        likeliest(&self.logprobs, self.texts.as_deref()?, normalize)
    }
}

impl TextLength {
    /// What a log-likelihood is divided by.
    #[must_use]
    pub fn divisor(self, normalize: Normalize) -> f64 {
        match normalize {
            Normalize::Sum => 1.0,
            Normalize::Token => f64::from(self.tokens),
            Normalize::Byte => f64::from(self.bytes),
            Normalize::Character => f64::from(self.characters),
        }
    }

    fn is_empty(self) -> bool {
        self.bytes == 0 || self.characters == 0
    }
}

/// The option whose text has the highest log-likelihood once divided by `normalize`; of equals the first. `None` without
/// options, and where a length is not known.
#[must_use]
pub fn likeliest(logprobs: &[f64], texts: &[TextLength], normalize: Normalize) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (option, (logprob, text)) in logprobs.iter().zip(texts).enumerate() {
        let divisor = text.divisor(normalize);
        if divisor == 0.0 {
            return None;
        }
        let score = logprob / divisor;
        if best.is_none_or(|(_, top)| score > top) {
            best = Some((option, score));
        }
    }
    best.map(|(option, _)| option)
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
    prediction: Option<Label>,
    gold: Label,
    correct: bool,
    logprobs: Vec<f64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    texts: Option<Vec<TextLength>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    answer_mass: Option<f64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    argmax: Option<Token>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    n_tokens: Option<u32>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    reasoning: Option<Written>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    generated: Option<Generated>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    orders: Vec<usize>,
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

/// What is left out is none; a `null` that is there is a fault.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
        let imported = self.argmax.is_none();
        if imported != self.n_tokens.is_none() {
            return Err("it has one of `argmax` and `n_tokens` without the other");
        }
        let predicted = self.prediction.as_ref().map(|label| label.index);
        if self.correct != (predicted == Some(self.gold.index)) {
            return Err("`correct` contradicts the prediction");
        }
        if let Some(Generated { extraction, .. }) = &self.generated {
            return match extraction.option == predicted {
                _ if labels > 0 || self.texts.is_some() || self.answer_mass.is_some() => Err("a text is not scored"),
                true => Ok(()),
                false => Err("the prediction is not what was found in the text"),
            };
        }
        if imported && labels == 0 && self.texts.is_none() && self.answer_mass.is_none() {
            return Ok(());
        }
        if predicted.is_none_or(|index| index >= labels) || self.gold.index >= labels {
            return Err("an index is beyond the labels");
        }
        if !self.orders.is_empty()
            && (self.orders.len() != labels || self.orders.iter().any(|&option| option >= labels))
        {
            return Err("`orders` are not one for each option");
        }
        match (&self.texts, self.answer_mass) {
            (None, Some(mass)) if (0.0..=1.0).contains(&mass) => Ok(()),
            (None, Some(_)) => Err("`answer_mass` is not a probability"),
            (Some(texts), None) if texts.len() != labels => Err("`texts` and `logprobs` differ in number"),
            (Some(texts), None) if texts.iter().any(|text| text.is_empty() || !imported && text.tokens == 0) => {
                Err("a text is empty")
            }
            (Some(_), None) => Ok(()),
            (Some(_), Some(_)) => Err("it has both `texts` and `answer_mass`"),
            (None, None) => Err("it has none of `texts`, `answer_mass` and `generated`"),
        }
    }
}

impl From<&Answer> for Line {
    fn from(answer: &Answer) -> Self {
        let asked = answer.argmax_token >= 0;
        Self {
            key: answer.key.clone(),
            group: answer.group.clone(),
            language: answer.language.clone(),
            prediction: answer
                .prediction
                .map(|index| Label { index, label: answer.predicted_label.clone().unwrap_or_default() }),
            gold: Label { index: answer.gold, label: answer.gold_label.clone() },
            correct: answer.correct(),
            logprobs: answer.logprobs.iter().map(|&logprob| twelve_digits(logprob)).collect(),
            texts: answer.texts.clone(),
            answer_mass: answer.answer_mass.map(twelve_digits),
            argmax: asked.then(|| Token { id: answer.argmax_token, text: answer.argmax_text.clone() }),
            n_tokens: asked.then_some(answer.n_tokens),
            reasoning: answer.reasoning.clone(),
            generated: answer.generated.clone(),
            orders: answer.orders.clone(),
        }
    }
}

impl From<Line> for Answer {
    fn from(line: Line) -> Self {
        Self {
            key: line.key,
            group: line.group,
            language: line.language,
            prediction: line.prediction.as_ref().map(|label| label.index),
            predicted_label: line.prediction.map(|label| label.label),
            gold: line.gold.index,
            gold_label: line.gold.label,
            logprobs: line.logprobs,
            texts: line.texts,
            answer_mass: line.answer_mass,
            argmax_token: line.argmax.as_ref().map_or(NOT_KNOWN, |token| token.id),
            argmax_text: line.argmax.map(|token| token.text).unwrap_or_default(),
            n_tokens: line.n_tokens.unwrap_or_default(),
            reasoning: line.reasoning,
            generated: line.generated,
            orders: line.orders,
        }
    }
}

/// A number as it is written: rounded to twelve significant digits.
#[must_use]
pub fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests;
