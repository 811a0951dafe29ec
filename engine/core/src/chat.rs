//! The chat format: a model's own `tokenizer.chat_template` around the prompt.
//!
//! Rendered as Hugging Face renders it, with a fixed date and fixed variables, so that a prompt's tokens depend on the
//! spec and the model alone. What comes from the data is kept apart from what comes from the template: a passage that
//! happens to contain `<|im_end|>` must stay a text and never become the end of a turn.

mod bounds;
pub mod channel;
mod date;
mod json;
mod moment;
mod segment;
mod template;
pub mod vectors;

pub use date::Date;
pub use segment::Segment;

use std::collections::BTreeMap;

/// Everything a chat template sees.
#[derive(Debug, Clone)]
pub struct ChatInput<'a> {
    /// The turns, oldest first.
    pub messages: &'a [Message],
    /// Whether the template opens the assistant's turn at the end.
    pub add_generation_prompt: bool,
    /// Text of the token that begins a sequence; empty where the model has none.
    pub bos: &'a str,
    /// Text of the token that ends a sequence; empty where the model has none.
    pub eos: &'a str,
    /// Further variables, e.g. `enable_thinking`.
    pub variables: &'a BTreeMap<String, Variable>,
    /// What templates that ask for today's date are told.
    pub date: Date,
    /// Assistant prefill before the answer, e.g. `<|channel|>final<|message|>`.
    pub slot: Option<&'a str>,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions before the conversation.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// Value of a template's variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// True or false.
    Flag(bool),
    /// A text.
    Text(String),
}

/// Why a chat template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The template is not well formed.
    #[error("the model's chat template, line {line}: {message}; use another GGUF of the model, or `chat = \"none\"`")]
    Syntax {
        /// Line of the template, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// The template itself refuses the conversation.
    #[error("the model's chat template refuses the prompt: {message}; write a prompt that it accepts{}", hint(.message))]
    Raised {
        /// The template's words.
        message: String,
    },
    /// The template fails.
    #[error(
        "the model's chat template fails in line {line}: {message}; use another GGUF of the model, or `chat = \"none\"`"
    )]
    Failed {
        /// Line of the template, from 1.
        line: usize,
        /// The engine's words.
        message: String,
    },
    /// The template runs on and on.
    #[error(
        "the model's chat template does not come to an end, and was stopped at many times the work of those in use; use another GGUF of the model, or `chat = \"none\"`"
    )]
    Endless,
    /// The template leaves a message out.
    #[error("the model's chat template leaves out the {role} message; {}", instead(role))]
    Dropped {
        /// Whose message.
        role: &'static str,
    },
    /// The template changes a message's text so that it cannot be told from the template's own.
    #[error(
        "the model's chat template changes the text of the {role} message, so that data cannot be told from control tokens; use `chat = \"none\"`, or another GGUF of the model"
    )]
    Inseparable {
        /// Whose message.
        role: &'static str,
    },
}

/// What to do where a template leaves that message out.
fn instead(role: &str) -> &'static str {
    if role == Role::System.name() {
        "move its text into `prompt.body`"
    } else {
        "use another GGUF of the model, or `chat = \"none\"`"
    }
}

impl Role {
    /// The name that templates know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// The variables of a study's own prompts: the switches that turn a model's reasoning off.
#[must_use]
pub fn without_thinking() -> BTreeMap<String, Variable> {
    ["enable_thinking", "thinking"].map(|name| (name.to_owned(), Variable::Flag(false))).into()
}

/// The conversation in the model's chat format, then the slot; joined, the segments are the whole prompt.
///
/// Tokenize it without adding a first token: the template writes `bos` where the model wants it.
///
/// # Errors
/// [`ChatError`]: the template fails or refuses, drops a message, or hides which text is data.
pub fn render(template: &str, input: &ChatInput<'_>) -> Result<Vec<Segment>, ChatError> {
    let contents: Vec<&str> = input.messages.iter().map(|message| message.content.as_str()).collect();
    let whole = template::run(template, input, &contents)?;
    let marks = segment::marks(template, &contents);
    let marked = template::run(template, input, &marks.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    for (message, mark) in input.messages.iter().zip(&marks) {
        let content = message.content.trim();
        let kept = whole.contains(content) || marked.as_ref().is_some_and(|marked| marked.contains(mark));
        if !kept {
            return Err(ChatError::Dropped { role: message.role.name() });
        }
    }
    let mut segments = match marked.and_then(|marked| segment::compare(&whole, &marked, &marks, &contents)) {
        Some(segments) => segments,
        None => segment::locate(&whole, &contents)
            .map_err(|index| ChatError::Inseparable { role: input.messages[index].role.name() })?,
    };
    segment::push(&mut segments, input.slot.unwrap_or_default(), false);
    Ok(segments)
}

/// The conversation without any chat format: `bos`, the messages with a blank line between them, the slot.
#[must_use]
pub fn plain(input: &ChatInput<'_>) -> Vec<Segment> {
    let contents: Vec<&str> = input.messages.iter().map(|message| message.content.as_str()).collect();
    let mut segments = Vec::new();
    segment::push(&mut segments, input.bos, false);
    segment::push(&mut segments, &contents.join("\n\n"), true);
    segment::push(&mut segments, input.slot.unwrap_or_default(), false);
    segments
}

fn hint(message: &str) -> &'static str {
    if message.to_lowercase().contains("system") { " (leave out `prompt.system`)" } else { "" }
}

#[cfg(test)]
mod tests;
