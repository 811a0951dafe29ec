//! How many layers of a model fit on GPUs.
//!
//! llama.cpp puts the last layers there, and behind them what makes words of their result, which it counts as one layer more; the
//! first layers and the embedding stay with the processor. A layer's part of the KV cache lies where the layer does.

use crate::cost::Dimensions;
use crate::gguf::Header;

/// Bytes of logits and attention scores that a call of evaluation may take (`docs/ARCHITECTURE.md`, Units).
const CALL: u64 = 192 << 20;
/// Tokens of such a call.
const TOKENS: u64 = 512;
/// Bytes of an F32.
const REAL: u64 = 4;
/// What a driver and its libraries take of each GPU for a process: their code, and room to work in.
const DRIVER: u64 = 512 << 20;
/// Of a GPU's memory, what a training is given at least for what is beside weights: one part of so many.
const TRAINING: u64 = 4;

/// Bytes of a model's weights, by where llama.cpp puts them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// Of each layer.
    pub layers: Vec<u64>,
    /// Of what makes words of the last layer's result.
    pub output: u64,
}

/// What computing takes beside weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beside {
    /// Bytes of a layer's KV cache.
    pub cache: u64,
    /// Bytes on each GPU, whatever lies there.
    pub computing: u64,
}

/// How many layers are on GPUs, as llama.cpp counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// So many.
    pub layers: u32,
    /// Of these.
    pub of: u32,
}

impl Parts {
    /// Of the model with this header.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let mut parts = Self::default();
        // A model without an output of its own multiplies by its embedding, of which a GPU then has a copy.
        let tied = !header.names().any(|name| name == "output.weight");
        for tensor in &header.tensors {
            match layer(&tensor.name) {
                Some(layer) => {
                    parts.layers.resize(parts.layers.len().max(layer + 1), 0);
                    parts.layers[layer] = parts.layers[layer].saturating_add(tensor.bytes);
                }
                None if tensor.name == "token_embd.weight" && !tied => {}
                None => parts.output = parts.output.saturating_add(tensor.bytes),
            }
        }
        parts
    }

    /// How many layers fit on GPUs of which so much memory is free each: as many as there are, or as leave room for what is beside
    /// them.
    #[must_use]
    pub fn fit(&self, beside: Beside, gpus: &[u64]) -> Fit {
        let of = self.layers.len() as u32 + 1;
        let fits = |layers: &u32| {
            let used = self.used(*layers, beside, gpus);
            used.iter().zip(gpus).all(|(used, free)| used <= free)
        };
        let layers = if gpus.is_empty() { 0 } else { (1..=of).rev().find(fits).unwrap_or(0) };
        Fit { layers, of }
    }

    /// Bytes that each GPU has to have with so many layers there.
    #[must_use]
    pub fn used(&self, layers: u32, beside: Beside, gpus: &[u64]) -> Vec<u64> {
        let mut used = vec![beside.computing; gpus.len()];
        let first = self.layers.len() + 1 - (layers as usize).min(self.layers.len() + 1);
        for layer in first..=self.layers.len() {
            let bytes = self.layers.get(layer).map_or(self.output, |bytes| bytes.saturating_add(beside.cache));
            if let Some(used) = used.get_mut(gpu(layer - first, layers, gpus)) {
                *used = used.saturating_add(bytes);
            }
        }
        used
    }
}

/// The layer of which a tensor is: `blk.7.attn_q.weight` is of the eighth.
fn layer(name: &str) -> Option<usize> {
    /// No model has more: what a file says is not believed.
    const MOST: usize = 1 << 12;
    let (number, _) = name.strip_prefix("blk.")?.split_once('.')?;
    number.parse().ok().filter(|layer| *layer < MOST)
}

/// The GPU of a layer, counted from the first that is on any: as llama.cpp spreads them, in parts of the memories' size.
fn gpu(at: usize, layers: u32, gpus: &[u64]) -> usize {
    let sum: f32 = gpus.iter().map(|&memory| memory as f32).sum();
    let (place, mut behind) = (at as f32 / layers as f32, 0.0);
    let ends = gpus.iter().map(|&memory| {
        behind += memory as f32;
        behind / sum
    });
    ends.take_while(|end| *end <= place).count()
}

impl Beside {
    /// What asking takes: `cells` tokens in the cache, whose numbers have `number` bytes.
    #[must_use]
    pub fn asking(dimensions: &Dimensions, cells: u64, number: u64) -> Self {
        let wide = 8 * u64::from(dimensions.width) + 3 * u64::from(dimensions.feed_forward);
        Self {
            cache: cells.saturating_mul(u64::from(dimensions.cache)).saturating_mul(number),
            computing: DRIVER + CALL + TOKENS * wide * REAL,
        }
    }

    /// What a training is left on a GPU with so much memory: it fits itself into that.
    #[must_use]
    pub fn training(memory: u64) -> Self {
        Self { cache: 0, computing: DRIVER + memory / TRAINING }
    }
}

/// Bytes that a training may take of a GPU beside weights that take so many there.
#[must_use]
pub fn left_for_training(memory: u64, weights: u64) -> u64 {
    memory.saturating_sub(weights).saturating_sub(DRIVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTHING: Beside = Beside { cache: 0, computing: 0 };

    fn layers(bytes: &[u64], output: u64) -> Parts {
        Parts { layers: bytes.to_vec(), output }
    }

    #[track_caller]
    fn check(parts: &Parts, beside: Beside, gpus: &[u64], expected: u32) {
        assert_eq!(parts.fit(beside, gpus), Fit { layers: expected, of: parts.layers.len() as u32 + 1 });
    }

    #[test]
    fn all_layers_go_where_all_fit_and_the_last_ones_where_not() {
        let parts = layers(&[10, 10, 10], 5);
        check(&parts, NOTHING, &[35], 4);
        check(&parts, NOTHING, &[34], 3);
        check(&parts, NOTHING, &[5], 1);
        check(&parts, NOTHING, &[4], 0);
        check(&parts, NOTHING, &[], 0);
    }

    #[test]
    fn a_layer_needs_room_for_its_cache_and_every_gpu_for_what_computes() {
        let parts = layers(&[10, 10, 10], 5);
        check(&parts, Beside { cache: 2, computing: 0 }, &[40], 3);
        check(&parts, Beside { cache: 2, computing: 0 }, &[41], 4);
        check(&parts, Beside { cache: 0, computing: 6 }, &[40], 3);
        check(&parts, Beside { cache: 0, computing: 6 }, &[20, 20], 2);
        check(&parts, Beside { cache: 0, computing: 50 }, &[40], 0);
    }

    #[test]
    fn layers_are_spread_in_parts_of_the_memories() {
        let parts = layers(&[10; 7], 3);
        assert_eq!(parts.used(8, NOTHING, &[40, 40]), [40, 33]);
        assert_eq!(parts.used(8, NOTHING, &[20, 60]), [20, 53]);
        assert_eq!(parts.used(4, NOTHING, &[20, 60]), [10, 23]);
        check(&parts, NOTHING, &[40, 40], 8);
        // What is free on the second helps the first nothing: of seven layers it would have four.
        check(&parts, NOTHING, &[39, 39], 6);
    }

    #[test]
    fn names_of_tensors_say_where_they_go() {
        assert_eq!(layer("blk.12.ffn_up_exps.weight"), Some(12));
        assert_eq!((layer("output_norm.weight"), layer("blk.x.a"), layer("blk.99999999.a")), (None, None, None));
    }

    proptest! {
        #[test]
        fn what_fits_is_not_more_than_there_is_and_one_more_would_be(
            bytes in prop::collection::vec(0_u64..100, 0..20),
            output in 0_u64..50,
            (cache, computing) in (0_u64..10, 0_u64..50),
            gpus in prop::collection::vec(1_u64..500, 1..4),
        ) {
            let (parts, beside) = (layers(&bytes, output), Beside { cache, computing });
            let Fit { layers, of } = parts.fit(beside, &gpus);
            let fits = |layers| parts.used(layers, beside, &gpus).iter().zip(&gpus).all(|(used, free)| used <= free);
            prop_assert!(layers == 0 || fits(layers));
            prop_assert!(layers == of || !fits(layers + 1));
            let everything = bytes.iter().sum::<u64>() + output + cache * bytes.len() as u64;
            let sum: u64 = parts.used(of, beside, &gpus).iter().sum();
            prop_assert_eq!(sum, everything + computing * gpus.len() as u64, "a layer was lost");
        }
    }
}
