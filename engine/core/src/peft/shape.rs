//! What has to be known of a model to name and place an adapter's tensors.

use std::collections::BTreeMap;

/// What a model's header says; its weights are not needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelShape {
    /// `general.architecture`: `llama`, `qwen3`, ...
    pub architecture: String,
    /// Attention heads: one number for all layers, or one for each.
    pub heads: Vec<usize>,
    /// Heads of keys and values, likewise; as many as `heads` where it is empty.
    pub kv_heads: Vec<usize>,
    /// Every tensor's sizes as in [`crate::lora::PairShape`]: inputs, outputs, experts.
    pub tensors: BTreeMap<String, [usize; 3]>,
}

impl ModelShape {
    /// Heads of queries of a layer.
    pub(super) fn heads(&self, layer: usize) -> Option<usize> {
        of_layer(&self.heads, layer)
    }

    /// Heads of keys of a layer.
    pub(super) fn kv_heads(&self, layer: usize) -> Option<usize> {
        of_layer(&self.kv_heads, layer).or_else(|| self.heads(layer))
    }
}

fn of_layer(values: &[usize], layer: usize) -> Option<usize> {
    if let [all] = values { Some(*all) } else { values.get(layer).copied() }
}
