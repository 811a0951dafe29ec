//! Models for commands that look at tokens.

use crate::failure::Failure;
use crate::term;
use std::path::{Path, PathBuf};
use xlt_llama::{Backend, LoadOptions, Model};

/// Keeps the model that was asked for last, which is often the next one asked for.
pub(crate) struct Loader {
    backend: Backend,
    loaded: Option<(PathBuf, Model)>,
}

impl Loader {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self { backend: backend()?, loaded: None })
    }

    /// The model in that file. `name` is what errors call it.
    pub(crate) fn model(&mut self, path: &Path, name: &str) -> Result<&Model, String> {
        if self.loaded.as_ref().is_none_or(|(loaded, _)| *loaded != path) {
            self.loaded = None;
            let model = Model::load(&self.backend, path, &LoadOptions::default()).map_err(|error| {
                // The path of an artifact says nothing to a user.
                let error = error.to_string().replace(&path.display().to_string(), "the model's file");
                format!("model `{name}`: {error}")
            })?;
            self.loaded = Some((path.to_owned(), model));
        }
        self.loaded.as_ref().map(|(_, model)| model).ok_or_else(|| format!("model `{name}` was not loaded"))
    }
}

/// Starts llama.cpp. What it logs is of no use here, but for its last words before it ends the process.
pub(crate) fn backend() -> Result<Backend, Failure> {
    let last_words = |line: &str| {
        if line.starts_with("llama.cpp gives up") {
            term::tell(&format!("error: {line}"));
        }
    };
    Backend::start(last_words).map_err(|error| Failure::sentence(error.to_string()))
}
