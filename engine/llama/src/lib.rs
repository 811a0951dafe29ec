//! llama.cpp behind a small, safe interface. The only crate of xlt with unsafe code.
//!
//! [`Backend`] proves that llama.cpp is initialised, [`Model`] is a loaded GGUF file with its vocabulary, [`Context`]
//! turns tokens into logits. What this crate does not know: prompts, items, scores, stages, the cache.
//!
//! llama.cpp aborts the process where it finds its own assumptions broken, and a kernel can kill it. What can be seen
//! beforehand becomes a [`LlamaError`]; for the rest, use this crate in a process whose death is survived.

mod backend;
mod context;
mod error;
mod gguf;
mod log;
mod model;
mod tokenize;

pub mod tiny;

pub use backend::{Backend, build_info, kernel_class};
pub use context::{Context, ContextOptions};
pub use error::LlamaError;
pub use model::{LoadOptions, Model, Token};
