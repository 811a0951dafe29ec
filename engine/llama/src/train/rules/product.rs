//! Matrix products: of weights with activations, of the adapter's matrices, of activations, and of experts.

use super::{NoRule, Step};
use crate::train::tensor::Tensor;

impl Step<'_, '_> {
    /// `y = aᵀ b`, for `a` of shape `[k, m]` and `b` of shape `[k, n]`, for every pair of further dimensions; those of `a` may be
    /// fewer, each for several of `b`'s.
    pub(super) fn mul_mat(&mut self) -> Result<(), NoRule> {
        let (a, b, arena) = (self.source(0), self.source(1), self.walk.arena);
        let g = self.gradient;
        if self.walk.varies(b) {
            let gradient = match (self.is_frozen(a), arena.has_ours()) {
                (true, true) => arena.frozen(a, g),
                (true, false) => arena.mul_mat(self.walk.transposes.of(a, arena), arena.dense(g)),
                (false, _) => arena.product(self.walk.turned(a, g), g),
            };
            self.walk.add(b, gradient);
        }
        if self.walk.varies(a) {
            let gradient = if self.walk.trained.contains(&a) { self.outer(b, g) } else { self.inner(a, b, g)? };
            self.walk.add(a, gradient);
        }
        Ok(())
    }

    /// Whether a factor is a weight of the model.
    fn is_frozen(&self, factor: Tensor) -> bool {
        factor.is_leaf() && !self.walk.trained.contains(&factor)
    }

    /// The gradient by a matrix of the adapter, `Σ b gᵀ` over the tokens. The longer side goes first, as ggml walks along it.
    fn outer(&self, b: Tensor, g: Tensor) -> Tensor {
        let arena = self.walk.arena;
        if arena.is_ours(b, g) {
            return arena.product(arena.transpose(b), arena.transpose(g));
        }
        let (b, g) = (arena.dense(b), arena.dense(g));
        if b.sizes()[0] >= g.sizes()[0] { arena.out_prod(b, g) } else { arena.transpose(arena.out_prod(g, b)) }
    }

    /// The gradient by an activation, head by head. Where several heads of `b` share one of `a`, theirs are summed.
    fn inner(&mut self, a: Tensor, b: Tensor, g: Tensor) -> Result<Tensor, NoRule> {
        let arena = self.walk.arena;
        let (turned_b, turned_g) = (self.walk.turned(b, g), self.walk.turned(g, b));
        let gradient = arena.product(turned_b, turned_g);
        let ([k, m, heads, streams], of_b) = (a.sizes(), b.sizes());
        if of_b[2] == heads && of_b[3] == streams {
            return Ok(gradient);
        }
        if streams != 1 || of_b[3] != 1 || of_b[2] % heads != 0 {
            return Err(NoRule);
        }
        let groups = arena.reshape_4d(gradient, k, m, of_b[2] / heads, heads);
        let shape = arena.new_4d(a.kind(), k, m, 1, heads);
        Ok(arena.reshape_3d(arena.repeat_back(groups, shape), k, m, heads))
    }

    /// `y = a[ids]ᵀ b`: every token with the experts that were chosen for it. `a` is `[k, m, experts]`, `ids` `[used, tokens]`,
    /// `b` `[k, used or 1, tokens]`.
    pub(super) fn mul_mat_id(&mut self) -> Result<(), NoRule> {
        let (a, b, ids, arena) = (self.source(0), self.source(1), self.source(2), self.walk.arena);
        let g = arena.dense(self.gradient);
        if self.walk.varies(b) {
            let gradient = match (self.is_frozen(a), arena.has_ours()) {
                (true, true) => arena.experts(a, g, ids),
                (true, false) => arena.mul_mat_id(self.walk.transposes.of(a, arena), g, ids),
                (false, _) => arena.mul_mat_id(arena.dense(self.walk.turned(a, g)), g, ids),
            };
            let gradient = self.reduced(gradient, b);
            self.walk.add(b, gradient);
        }
        if self.walk.varies(a) {
            if !self.walk.trained.contains(&a) {
                return Err(NoRule);
            }
            let gradient = self.outer_of_experts(a, b, g, ids);
            self.walk.add(a, gradient);
        }
        Ok(())
    }

    /// The gradient by the experts' matrices of the adapter: `Σ b gᵀ` over the tokens that an expert was chosen for.
    ///
    /// One factor, the one as long as the rank, is first spread over the experts: `s[·, e, t]` is the sum of what the token's
    /// choices of `e` have, 0 where there are none. Then one outer product makes the matrices of all experts at once.
    fn outer_of_experts(&mut self, a: Tensor, b: Tensor, g: Tensor, ids: Tensor) -> Tensor {
        let arena = self.walk.arena;
        let [k, m, experts, _] = a.sizes();
        let [_, used, tokens, _] = g.sizes();
        let chosen = self.walk.choices(ids, experts);
        let shared = b.sizes()[1] == 1;
        let b = arena.dense(b);
        if shared {
            // One input for all choices of a token: A, whose outputs are as many as the rank.
            let spread = arena.out_prod(g, chosen);
            let product = arena
                .out_prod(arena.reshape_2d(b, k, tokens), arena.reshape_2d(arena.dense(spread), m * experts, tokens));
            return arena.reshape_3d(product, k, m, experts);
        }
        let choices = used * tokens;
        let chosen = arena.reshape_3d(chosen, experts, 1, choices);
        let spread = |factor: Tensor, size: i64| {
            let spread = arena.out_prod(arena.reshape_3d(factor, size, 1, choices), chosen);
            arena.reshape_2d(arena.dense(spread), size * experts, choices)
        };
        if m <= k {
            let product = arena.out_prod(arena.reshape_2d(b, k, choices), spread(g, m));
            return arena.reshape_3d(product, k, m, experts);
        }
        // [m, k, experts], to be turned.
        let product = arena.out_prod(arena.reshape_2d(g, m, choices), spread(b, k));
        arena.permute(arena.reshape_3d(product, m, k, experts), 1, 0, 2, 3)
    }
}
