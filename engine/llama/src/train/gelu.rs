//! GELU in its tanh form (Hendrycks, Gimpel 2016): `x / 2 (1 + tanh u)` with `u = √(2/π) (x + 0.044715 x³)`, which is `x σ(2u)`.
//!
//! ggml's CPU looks its own up in a table, argument and value in 16 bits: a staircase, on which the loss has no slope and last bits
//! decide between neighbouring steps. In the graph of training it is computed.

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::tensor::Tensor;

const ROOT: f32 = 0.797_884_6;
const CUBIC: f32 = 0.044_715;

/// `gelu(a) b`, or `gelu(a)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gelu {
    pub(super) a: Tensor,
    pub(super) b: Option<Tensor>,
}

/// What a node of ggml's that looks GELU up is computed from. Both halves of one tensor no known architecture has.
pub(super) fn looked_up(node: Tensor) -> Option<Gelu> {
    let alone = node.function() == Some(sys::GGML_UNARY_OP_GELU);
    let as_gate = node.gate() == Some(sys::GGML_GLU_OP_GEGLU) && node.source(1).is_some();
    node.source(0).filter(|_| alone || as_gate).map(|a| Gelu { a, b: node.source(1) })
}

/// GELU of a dense tensor: its nodes in the order of the computation, the last its value.
pub(super) fn value(arena: &Arena, x: Tensor) -> [Tensor; 5] {
    let square = arena.sqr(x);
    let slope = arena.scale_bias(square, 2.0 * ROOT * CUBIC, 2.0 * ROOT);
    let twice_u = arena.mul(x, slope);
    let sigma = arena.sigmoid(twice_u);
    [square, slope, twice_u, sigma, arena.mul(x, sigma)]
}

/// GELU of a dense tensor, and its slope.
pub(super) fn with_slope(arena: &Arena, x: Tensor) -> (Tensor, Tensor) {
    let [square, _, _, sigma, y] = value(arena, x);
    // The slope of x σ(2u) is σ + x σ (1 - σ) 2u', with u' the slope of u.
    let slope_of_twice_u = arena.scale_bias(square, 6.0 * ROOT * CUBIC, 2.0 * ROOT);
    let curve = arena.mul(arena.mul(y, arena.scale_bias(sigma, -1.0, 1.0)), slope_of_twice_u);
    (y, arena.add(sigma, curve))
}
