//! A LoRA adapter with random weights for the tiny model.

use std::io;
use std::path::Path;

use super::{Architecture, Random, TinyModel, weights};
use crate::gguf::writer::Writer;

/// What the adapter is made of. It changes every matrix of every layer, and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TinyAdapter {
    /// Decides the weights.
    pub seed: u64,
    /// Inner dimension of every pair.
    pub rank: usize,
    /// The architecture that it says it is for.
    pub architecture: &'static str,
    /// A vector of the model that it changes, too, which llama.cpp takes and ignores: `output_norm.weight`.
    pub vector: Option<&'static str>,
}

impl Default for TinyAdapter {
    fn default() -> Self {
        Self { seed: 0, rank: 4, architecture: "llama", vector: None }
    }
}

/// `A` and `B` of one matrix, fastest dimension first: `[inputs, rank]` and `[rank, outputs]`.
struct Pair {
    a: Vec<f32>,
    b: Vec<f32>,
}

impl TinyAdapter {
    /// Writes the adapter to a file.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.bytes())
    }

    /// The adapter as a GGUF file in memory.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.text("general.type", "adapter");
        writer.text("general.architecture", self.architecture);
        writer.text("adapter.type", "lora");
        writer.real("adapter.lora.alpha", self.alpha());
        let vocabulary = TinyModel::default().tokens().len();
        weights(Architecture::Llama, vocabulary, &mut Random(0), &mut |name, shape, _| {
            if let Some(pair) = self.pair(name, shape) {
                let (inputs, outputs) = (shape[0], shape.get(1).copied().unwrap_or(1));
                writer.tensor(&format!("{name}.lora_a"), &[inputs, self.rank], pair.a);
                writer.tensor(&format!("{name}.lora_b"), &[self.rank, outputs], pair.b);
            }
        });
        writer.into_bytes()
    }

    /// The model with what the adapter learned added to its weights: `W + alpha / rank · B A`.
    #[must_use]
    pub fn merged(&self, model: &TinyModel) -> Vec<u8> {
        let scale = self.alpha() / self.rank as f32;
        model.bytes_with(|name, shape, mut values| {
            let Some(Pair { a, b }) = self.pair(name, shape) else { return values };
            for (at, value) in values.iter_mut().enumerate() {
                let (output, input) = (at / shape[0], at % shape[0]);
                let sum: f32 = (0..self.rank).map(|r| b[output * self.rank + r] * a[r * shape[0] + input]).sum();
                *value += scale * sum;
            }
            values
        })
    }

    /// Numerator of the scale, which is not the rank: so that the scale counts.
    fn alpha(&self) -> f32 {
        self.rank as f32 / 2.0
    }

    /// The pair for a matrix, or for the vector that is asked for. Its seed is made of the name's bytes.
    fn pair(&self, name: &str, shape: &[usize]) -> Option<Pair> {
        let is_matrix = shape.len() == 2 && name != "token_embd.weight";
        if !is_matrix && self.vector != Some(name) {
            return None;
        }
        let seed = name.bytes().fold(self.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let mut random = Random(seed);
        let (inputs, outputs) = (shape[0], shape.get(1).copied().unwrap_or(1));
        let a = random.spread(inputs).take(inputs * self.rank).collect();
        let b = random.spread(self.rank).take(self.rank * outputs).collect();
        Some(Pair { a, b })
    }
}
