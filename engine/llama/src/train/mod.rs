//! Fine-tuning: LoRA on a model that stays as it is, quantized or not, inside llama.cpp.
//!
//! The [forward](forward) graph is llama.cpp's own, [rewritten](rewrite) where that makes it differentiable or faster; the
//! [backward](backward) graph is ours, made by a [rule](rules) for each operation. A [`Trainer`] puts both together with the
//! [loss](loss) and the [optimizer](optimizer).

mod arena;
mod backward;
mod calibrate;
mod dropout;
mod forward;
mod gelu;
mod kernels;
mod linear;
mod loss;
mod machine;
mod optimizer;
mod profile;
mod rewrite;
mod rules;
mod tensor;
mod trainer;
mod transposes;

pub use calibrate::{calibrate, matrix_rate};
pub use optimizer::AdamW;
pub use profile::Share;
pub use trainer::{Checkpoint, Layout, Portable, TRAINABLE, TrainOptions, Trainer};
