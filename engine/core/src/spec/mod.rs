//! The spec: from TOML files to a checked [`Spec`].

mod types;

pub use types::*;
