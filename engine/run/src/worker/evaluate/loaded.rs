//! The model that a worker keeps loaded from one stage to the next.

use super::super::{Desk, Trouble};
use std::path::Path;
use std::sync::{Arc, Mutex};
use xlt_llama::{Backend, LlamaError, LoadOptions, Model};

/// llama.cpp and a model.
#[derive(Default)]
pub(in crate::worker) struct Loaded(Option<(String, Backend, Model)>);

impl Loaded {
    /// The model that is the stage's first input, loaded if it is not there already, and what computes it. `name` is what
    /// errors call it.
    pub(super) fn model(&mut self, desk: &Desk<'_>, path: &Path, name: &str) -> Result<(&Backend, &Model), Trouble> {
        let blake3 = &desk.job.inputs[0].blake3;
        if self.0.as_ref().is_none_or(|(loaded, ..)| loaded != blake3) {
            self.0 = None;
            let loaded =
                start(desk).and_then(|backend| Ok((backend, Model::load(&backend, path, &LoadOptions::default())?)));
            let (backend, model) = loaded.map_err(|error| {
                // The path of an artifact says nothing to a user.
                let error = error.to_string().replace(&path.display().to_string(), "the model's file");
                Trouble::new(format!("model `{name}`: {error}"))
            })?;
            self.0 = Some((blake3.clone(), backend, model));
        }
        match &self.0 {
            Some((_, backend, model)) => Ok((backend, model)),
            None => Err(Trouble::new("no model was loaded")),
        }
    }

    /// Lets go of the model's memory.
    pub(in crate::worker) fn clear(&mut self) {
        self.0 = None;
    }
}

/// Starts llama.cpp; what it says goes to the stage's log, and to standard error, by which the engine learns what it said
/// last before it aborted.
pub(in crate::worker) fn start(desk: &Desk<'_>) -> Result<Backend, LlamaError> {
    let lines = Arc::new(Mutex::new(Some(Vec::new())));
    let heard = Arc::clone(&lines);
    let backend = Backend::start(move |line| {
        if let Ok(mut lines) = heard.lock()
            && let Some(lines) = lines.as_mut()
        {
            lines.push(line.to_owned());
        }
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
    });
    if let Ok(mut lines) = lines.lock() {
        lines.take().into_iter().flatten().for_each(|line: String| desk.log.say(&line));
    }
    backend
}
