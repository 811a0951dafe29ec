//! The weights of a model that an adapter could change.

use llama_cpp_sys_2 as sys;
use xlt_core::lora::PairShape;

use super::forward::Forward;
use super::machine::Machine;
use super::tensor::Tensor;
use super::trainer::{MOST_FORWARD_NODES, context_options};
use crate::{Context, LlamaError, Model};

/// Tokens of the graph that is looked at.
const TOKENS: usize = 256;

impl Model {
    /// The weights that the model multiplies activations with, in the order of the computation: name in the GGUF file, and
    /// the shape that a pair of that rank would have. Without the weights that choose experts, and without the last one,
    /// which makes logits.
    pub fn linear_weights(&self, rank: usize) -> Result<Vec<(String, PairShape)>, LlamaError> {
        let context = Context::new(self, &context_options(TOKENS, 1))?;
        let machine = Machine::new(self.gpus(), 1, MOST_FORWARD_NODES)?;
        let forward = Forward::new(&context, None, (TOKENS, 1), &machine, MOST_FORWARD_NODES)?;
        let products = forward
            .nodes
            .iter()
            .filter(|node| matches!(node.operation(), sys::GGML_OP_MUL_MAT | sys::GGML_OP_MUL_MAT_ID));
        let weights = products.filter_map(|node| node.source(0)).filter(|weight| weight.is_leaf());
        Ok(weights.filter_map(|weight| linear(weight, rank)).collect())
    }
}

fn linear(weight: Tensor, rank: usize) -> Option<(String, PairShape)> {
    let name = weight.name();
    let in_layer = name.starts_with("blk.") && name.ends_with(".weight") && !name.contains(".ffn_gate_inp.");
    let [inputs, outputs, experts, _] = weight.sizes().map(|size| usize::try_from(size).unwrap_or(0));
    in_layer.then_some((name, PairShape { experts, rank, inputs, outputs }))
}
