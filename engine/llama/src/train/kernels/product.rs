//! Products of F32 matrices of any strides, so that nothing has to be turned or copied first.

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::{Matrices, PIECE, multiply, parts};

/// Rows and columns of a block.
const BLOCK: [usize; 2] = [512, 128];

/// Computes a thread's part of a node: `[k, m]` and `[k, n]` make `[m, n]`, where the first may have fewer matrices, each for
/// several of the second's.
///
/// # Safety
/// ggml calls it for a node that `Arena::product` made, whose sources are computed and have memory, once for each of `threads`
/// threads.
pub(in super::super) unsafe extern "C" fn compute(
    node: *mut sys::ggml_tensor,
    thread: i32,
    threads: i32,
    _: *mut c_void,
) {
    // SAFETY: by this function's contract.
    let Some((node, a, b)) = (unsafe { parts(node) }) else { return };
    let (a, b, c) = (Matrices::new(a), Matrices::new(b), Matrices::new(node));
    let [k, m, ..] = a.sizes;
    let [_, n, heads, streams] = b.sizes;
    let blocks = [m.div_ceil(BLOCK[0]), n.div_ceil(BLOCK[1])];
    let all = blocks[0] * blocks[1] * heads * streams;
    for task in (thread.unsigned_abs() as usize..all).step_by(threads.unsigned_abs() as usize) {
        let (row, rest) = (task % blocks[0] * BLOCK[0], task / blocks[0]);
        let (column, rest) = (rest % blocks[1] * BLOCK[1], rest / blocks[1]);
        let (head, stream) = (rest % heads, rest / heads);
        let (rows, columns) = (BLOCK[0].min(m - row), BLOCK[1].min(n - column));
        let (head_of_a, stream_of_a) = (head * a.sizes[2] / heads, stream * a.sizes[3] / streams);
        for term in (0..k).step_by(PIECE) {
            // SAFETY: the block lies within the three tensors, whose memory is F32; what is read is computed; no other thread has
            // this block of the result.
            unsafe {
                let a = a.from([term, row, head_of_a, stream_of_a]).turned();
                let (b, c) = (b.from([term, column, head, stream]), c.from([row, column, head, stream]));
                multiply([rows, PIECE.min(k - term), columns], a, b, c, term > 0);
            }
        }
    }
}
