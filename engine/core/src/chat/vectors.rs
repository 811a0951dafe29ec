//! Vectors: conversations with what Hugging Face renders from them, to try this renderer with.
//!
//! A file has one JSON object a line. Knows nothing of files: takes the text of the vectors, and that of a template.

mod difference;

pub use difference::Difference;

use super::ChatError;
use super::moment::Moment;
use super::template::{self, Scene};
use minijinja::Value;
use serde::Deserialize;
use serde_json::Map;
use std::fmt;

/// A conversation in a template's format.
#[derive(Debug, Clone)]
pub struct Vector {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Name of the template.
    pub template: String,
    /// Name of the conversation.
    pub case: String,
    /// What must come of it.
    pub expected: Expected,
    scene: Scene,
}

/// What must come of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This prompt.
    Prompt(String),
    /// The template's own words, given to `raise_exception`.
    Raised(String),
    /// Another failure. Python's words for it, e.g. `UndefinedError: ...`, are not minijinja's, and are not compared.
    Failed(String),
}

/// Why a file of vectors cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// A line is no vector.
    #[error(
        "line {line}: {message}; each line is an object with `template`, `case`, `messages`, `add_generation_prompt`, `variables`, `bos_token`, `eos_token`, `now`, and `rendered` or `error`"
    )]
    Line {
        /// Which one, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// There is none.
    #[error("it has no vectors; write at least one line")]
    Empty,
}

/// How a rendering is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another prompt.
    #[error("{0}")]
    Prompt(Difference),
    /// A prompt, though the template should refuse.
    #[error("expected {expected}; got a prompt that ends {}", difference::end(.got))]
    Accepted {
        /// What should have happened.
        expected: Expected,
        /// The prompt.
        got: String,
    },
    /// Another error, or one in place of a prompt.
    #[error("expected {expected}; got {}", outcome(.got))]
    Error {
        /// What should have happened.
        expected: Expected,
        /// What did.
        got: ChatError,
    },
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Row {
    template: String,
    case: String,
    messages: Vec<serde_json::Value>,
    add_generation_prompt: bool,
    variables: Map<String, serde_json::Value>,
    /// `null` where the tokenizer has none; to the template it is not defined then.
    bos_token: Option<String>,
    eos_token: Option<String>,
    now: String,
    rendered: Option<String>,
    error: Option<String>,
}

/// Reads a file of vectors; blank lines are passed over.
///
/// # Errors
/// [`VectorError`]: the first line that is no vector, or there is none.
pub fn read(text: &str) -> Result<Vec<Vector>, VectorError> {
    let lines = (1..).zip(text.trim_start_matches('\u{FEFF}').lines()).filter(|(_, text)| !text.trim().is_empty());
    let vectors = lines.map(|(line, text)| vector(line, text).map_err(|message| VectorError::Line { line, message }));
    let vectors: Vec<Vector> = vectors.collect::<Result<_, _>>()?;
    if vectors.is_empty() { Err(VectorError::Empty) } else { Ok(vectors) }
}

fn vector(line: usize, text: &str) -> Result<Vector, String> {
    let row: Row = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let now = Moment::parse(&row.now)
        .ok_or_else(|| format!("`now` is `{}`, and should be as in `2026-01-15T12:00:00`", row.now))?;
    let expected = match (row.rendered, row.error) {
        (Some(prompt), None) => Expected::Prompt(prompt),
        (None, Some(error)) => Expected::error(error),
        (Some(_), Some(_)) => return Err("it has both `rendered` and `error`; one must be null".to_owned()),
        (None, None) => return Err("both `rendered` and `error` are null".to_owned()),
    };
    let messages: Vec<Value> = row.messages.iter().map(value).collect();
    let mut scene = Scene::new(messages, row.add_generation_prompt, now);
    let tokens = [("bos_token", row.bos_token), ("eos_token", row.eos_token)];
    for (name, token) in tokens.into_iter().filter_map(|(name, token)| Some((name, token?))) {
        scene = scene.with(name, token);
    }
    for (name, given) in &row.variables {
        scene = scene.with(name, value(given));
    }
    Ok(Vector { line, template: row.template, case: row.case, expected, scene })
}

/// JSON as a template sees it.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(value).collect(),
        serde_json::Value::Object(pairs) => {
            Value::from_pairs(pairs.iter().map(|(name, given)| (name.as_str(), value(given))))
        }
    }
}

impl Vector {
    /// Renders the conversation with the template's text.
    ///
    /// # Errors
    /// [`Mismatch`]: what comes of it is not what must.
    pub fn check(&self, template: &str) -> Result<(), Mismatch> {
        let expected = || self.expected.clone();
        match (&self.expected, template::render(template, &self.scene)) {
            (Expected::Prompt(expected), Ok(got)) => {
                Difference::first(expected, &got).map_or(Ok(()), |difference| Err(Mismatch::Prompt(difference)))
            }
            (_, Ok(got)) => Err(Mismatch::Accepted { expected: expected(), got }),
            (Expected::Raised(words), Err(ChatError::Raised { message })) if *words == message => Ok(()),
            (Expected::Failed(_), Err(ChatError::Failed { .. } | ChatError::Syntax { .. })) => Ok(()),
            (_, Err(got)) => Err(Mismatch::Error { expected: expected(), got }),
        }
    }
}

impl Expected {
    /// From Python's `KIND: words`, where `TemplateError` is what `raise_exception` raises, or from the words alone.
    fn error(text: String) -> Self {
        match text.split_once(": ") {
            Some(("TemplateError", words)) => Self::Raised(words.to_owned()),
            Some((kind, _)) if kind.ends_with("Error") && kind.chars().all(char::is_alphanumeric) => Self::Failed(text),
            _ => Self::Raised(text),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(prompt) => write!(f, "a prompt that ends {}", difference::end(prompt)),
            Self::Raised(words) => write!(f, "that the template raises {words:?}"),
            Self::Failed(words) => write!(f, "that the template fails, in Python with {words:?}"),
        }
    }
}

fn outcome(error: &ChatError) -> String {
    match error {
        ChatError::Raised { message } => format!("that it raises {message:?}"),
        other => format!("an error: {other}"),
    }
}

#[cfg(test)]
mod tests;
