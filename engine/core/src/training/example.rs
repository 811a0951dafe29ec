//! One thing to learn.

/// A row as tokens: a prompt with its answer behind it, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Key of the question.
    pub key: String,
    /// Language code.
    pub language: String,
    /// The prompt, the answer, and what ends it.
    pub tokens: Vec<i32>,
    /// How many of the last tokens the loss asks for. The first token of all is never asked for: nothing stands before it.
    pub answered: usize,
}

impl Example {
    /// Places of the tokens that the loss asks for.
    pub(super) fn asked(&self) -> std::ops::Range<usize> {
        let length = self.tokens.len();
        length.saturating_sub(self.answered).max(1).min(length)..length
    }
}
