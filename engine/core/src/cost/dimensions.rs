//! How large a model is, and what follows from that.

use crate::spec::{ATTENTION, Lora};
use serde::{Deserialize, Serialize};

/// How large a model is. A model's header says it; before that, a lock may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimensions {
    /// Weights in all.
    pub parameters: u64,
    /// Weights that a token meets, where they are fewer: in a mixture of experts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<u64>,
    /// Layers.
    pub layers: u32,
    /// Numbers of a token between layers.
    pub width: u32,
    /// Numbers of a token's queries in a layer: heads times head size.
    pub attention: u32,
    /// Numbers that the KV cache keeps of a token in a layer.
    pub cache: u32,
    /// Numbers of a token inside the feed-forward part, of all experts that it meets.
    pub feed_forward: u32,
    /// Words of the vocabulary.
    pub vocabulary: u32,
}

impl Dimensions {
    /// Weights that a token is multiplied with. Its word is looked up, not multiplied, and only where an answer is asked for does it
    /// meet those that make it a word again.
    #[must_use]
    pub fn multiplied(&self) -> f64 {
        let words = f64::from(self.vocabulary) * f64::from(self.width);
        (self.active.unwrap_or(self.parameters) as f64 - words).max(0.0)
    }

    /// Bytes of a file of that llama.cpp type.
    #[must_use]
    pub fn bytes(&self, kind: &str) -> f64 {
        self.parameters as f64 * bits(kind) / 8.0
    }

    /// Weights of an adapter: rank times inputs and outputs of every matrix that it adapts. Experts are taken to be frozen.
    #[must_use]
    pub fn adapter(&self, lora: &Lora) -> f64 {
        let [width, attention, cache, feed_forward] =
            [self.width, self.attention, self.cache, self.feed_forward].map(f64::from);
        let of_attention = 2.0 * (width + attention) + 2.0 * (width + cache / 2.0);
        let experts = self.active.is_some_and(|active| active < self.parameters);
        let attention_alone = experts || lora.targets.iter().any(|target| target == ATTENTION);
        let of_layer = of_attention + if attention_alone { 0.0 } else { 3.0 * (width + feed_forward) };
        f64::from(lora.rank) * f64::from(self.layers) * of_layer
    }

    /// A dense model of so many weights, in the proportions of common ones: twelve times layers times width squared, a layer for
    /// each 80 of its width, a quarter as many heads in the cache.
    pub(super) fn dense(parameters: f64) -> Self {
        let width = (parameters * 80.0 / 12.0).cbrt();
        let whole = |number: f64| number.round() as u32;
        Self {
            parameters: parameters as u64,
            active: None,
            layers: whole(width / 80.0).max(1),
            width: whole(width),
            attention: whole(width),
            cache: whole(width / 2.0),
            feed_forward: whole(3.0 * width),
            vocabulary: 128_000,
        }
    }
}

/// Bits that a weight takes in a file of that llama.cpp type, on average: what `llama-quantize --help` states for models of 8 B,
/// and the block sizes of ggml for the plain types.
#[must_use]
pub fn bits(kind: &str) -> f64 {
    match kind {
        "F32" => 32.0,
        "F16" | "BF16" => 16.0,
        "Q8_0" => 8.5,
        "Q6_K" => 6.56,
        "Q5_K_M" => 5.70,
        "Q5_K_S" => 5.54,
        "Q5_1" => 6.0,
        "Q5_0" => 5.5,
        "Q4_K_M" => 4.85,
        "Q4_K_S" => 4.60,
        "Q4_1" => 5.0,
        "Q4_0" | "NVFP4" | "IQ4_NL" => 4.5,
        "IQ4_XS" | "MXFP4_MOE" => 4.25,
        "Q3_K_L" => 4.27,
        "Q3_K_M" => 3.91,
        "Q3_K_S" => 3.50,
        "IQ3_M" => 3.66,
        "IQ3_S" => 3.44,
        "IQ3_XS" => 3.30,
        "IQ3_XXS" => 3.06,
        "Q2_K" => 2.96,
        "Q2_K_S" => 2.80,
        "IQ2_M" => 2.70,
        "IQ2_S" => 2.50,
        "IQ2_XS" => 2.31,
        "IQ2_XXS" | "TQ2_0" => 2.06,
        "Q2_0" => 2.25,
        "IQ1_M" => 1.75,
        "TQ1_0" => 1.69,
        "IQ1_S" => 1.56,
        _ => 1.125,
    }
}
