//! LoRA adapters as PEFT keeps them (Hugging Face's library, <https://github.com/huggingface/peft>): a folder with
//! `adapter_config.json` and `adapter_model.safetensors`, and matrices named and laid out as in transformers.
//!
//! What is learned is the same numbers; only names, the order of some rows and the stacking of experts differ. So nothing is
//! computed on the way, and an adapter that goes to PEFT and back has the same bits. A tensor for which there is no place on
//! the other side is an error that names it: an adapter of which a part is left out is another adapter.

mod config;
mod export;
mod import;
mod names;
mod rotary;
mod shape;
mod weights;

use std::collections::BTreeMap;
use std::fmt;

pub use config::AdapterConfig;
pub use export::to_peft;
pub use import::from_peft;
pub use names::modules;
pub use shape::ModelShape;

/// The file with what an adapter is.
pub const CONFIG_FILE: &str = "adapter_config.json";
/// The file with its matrices.
pub const WEIGHTS_FILE: &str = "adapter_model.safetensors";

/// What the two files of a PEFT adapter hold.
#[derive(Debug, Clone, PartialEq)]
pub struct PeftAdapter {
    /// What the adapter is.
    pub config: AdapterConfig,
    /// The matrices, by names such as `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
    pub tensors: BTreeMap<String, PeftTensor>,
}

/// Numbers with a shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct PeftTensor {
    /// Sizes, slowest dimension first.
    pub shape: Vec<usize>,
    /// As many numbers as the sizes' product.
    pub values: Vec<f32>,
}

/// Everything that keeps an adapter from going from one form to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeftError {
    /// A sentence each.
    pub faults: Vec<String>,
}

impl fmt::Display for PeftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.faults.join("\n"))
    }
}

impl std::error::Error for PeftError {}

impl PeftAdapter {
    /// Reads the two files; matrices may be of F32, F16 or BF16.
    ///
    /// # Errors
    /// Where one is not of its format. What the adapter is, [`from_peft`] looks at.
    pub fn read(config: &str, weights: &[u8]) -> Result<Self, PeftError> {
        match (AdapterConfig::read(config), weights::read(weights)) {
            (Ok(config), Ok(tensors)) => Ok(Self { config, tensors }),
            (config, tensors) => {
                let config = config.err().map(|fault| format!("{CONFIG_FILE} cannot be read: {fault}"));
                let tensors = tensors.err().map(|fault| format!("{WEIGHTS_FILE} cannot be read: {fault}"));
                Err(PeftError { faults: config.into_iter().chain(tensors).collect() })
            }
        }
    }

    /// The text of `adapter_config.json`.
    #[must_use]
    pub fn config_text(&self) -> String {
        self.config.text()
    }

    /// The bytes of `adapter_model.safetensors`, in F32: the same adapter makes the same bytes.
    ///
    /// # Errors
    /// Where a tensor's numbers are not as many as its shape says.
    pub fn weights_bytes(&self) -> Result<Vec<u8>, PeftError> {
        weights::write(&self.tensors).map_err(|fault| PeftError { faults: vec![fault] })
    }
}

/// A matrix with rows of `width` numbers, its rows made columns.
fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| values.iter().skip(column).step_by(width)).copied().collect()
}

#[cfg(test)]
mod tests;
