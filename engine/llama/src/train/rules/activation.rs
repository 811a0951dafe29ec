//! Activation functions, alone and as gates.

use llama_cpp_sys_2 as sys;

use super::{NoRule, Step};
use crate::train::gelu::{self, Gelu};
use crate::train::tensor::Tensor;

impl Step<'_, '_> {
    pub(super) fn unary(&mut self) -> Result<(), NoRule> {
        let (x, y, g, arena) = (self.source(0), self.node, self.gradient, self.walk.arena);
        let gradient = match y.function().ok_or(NoRule)? {
            sys::GGML_UNARY_OP_SILU => arena.silu_back(arena.dense(g), arena.dense(x)),
            sys::GGML_UNARY_OP_TANH => arena.mul(g, arena.scale_bias(arena.sqr(y), -1.0, 1.0)),
            sys::GGML_UNARY_OP_SIGMOID => arena.mul(g, arena.mul(y, arena.scale_bias(y, -1.0, 1.0))),
            sys::GGML_UNARY_OP_RELU => arena.mul(g, arena.step(x)),
            _ => return Err(NoRule),
        };
        self.walk.add(x, gradient);
        Ok(())
    }

    /// `f(a) b`, of two tensors or of the halves of one.
    pub(super) fn gated(&mut self) -> Result<(), NoRule> {
        let arena = self.walk.arena;
        let halves = self.node.source(1).is_none();
        let swapped = self.node.parameter(1) != 0;
        let (a, b) = match self.node.source(1) {
            Some(b) => (self.source(0), b),
            None if swapped => (self.half(1), self.half(0)),
            None => (self.half(0), self.half(1)),
        };
        let (of_a, of_b) = self.gates(a, b)?;
        if !halves {
            self.walk.add(a, of_a);
            self.walk.add(b, of_b);
        } else if swapped {
            self.walk.add(self.source(0), arena.concat(of_b, of_a, 0));
        } else {
            self.walk.add(self.source(0), arena.concat(of_a, of_b, 0));
        }
        Ok(())
    }

    /// `gelu(a) b`, or `gelu(a)`. Both are computed again: memory for `a` and `b` is enough.
    pub(super) fn gelu(&mut self, Gelu { a, b }: Gelu) {
        let (g, arena) = (self.gradient, self.walk.arena);
        let (value, slope) = gelu::with_slope(arena, a);
        let of_value = b.map_or(g, |b| arena.mul(g, b));
        self.walk.add(a, arena.mul(of_value, slope));
        if let Some(b) = b {
            self.walk.add(b, arena.mul(value, g));
        }
    }

    /// The gradients by what is activated and by what it is multiplied with.
    fn gates(&self, a: Tensor, b: Tensor) -> Result<(Tensor, Tensor), NoRule> {
        let (g, arena) = (self.gradient, self.walk.arena);
        let (a, b) = (arena.dense(a), arena.dense(b));
        let gradients = match self.node.gate().ok_or(NoRule)? {
            sys::GGML_GLU_OP_SWIGLU => (arena.silu_back(arena.mul(g, b), a), arena.mul(arena.silu(a), g)),
            sys::GGML_GLU_OP_REGLU => (arena.mul(arena.mul(g, b), arena.step(a)), arena.mul(arena.relu(a), g)),
            sys::GGML_GLU_OP_SWIGLU_OAI => self.clamped_swish(a, b),
            _ => return Err(NoRule),
        };
        Ok(gradients)
    }

    /// gpt-oss: `x σ(αx) (v + 1)` with `x = min(a, limit)` and `v = b` within `±limit`.
    fn clamped_swish(&self, a: Tensor, b: Tensor) -> (Tensor, Tensor) {
        let (g, arena) = (self.gradient, self.walk.arena);
        let (alpha, limit) = (self.node.real(2), self.node.real(3));
        let x = arena.clamp(a, f32::NEG_INFINITY, limit);
        let v = arena.clamp(b, -limit, limit);
        let sigma = arena.sigmoid(arena.scaled(x, alpha));
        let swish = arena.mul(x, sigma);
        // The slope of x σ(αx) is σ + α x σ (1 - σ).
        let curve = arena.scaled(arena.mul(swish, arena.scale_bias(sigma, -1.0, 1.0)), alpha);
        let slope = arena.add(sigma, curve);
        let below = |tensor| arena.step(arena.scale_bias(tensor, -1.0, limit));
        let above = |tensor| arena.step(arena.scale_bias(tensor, 1.0, limit));
        let of_a = arena.mul(arena.mul(arena.mul(g, arena.scale_bias(v, 1.0, 1.0)), slope), below(a));
        let of_b = arena.mul(arena.mul(g, swish), arena.mul(below(b), above(b)));
        (of_a, of_b)
    }

    /// One half of the only source, along its rows.
    fn half(&self, which: usize) -> Tensor {
        let (whole, arena) = (self.source(0), self.walk.arena);
        let sizes = self.node.sizes();
        let offset = which * usize::try_from(sizes[0]).unwrap_or(0) * size_of::<f32>();
        arena.contiguous(arena.view(whole, sizes, whole.strides(), offset))
    }
}
