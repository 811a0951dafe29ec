//! llama.cpp's forward graph made ready for a backward pass: the same function, computed in a form that has a gradient and
//! is faster to compute often.

use std::collections::{HashMap, HashSet};

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::gelu::{self, Gelu};
use super::tensor::Tensor;

/// A graph made ready.
pub(super) struct Rewritten {
    /// What to compute, in order.
    pub(super) nodes: Vec<Tensor>,
    /// What the graph's output is now.
    pub(super) output: Tensor,
    /// By what the inputs of those matrices are multiplied that drop some, in the order of the computation.
    pub(super) masks: Vec<Tensor>,
    /// The nodes that stand for a GELU, or for one that something is multiplied with.
    pub(super) gelus: HashMap<Tensor, Gelu>,
}

/// Rewrites a graph's nodes, in their order; `trained` are the adapter's tensors, `dropping` those whose inputs get a mask.
pub(super) fn rewrite(
    nodes: &[Tensor],
    output: Tensor,
    trained: &HashSet<Tensor>,
    dropping: &HashSet<Tensor>,
    arena: &Arena,
) -> Rewritten {
    let (done, masks) = (Vec::new(), Vec::new());
    let (gelus, instead) = (HashMap::new(), HashMap::new());
    let mut rewrite = Rewrite { arena, trained, dropping, nodes: done, masks, gelus, instead };
    for node in nodes {
        rewrite.node(*node);
    }
    let output = rewrite.instead.get(&output).copied().unwrap_or(output);
    Rewritten { nodes: rewrite.nodes, output, masks: rewrite.masks, gelus: rewrite.gelus }
}

struct Rewrite<'a> {
    arena: &'a Arena,
    trained: &'a HashSet<Tensor>,
    dropping: &'a HashSet<Tensor>,
    nodes: Vec<Tensor>,
    masks: Vec<Tensor>,
    gelus: HashMap<Tensor, Gelu>,
    /// What is read, and looked at, in place of a tensor.
    instead: HashMap<Tensor, Tensor>,
}

impl Rewrite<'_> {
    fn node(&mut self, node: Tensor) {
        for (at, source) in node.placed_sources() {
            if let Some(instead) = self.instead.get(&source) {
                node.redirect(at, *instead);
            }
        }
        if let Some(instead) = node.viewed().and_then(|(whole, _)| self.instead.get(&whole)) {
            node.look_at(*instead);
        }
        self.drop_inputs(node);
        let replaced = self.is_cache_store(node)
            || self.is_scaled_pair(node)
            || self.is_product_of_reals(node)
            || self.is_gelu(node);
        if !replaced {
            self.nodes.push(node);
        }
    }

    /// A model whose attention reads what it has just stored in the cache (MLA) can do without: cell `i` holds token `i`.
    fn is_cache_store(&mut self, node: Tensor) -> bool {
        let cache = node.viewed().map(|(cache, _)| cache).filter(|cache| cache.is_leaf());
        let (sys::GGML_OP_SET_ROWS, Some(cache), Some(rows)) = (node.operation(), cache, node.source(0)) else {
            return false;
        };
        let rows = self.dense(rows);
        self.instead.insert(cache, rows);
        true
    }

    /// Gives a product with a matrix that drops inputs a mask for them.
    fn drop_inputs(&mut self, node: Tensor) {
        let (Some(_), Some(inputs)) = (node.source(0).filter(|it| self.dropping.contains(it)), node.source(1)) else {
            return;
        };
        let [n0, n1, n2, n3] = inputs.sizes();
        let mask = self.arena.new_4d(inputs.kind(), n0, n1, n2, n3).set_name(c"xlt_mask").keep();
        let masked = self.arena.mul(inputs, mask);
        self.masks.push(mask);
        self.nodes.push(masked);
        node.redirect(1, masked);
    }

    /// `s · B (A x)` is computed as `B (s · A x)`: the scale meets as many numbers as the rank, not as the output has.
    fn is_scaled_pair(&mut self, node: Tensor) -> bool {
        if node.operation() != sys::GGML_OP_SCALE || node.real(1) != 0.0 {
            return false;
        }
        let Some(product) = node.source(0).filter(|product| self.is_of_trained(*product)) else { return false };
        let Some(inner) = product.source(1).filter(|inner| self.is_of_trained(*inner)) else { return false };
        let scaled = self.arena.scaled(inner, node.real(0));
        product.redirect(1, scaled);
        let before = self.nodes.iter().rposition(|node| *node == product).unwrap_or(self.nodes.len());
        self.nodes.insert(before, scaled);
        self.instead.insert(node, product);
        true
    }

    /// Whether a node multiplies with one of the adapter's tensors.
    fn is_of_trained(&self, node: Tensor) -> bool {
        matches!(node.operation(), sys::GGML_OP_MUL_MAT | sys::GGML_OP_MUL_MAT_ID | sys::GGML_OP_CUSTOM)
            && node.source(0).is_some_and(|matrix| self.trained.contains(&matrix))
    }

    /// Products of F32, those of activations among them: either ours, or ggml's with dense factors, which its fast kernels want.
    fn is_product_of_reals(&mut self, node: Tensor) -> bool {
        let (sys::GGML_OP_MUL_MAT, Some(a), Some(b)) = (node.operation(), node.source(0), node.source(1)) else {
            return false;
        };
        if self.arena.is_ours(a, b) {
            let product = self.arena.product(a, b);
            self.nodes.push(product);
            self.instead.insert(node, product);
            return true;
        }
        for (at, factor) in [(0, a), (1, b)] {
            if !factor.is_leaf() {
                let dense = self.dense(factor);
                node.redirect(at, dense);
            }
        }
        false
    }

    /// GELU, alone or as the gate of something, is [computed](gelu) rather than looked up.
    fn is_gelu(&mut self, node: Tensor) -> bool {
        let Some(Gelu { a, b }) = gelu::looked_up(node) else { return false };
        let (a, b) = (self.dense(a), b.map(|b| self.dense(b)));
        let nodes = gelu::value(self.arena, a);
        self.nodes.extend(nodes);
        let mut value = nodes[nodes.len() - 1];
        if let Some(b) = b {
            value = self.arena.mul(value, b);
            self.nodes.push(value);
        }
        self.gelus.insert(value, Gelu { a, b });
        self.instead.insert(node, value);
        true
    }

    fn dense(&mut self, tensor: Tensor) -> Tensor {
        let dense = self.arena.dense(tensor);
        if dense != tensor {
            self.nodes.push(dense);
        }
        dense
    }
}
