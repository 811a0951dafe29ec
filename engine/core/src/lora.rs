//! A LoRA adapter (Hu et al. 2021) in memory: what training makes, a GGUF file holds, and PEFT reads.

mod faults;
mod fits;
mod kinds;
mod product;

pub use kinds::{Difference, Kind, KindDifference, difference, kinds};

/// `W x` becomes `W x + alpha / rank · B (A x)` for every matrix that has a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Lora {
    /// `general.architecture` of the model that it is for: `llama`, `qwen3`, ...
    pub architecture: String,
    /// Numerator of the scale; the denominator is each pair's rank.
    pub alpha: f32,
    /// The pairs, in the order of their files: sorted by layer and name where xlt made them.
    pub pairs: Vec<Pair>,
}

/// The two matrices that change one weight. All values are row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The weight's name in the model's GGUF file: `blk.0.attn_q.weight`.
    pub tensor: String,
    /// Shape of the two.
    pub shape: PairShape,
    /// `A`, of shape `[experts, rank, inputs]`.
    pub a: Vec<f32>,
    /// `B`, of shape `[experts, outputs, rank]`.
    pub b: Vec<f32>,
}

/// Sizes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairShape {
    /// How many matrices of their own the weight stacks, one for each expert; 1 for an ordinary weight.
    pub experts: usize,
    /// Inner dimension.
    pub rank: usize,
    /// Length of what the weight is multiplied with.
    pub inputs: usize,
    /// Length of the product.
    pub outputs: usize,
}

impl Lora {
    /// How many numbers it has learned.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.pairs.iter().map(|pair| pair.a.len() + pair.b.len()).sum()
    }
}
