//! llama.cpp's forward graph made ready for a backward pass: the same function, computed in a form that has a gradient and
//! is faster to compute often.

use std::collections::{HashMap, HashSet};

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::tensor::Tensor;

/// Rewrites a graph's nodes, in their order; `trained` are the adapter's tensors. Returns the nodes to compute.
pub(super) fn rewrite(nodes: &[Tensor], trained: &HashSet<Tensor>, arena: &Arena) -> Vec<Tensor> {
    let mut rewrite = Rewrite { arena, trained, nodes: Vec::new(), instead: HashMap::new(), stored: HashMap::new() };
    for node in nodes {
        rewrite.node(*node);
    }
    rewrite.nodes
}

struct Rewrite<'a> {
    arena: &'a Arena,
    trained: &'a HashSet<Tensor>,
    nodes: Vec<Tensor>,
    /// What is read in place of a node.
    instead: HashMap<Tensor, Tensor>,
    /// What this very pass stores in a cache.
    stored: HashMap<Tensor, Tensor>,
}

impl Rewrite<'_> {
    fn node(&mut self, node: Tensor) {
        for (at, source) in node.placed_sources() {
            if let Some(instead) = self.instead.get(&source) {
                node.redirect(at, *instead);
            }
        }
        if self.is_cache_store(node) || self.is_cache_view(node) || self.is_scaled_pair(node) {
            return;
        }
        self.make_dense(node);
        self.nodes.push(node);
    }

    /// A model whose attention reads what it has just stored in the cache (MLA) can do without: cell `i` holds token `i`.
    fn is_cache_store(&mut self, node: Tensor) -> bool {
        let cache = node.viewed().map(|(cache, _)| cache).filter(|cache| cache.is_leaf());
        let (true, Some(cache), Some(rows)) = (node.operation() == sys::GGML_OP_SET_ROWS, cache, node.source(0)) else {
            return false;
        };
        let rows = self.dense(rows);
        self.stored.insert(cache, rows);
        true
    }

    /// What looks at the cache looks at what was to be stored there.
    fn is_cache_view(&mut self, node: Tensor) -> bool {
        let Some((rows, offset)) = node.viewed().and_then(|(cache, at)| Some((*self.stored.get(&cache)?, at))) else {
            return false;
        };
        let arena = self.arena;
        let view = match (node.operation(), node.source(0)) {
            (sys::GGML_OP_PERMUTE, Some(source)) => {
                let [first, second, third, fourth] = [0, 1, 2, 3].map(|at| node.parameter(at));
                arena.permute(source, first, second, third, fourth)
            }
            (sys::GGML_OP_TRANSPOSE, Some(source)) => arena.transpose(source),
            (sys::GGML_OP_RESHAPE, Some(source)) => arena.reshape_like(source, node),
            _ => arena.view(rows, node.sizes(), node.strides(), offset),
        };
        self.nodes.push(view);
        self.instead.insert(node, view);
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
        matches!(node.operation(), sys::GGML_OP_MUL_MAT | sys::GGML_OP_MUL_MAT_ID)
            && node.source(0).is_some_and(|matrix| self.trained.contains(&matrix))
    }

    /// Products of activations: the CPU's fast kernels want both factors dense.
    fn make_dense(&mut self, node: Tensor) {
        if node.operation() != sys::GGML_OP_MUL_MAT {
            return;
        }
        for at in 0..2 {
            if let Some(source) = node.source(at).filter(|source| !source.is_leaf() && !source.is_contiguous()) {
                let dense = self.dense(source);
                node.redirect(at, dense);
            }
        }
    }

    fn dense(&mut self, tensor: Tensor) -> Tensor {
        let dense = self.arena.dense(tensor);
        if dense != tensor {
            self.nodes.push(dense);
        }
        dense
    }
}
