//! Reverse-mode differentiation of a ggml graph: from the gradient of the loss by the logits back to the adapter.
//!
//! A walk against the order of computation. Every node hands the gradient of the loss by its value on to what it was computed
//! from, by the [rule](super::rules) of its operation. The result is more graph: nothing is computed here.

use std::collections::{HashMap, HashSet};

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::gelu::Gelu;
use super::rules;
use super::tensor::Tensor;
use super::transposes::Transposes;
use crate::LlamaError;

/// Gradients in the making.
pub(super) struct Backward<'a> {
    pub(super) arena: &'a Arena,
    /// The tensors whose gradient is wanted.
    pub(super) trained: &'a HashSet<Tensor>,
    pub(super) transposes: &'a mut Transposes,
    /// The nodes that stand for a GELU, and what it is of.
    pub(super) gelus: HashMap<Tensor, Gelu>,
    /// What depends on a trained tensor.
    varies: HashSet<Tensor>,
    gradients: HashMap<Tensor, Tensor>,
    /// Dense transposes of activations.
    turned: HashMap<Tensor, Tensor>,
    /// The unit matrix that is to be filled before the graph is computed, where experts are trained.
    pub(super) unit: Option<Tensor>,
}

/// An operation that has no rule.
#[derive(Debug)]
pub(super) struct NoRule;

impl<'a> Backward<'a> {
    /// `nodes` in the order in which they are computed.
    pub(super) fn new(
        nodes: &[Tensor],
        gelus: HashMap<Tensor, Gelu>,
        trained: &'a HashSet<Tensor>,
        transposes: &'a mut Transposes,
        arena: &'a Arena,
    ) -> Self {
        let mut varies = trained.clone();
        for node in nodes {
            // Whole numbers, such as which experts were chosen, do not vary smoothly.
            if node.kind() != sys::GGML_TYPE_I32 && node.sources().any(|source| varies.contains(&source)) {
                varies.insert(*node);
            }
        }
        let (gradients, turned) = (HashMap::new(), HashMap::new());
        Self { arena, trained, transposes, gelus, varies, gradients, turned, unit: None }
    }

    /// Walks back from `output`, whose gradient is given. With `again`, what lies between layers' outputs is computed a second
    /// time rather than kept: the memory of one layer's activations instead of all.
    pub(super) fn walk(
        &mut self,
        nodes: &[Tensor],
        output: Tensor,
        gradient: Tensor,
        again: bool,
    ) -> Result<(), LlamaError> {
        self.gradients.insert(output, gradient);
        if !again {
            return nodes.iter().rev().try_for_each(|node| self.node(*node));
        }
        let layers: Vec<&[Tensor]> = nodes.split_inclusive(|node| node.name().starts_with(LAYER_OUTPUT)).collect();
        for (at, layer) in layers.iter().enumerate().rev() {
            if at + 1 == layers.len() {
                layer.iter().rev().try_for_each(|node| self.node(*node))?;
            } else {
                self.walk_again(layer)?;
            }
        }
        Ok(())
    }

    /// Walks back through a copy of a layer, which is computed from the same input.
    fn walk_again(&mut self, layer: &[Tensor]) -> Result<(), LlamaError> {
        let mut twins: HashMap<Tensor, Tensor> = HashMap::new();
        for node in layer {
            let twin_of = |source| twins.get(&source).copied().unwrap_or(source);
            let twin = self.arena.twin(*node, twin_of);
            if let Some(Gelu { a, b }) = self.gelus.get(node).copied() {
                self.gelus.insert(twin, Gelu { a: twin_of(a), b: b.map(twin_of) });
            }
            if self.varies.contains(node) {
                self.varies.insert(twin);
            }
            twins.insert(*node, twin);
        }
        if let Some(output) = layer.last()
            && let Some(gradient) = self.gradients.get(output)
        {
            self.gradients.insert(twins[output], *gradient);
        }
        layer.iter().rev().try_for_each(|node| self.node(twins[node]))
    }

    fn node(&mut self, node: Tensor) -> Result<(), LlamaError> {
        let Some(gradient) = self.gradients.get(&node).copied().filter(|_| self.varies.contains(&node)) else {
            return Ok(());
        };
        let no_rule = |NoRule| LlamaError::NoGradient { operation: node.operation_name(), node: node.name() };
        rules::apply(self, node, gradient).map_err(no_rule)
    }

    /// The gradient of the loss by a tensor.
    pub(super) fn gradient(&self, of: Tensor) -> Option<Tensor> {
        self.gradients.get(&of).copied()
    }

    /// Whether the loss varies with a tensor as far as training goes.
    pub(super) fn varies(&self, tensor: Tensor) -> bool {
        self.varies.contains(&tensor)
    }

    /// Adds to the gradient of a tensor, which has its shape.
    pub(super) fn add(&mut self, of: Tensor, gradient: Tensor) {
        if !self.varies(of) {
            return;
        }
        let gradient = self.arena.dense(gradient);
        assert_eq!(of.sizes(), gradient.sizes(), "gradient of {} ({})", of.name(), of.operation_name());
        let sum = match self.gradients.get(&of) {
            Some(sum) => self.arena.add(*sum, gradient),
            None => gradient,
        };
        self.gradients.insert(of, sum);
    }

    /// The gradient so far with `gradient` added at a view, and that for what is viewed.
    pub(super) fn add_at(&mut self, of: Tensor, gradient: Tensor, strides: [usize; 4], offset: usize) {
        let sum = self.gradients.get(&of).copied().unwrap_or_else(|| self.arena.fill(of, 0.0));
        let [_, second, third, fourth] = strides;
        let sum = self.arena.acc(sum, self.arena.dense(gradient), second, third, fourth, offset);
        self.gradients.insert(of, sum);
    }

    /// The transpose of an activation's first two dimensions, for a product with `factor`; a dense one is made once.
    pub(super) fn turned(&mut self, tensor: Tensor, factor: Tensor) -> Tensor {
        if self.arena.is_ours(tensor, factor) {
            return self.arena.transpose(tensor);
        }
        if let Some(turned) = self.turned.get(&tensor) {
            return *turned;
        }
        let turned = original(tensor).unwrap_or_else(|| self.arena.contiguous(self.arena.transpose(tensor)));
        self.turned.insert(tensor, turned);
        turned
    }

    /// Which expert was chosen, as ones among zeros: `[experts, used, tokens]` of `[used, tokens]`.
    pub(super) fn choices(&mut self, ids: Tensor, experts: i64) -> Tensor {
        let arena = self.arena;
        let unit = *self.unit.get_or_insert_with(|| arena.new_2d(sys::GGML_TYPE_F32, experts, experts).keep());
        let [used, tokens, ..] = ids.sizes();
        let rows = arena.get_rows(unit, arena.reshape_1d(arena.dense(ids), used * tokens));
        arena.reshape_3d(rows, experts, used, tokens)
    }
}

/// How llama.cpp names what a layer hands to the next.
const LAYER_OUTPUT: &str = "l_out-";

/// What a tensor is a dense transpose of.
fn original(tensor: Tensor) -> Option<Tensor> {
    let transpose = tensor.source(0).filter(|_| tensor.operation() == sys::GGML_OP_CONT)?;
    let original = transpose.source(0).filter(|_| transpose.operation() == sys::GGML_OP_TRANSPOSE)?;
    let dense_rows = original.strides()[0] == size_of::<f32>() && original.kind() == sys::GGML_TYPE_F32;
    (dense_rows && transpose.sizes() == tensor.sizes()).then_some(original)
}
