//! llama.cpp's forward graph made ready for a backward pass: the same function, computed in a form that has a gradient and
//! is faster to compute often.

use std::collections::{HashMap, HashSet};

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::tensor::Tensor;

/// Rewrites a graph's nodes, in their order; `trained` are the adapter's tensors. Returns the nodes to compute, and the one
/// that is now what `output` was.
pub(super) fn rewrite(
    nodes: &[Tensor],
    output: Tensor,
    trained: &HashSet<Tensor>,
    arena: &Arena,
) -> (Vec<Tensor>, Tensor) {
    let mut rewrite = Rewrite { arena, trained, nodes: Vec::new(), instead: HashMap::new() };
    for node in nodes {
        rewrite.node(*node);
    }
    let output = rewrite.instead.get(&output).copied().unwrap_or(output);
    (rewrite.nodes, output)
}

struct Rewrite<'a> {
    arena: &'a Arena,
    trained: &'a HashSet<Tensor>,
    nodes: Vec<Tensor>,
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
        if !self.is_cache_store(node) && !self.is_scaled_pair(node) && !self.is_product_of_reals(node) {
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

    fn dense(&mut self, tensor: Tensor) -> Tensor {
        let dense = self.arena.dense(tensor);
        if dense != tensor {
            self.nodes.push(dense);
        }
        dense
    }
}
