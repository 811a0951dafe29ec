//! The model that a worker keeps loaded from one stage to the next.

use super::super::{Desk, Trouble};
use std::path::Path;
use xlt_llama::{Backend, LoadOptions, Model};

/// A model, by the digest of its artifact.
#[derive(Default)]
pub(in crate::worker) struct Loaded(Option<(String, Model)>);

impl Loaded {
    /// The model that is the stage's first input, loaded if it is not there already. `name` is what errors call it.
    pub(super) fn model(
        &mut self,
        desk: &Desk<'_>,
        backend: &Backend,
        path: &Path,
        name: &str,
    ) -> Result<&Model, Trouble> {
        let blake3 = &desk.job.inputs[0].blake3;
        if self.0.as_ref().is_none_or(|(loaded, _)| loaded != blake3) {
            self.0 = None;
            let model = Model::load(backend, path, &LoadOptions::default()).map_err(|error| {
                // The path of an artifact says nothing to a user.
                let error = error.to_string().replace(&path.display().to_string(), "the model's file");
                Trouble::new(format!("model `{name}`: {error}"))
            })?;
            self.0 = Some((blake3.clone(), model));
        }
        match &self.0 {
            Some((_, model)) => Ok(model),
            None => Err(Trouble::new("no model was loaded")),
        }
    }

    /// Lets go of the model's memory.
    pub(in crate::worker) fn clear(&mut self) {
        self.0 = None;
    }
}
