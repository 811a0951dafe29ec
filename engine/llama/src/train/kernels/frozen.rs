//! The gradient that a frozen weight hands on, `Wᵀ g`, from the weight as it is stored: a piece at a time is turned into F32, and
//! nothing is kept. So the gradient is that of the very numbers that the weight stands for.

use std::cell::RefCell;
use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::{Matrices, Matrix, PIECE, multiply, parts, sizes};
use crate::train::tensor::Tensor;

/// Inputs of the weight, and tokens, of a block. The first is a multiple of every quantized type's group.
const BLOCK: [usize; 2] = [256, 256];

thread_local! {
    /// A piece of a weight in F32: `BLOCK[0]` inputs of `PIECE` outputs.
    static REAL: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Computes a thread's part of a node: a weight `[k, m]` of any type and a gradient `[m, n]` make `[k, n]`, where the first may
/// have fewer matrices, each for several of the second's.
///
/// # Safety
/// ggml calls it for a node that `Arena::frozen` made, whose sources are computed and have memory, once for each of `threads`
/// threads.
pub(in super::super) unsafe extern "C" fn compute(
    node: *mut sys::ggml_tensor,
    thread: i32,
    threads: i32,
    _: *mut c_void,
) {
    // SAFETY: by this function's contract.
    let Some((node, weight, g)) = (unsafe { parts(node) }) else { return };
    let [k, m, heads_of_weight, streams_of_weight] = sizes(weight);
    let (g, c) = (Matrices::new(g), Matrices::new(node));
    let [_, n, heads, streams] = c.sizes;
    let blocks = [k.div_ceil(BLOCK[0]), n.div_ceil(BLOCK[1])];
    let all = blocks[0] * blocks[1] * heads * streams;
    REAL.with_borrow_mut(|real| {
        for task in (thread.unsigned_abs() as usize..all).step_by(threads.unsigned_abs() as usize) {
            let (input, rest) = (task % blocks[0] * BLOCK[0], task / blocks[0]);
            let (column, rest) = (rest % blocks[1] * BLOCK[1], rest / blocks[1]);
            let (head, stream) = (rest % heads, rest / heads);
            let matrix = [head * heads_of_weight / heads, stream * streams_of_weight / streams];
            let (inputs, columns) = (BLOCK[0].min(k - input), BLOCK[1].min(n - column));
            for output in (0..m).step_by(PIECE) {
                let outputs = PIECE.min(m - output);
                // SAFETY: the piece lies within the weight; the block lies within gradient and result, whose memory is F32; no
                // other thread has this block of the result.
                unsafe {
                    let w = piece(weight, [input, output, matrix[0], matrix[1]], [inputs, outputs], real);
                    let g = g.from([output, column, head, stream]);
                    let c = c.from([input, column, head, stream]);
                    multiply([inputs, outputs, columns], w, g, c, output > 0);
                }
            }
        }
    });
}

/// A piece of a weight in F32, `[inputs, outputs]`, which lies in `real`.
///
/// # Safety
/// The piece begins at a group's start and lies within the weight, which has memory.
pub(super) unsafe fn piece(
    weight: Tensor,
    [input, output, third, fourth]: [usize; 4],
    [inputs, outputs]: [usize; 2],
    real: &mut Vec<f32>,
) -> Matrix {
    real.resize(inputs * outputs, 0.0);
    for (at, row) in real.chunks_exact_mut(inputs).enumerate() {
        // SAFETY: by this function's contract.
        unsafe { to_real(weight, [input, output + at, third, fourth], row) }
    }
    Matrix { start: real.as_mut_ptr(), strides: [1, inputs.cast_signed()] }
}

/// Turns a part of a weight's row, which begins at a group's start, into F32.
///
/// # Safety
/// The place, and as many numbers behind it as there is room for, lie within the weight's row; the weight has memory.
unsafe fn to_real(weight: Tensor, place: [usize; 4], real: &mut [f32]) {
    let [bytes_of_group, second, third, fourth] = weight.strides();
    // SAFETY: the traits are a table that lives as long as the program.
    let traits = unsafe { &*sys::ggml_get_type_traits(weight.kind()) };
    let groups = place[0] / usize::try_from(traits.blck_size).unwrap_or(1);
    let offset = groups * bytes_of_group + place[1] * second + place[2] * third + place[3] * fourth;
    // SAFETY: by this function's contract. F32 has no function, and needs none.
    unsafe {
        let from = weight.data().cast_const().byte_add(offset);
        match traits.to_float {
            Some(to_float) => to_float(from, real.as_mut_ptr(), i64::try_from(real.len()).unwrap_or(0)),
            None => real.as_mut_ptr().copy_from_nonoverlapping(from.cast(), real.len()),
        }
    }
}
