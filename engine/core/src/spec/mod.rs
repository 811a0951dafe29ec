//! The spec: from TOML files to a checked [`Spec`].

mod types;
mod words;

pub use types::*;
