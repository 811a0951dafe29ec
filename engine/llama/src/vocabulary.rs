//! A model's vocabulary without its weights.

use std::path::Path;

use crate::{Backend, LlamaError, Model, Token};

/// The vocabulary of a GGUF file. Only its words are in memory, so it cannot get a [`Context`](crate::Context); a file that
/// holds nothing else will do.
#[derive(Debug)]
pub struct Vocabulary(Model);

impl Vocabulary {
    /// Loads the vocabulary of the model at `path`; of a split model, of its first part.
    pub fn load(backend: &Backend, path: &Path) -> Result<Self, LlamaError> {
        Ok(Self(Model::load_vocabulary(backend, path)?))
    }

    /// The same as a model, which makes tokens of whole prompts and computes nothing: a context of it is refused.
    #[must_use]
    pub fn without_weights(&self) -> &Model {
        &self.0
    }

    /// Tokens of a text by itself, as [`Model::tokenize`] makes them.
    pub fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>, LlamaError> {
        self.0.tokenize(text, special)
    }

    /// The token with this number.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<Token> {
        self.0.token(id)
    }

    /// What a token adds to a text, as [`Model::token_text`] says it.
    #[must_use]
    pub fn text(&self, token: Token) -> String {
        self.0.token_text(token)
    }

    /// How the vocabulary writes a token: `Ġthe` or `▁the` where the text is ` the`. A token of another model is not written.
    #[must_use]
    pub fn written(&self, token: Token) -> Option<String> {
        self.0.known(token.0).and_then(|token| self.0.vocabulary_text(token))
    }
}
