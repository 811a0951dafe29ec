//! The model that a worker keeps loaded from one stage to the next, with the adapter that is attached to it.

use super::{Desk, Trouble};
use std::path::Path;
use xlt_core::plan::{EvaluateCell, EvaluateWork};
use xlt_llama::{Backend, LlamaError, LoadOptions, Model};

/// A model and its adapter, each by the digest of its artifact.
#[derive(Default)]
pub(super) struct Loaded(Option<Held>);

struct Held {
    blake3: String,
    /// How it was loaded.
    options: LoadOptions,
    model: Model,
    adapter: Option<String>,
}

impl Loaded {
    /// The model that is the stage's first input, loaded if it is not there already. If the evaluation names an adapter, the
    /// stage's second input is attached to it.
    pub(super) fn model(
        &mut self,
        desk: &Desk<'_>,
        backend: &Backend,
        path: &Path,
        work: &EvaluateWork,
        options: LoadOptions,
    ) -> Result<&Model, Trouble> {
        let held = self.held(desk, backend, path, &work.cell.model, options)?;
        match &work.adapter {
            Some(name) => held.attach(desk, name, &work.cell)?,
            None => held.detach(),
        }
        Ok(&held.model)
    }

    /// The same without any adapter. `name`: the model's, for messages.
    pub(super) fn base(
        &mut self,
        desk: &Desk<'_>,
        backend: &Backend,
        path: &Path,
        name: &str,
        options: LoadOptions,
    ) -> Result<&Model, Trouble> {
        let held = self.held(desk, backend, path, name, options)?;
        held.detach();
        Ok(&held.model)
    }

    fn held(
        &mut self,
        desk: &Desk<'_>,
        backend: &Backend,
        path: &Path,
        name: &str,
        options: LoadOptions,
    ) -> Result<&mut Held, Trouble> {
        let blake3 = &desk.job.inputs[0].blake3;
        // Another model is let go of before this one is loaded.
        let held = match self.0.take().filter(|held| held.blake3 == *blake3 && held.options == options) {
            Some(held) => held,
            None => {
                let model = Model::load(backend, path, &options).map_err(|error| of_model(name, path, &error))?;
                Held { blake3: blake3.clone(), options, model, adapter: None }
            }
        };
        Ok(self.0.insert(held))
    }

    /// Lets go of the model's memory.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

impl Held {
    fn attach(&mut self, desk: &Desk<'_>, name: &str, cell: &EvaluateCell) -> Result<(), Trouble> {
        let (Some(path), Some(input)) = (desk.inputs.get(1), desk.job.inputs.get(1)) else {
            return Err(Trouble::new("it needs an adapter"));
        };
        if self.adapter.as_ref() != Some(&input.blake3) {
            self.detach();
            let seed = cell.seed.map(|seed| format!(", seed {seed},")).unwrap_or_default();
            let whose = format!("adapter `{name}`{seed} on model `{}`", cell.model);
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

/// Why a model cannot be used.
pub(super) fn of_model(name: &str, path: &Path, error: &LlamaError) -> Trouble {
    trouble(&format!("model `{name}`"), path, "the model's file", error)
}

/// The path of an artifact says nothing to a user.
fn trouble(whose: &str, path: &Path, what: &str, error: &LlamaError) -> Trouble {
    Trouble::new(format!("{whose}: {}", error.to_string().replace(&path.display().to_string(), what)))
}
