//! The spec: from TOML texts to a checked [`Spec`].
//!
//! `layers` reads the texts and lays them over one another, `check` compares the result with the `grammar`, `resolve`
//! fills in and follows references. Each of them reports all that it finds and goes on.

mod adapter;
mod check;
mod error;
mod grammar;
pub mod languages;
mod layers;
mod made;
pub mod placeholder;
mod preset;
mod quantization;
#[cfg(test)]
mod reference;
mod resolve;
mod schema;
mod shape;
mod suggest;
mod task;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod types;
mod words;

pub use adapter::{
    ALL_LINEAR, ATTENTION, Adapter, AdapterOrigin, Base, Gold, Length, Lesson, Lora, Match, Optimizer, Pace, Schedule,
    TrainOn, Training,
};
pub use error::{SpecError, SpecErrors};
pub use made::{MODEL_AXIS, ModelFile, SEED_AXIS, StageOutput};
pub(crate) use quantization::{TYPES, type_in_name};
pub use schema::schema;
pub use suggest::nearest;
pub use types::*;

/// What to load.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Path of the spec, as the user typed it.
    pub path: &'a str,
    /// Profile to lay over it.
    pub profile: Option<&'a str>,
    /// Single settings to lay over both, each `a.b.c=value`.
    pub set: &'a [String],
}

/// Loads a spec. `read` gives the text at a path, or a sentence why not; it is the only door to files.
///
/// # Errors
/// Everything that is wrong with the spec, at once.
pub fn load(request: &Request<'_>, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Spec, SpecErrors> {
    let mut texts = text::Texts::default();
    let mut faults = error::Faults::default();
    let spec = layers::assemble(request, read, &mut texts, &mut faults)
        .map(|layers| resolve::resolve(layers, request.path, &texts, &mut faults));
    match spec {
        Some(spec) if faults.is_empty() => Ok(spec),
        _ => Err(faults.finish(request.path, &texts)),
    }
}
