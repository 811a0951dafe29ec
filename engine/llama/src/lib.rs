//! llama.cpp behind a small, safe interface. The only crate of xlt with unsafe code.
//!
//! [`Backend`] proves that llama.cpp is initialised, [`Model`] is a loaded GGUF file with its vocabulary, [`Context`]
//! turns tokens into logits. [`quantize`](fn@quantize) writes a model in fewer bits. What this crate does not know: prompts,
//! items, scores, stages, the cache.
//!
//! llama.cpp aborts the process where it finds its own assumptions broken, and a kernel can kill it. What can be seen
//! beforehand becomes a [`LlamaError`]; for the rest, use this crate in a process whose death is survived.

mod adapter;
mod backend;
mod context;
mod devices;
mod dimensions;
mod error;
mod file_type;
mod gguf;
mod kernels;
mod log;
mod lora;
mod merge;
mod model;
mod quantize;
mod saved;
mod shape;
mod tokenize;
mod train;
mod unfinished;
mod vocabulary;

pub mod tiny;

pub use backend::{Backend, backends_folder, build_info, gpu_modules, why_not_loaded};
pub use context::{Context, ContextOptions, KvType, Piece};
pub use devices::{Device, DeviceKind, devices};
pub use dimensions::{dimensions, parts};
pub use error::LlamaError;
pub use file_type::{file_type_name, quantizes_to};
pub use kernels::{cpu_features, kernel_class};
pub use lora::{read_lora, write_lora};
pub use merge::merge;
pub use model::{LoadOptions, Model, Token};
pub use quantize::{QuantizeOptions, quantize};
pub use saved::Saved;
pub use shape::{model_shape, trained_context};
pub use train::{AdamW, Checkpoint, Layout, Portable, Share, TRAINABLE, TrainOptions, Trainer, calibrate, matrix_rate};
pub use vocabulary::Vocabulary;
