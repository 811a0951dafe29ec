//! The model that a worker keeps loaded from one stage to the next, with the adapter that is attached to it.

use super::super::{Desk, Trouble};
use std::path::Path;
use xlt_llama::{Backend, LlamaError, LoadOptions, Model};

/// A model and its adapter, each by the digest of its artifact.
#[derive(Default)]
pub(in crate::worker) struct Loaded(Option<Held>);

struct Held {
    blake3: String,
    model: Model,
    adapter: Option<String>,
}

impl Loaded {
    /// The model that is the stage's first input, loaded if it is not there already. `adapter`: the name of the one that is
    /// the second input, and is attached to it. Names are what errors call them by.
    pub(super) fn model(
        &mut self,
        desk: &Desk<'_>,
        backend: &Backend,
        path: &Path,
        name: &str,
        adapter: Option<&str>,
    ) -> Result<&Model, Trouble> {
        let blake3 = &desk.job.inputs[0].blake3;
        let held = match self.0.take().filter(|held| held.blake3 == *blake3) {
            Some(held) => held,
            None => {
                let model = Model::load(backend, path, &LoadOptions::default())
                    .map_err(|error| trouble(&format!("model `{name}`"), path, "the model's file", &error))?;
                Held { blake3: blake3.clone(), model, adapter: None }
            }
        };
        let held = self.0.insert(held);
        match adapter {
            Some(adapter) => held.attach(desk, name, adapter)?,
            None => held.detach(),
        }
        Ok(&held.model)
    }

    /// Lets go of the model's memory.
    pub(in crate::worker) fn clear(&mut self) {
        self.0 = None;
    }
}

impl Held {
    fn attach(&mut self, desk: &Desk<'_>, model: &str, adapter: &str) -> Result<(), Trouble> {
        let (Some(path), Some(input)) = (desk.inputs.get(1), desk.job.inputs.get(1)) else {
            return Err(Trouble::new("it needs an adapter"));
        };
        if self.adapter.as_ref() != Some(&input.blake3) {
            self.detach();
            let whose = format!("adapter `{adapter}` on model `{model}`");
            self.model.attach(path).map_err(|error| trouble(&whose, path, "the adapter's file", &error))?;
            self.adapter = Some(input.blake3.clone());
        }
        Ok(())
    }

    fn detach(&mut self) {
        self.model.detach();
        self.adapter = None;
    }
}

/// The path of an artifact says nothing to a user.
fn trouble(whose: &str, path: &Path, what: &str, error: &LlamaError) -> Trouble {
    Trouble::new(format!("{whose}: {}", error.to_string().replace(&path.display().to_string(), what)))
}
