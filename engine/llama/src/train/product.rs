//! Products of F32 matrices on the CPU, by the crate `gemm`: three to four times as fast there as ggml's own, and on matrices
//! of any strides, so that nothing has to be turned or copied first.
//!
//! The result depends on the shapes alone: it is computed in blocks of a fixed size, which threads share out, and sums run
//! over pieces of a fixed length.

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::tensor::Tensor;

/// Rows and columns of a block.
const BLOCK: [usize; 2] = [512, 128];
/// Terms that are summed before they are added to the result; `gemm` itself cuts sums at no less, by the machine's caches.
const PIECE: usize = 512;

/// One factor, or the result: `[rows, columns]` of every pair of further dimensions, by strides counted in numbers.
struct Matrices {
    start: *mut f32,
    sizes: [usize; 4],
    strides: [isize; 4],
}

impl Matrices {
    fn new(tensor: Tensor) -> Self {
        let strides = tensor.strides().map(|bytes| (bytes / size_of::<f32>()).cast_signed());
        let sizes = tensor.sizes().map(|size| usize::try_from(size).unwrap_or(0));
        Self { start: tensor.data().cast(), sizes, strides }
    }

    /// The start of a matrix.
    ///
    /// # Safety
    /// The place lies within the sizes.
    unsafe fn at(&self, place: [usize; 4]) -> *mut f32 {
        let offset = place.into_iter().zip(self.strides).map(|(at, stride)| at.cast_signed() * stride).sum();
        // SAFETY: within the tensor's memory, as the place lies within its sizes.
        unsafe { self.start.offset(offset) }
    }
}

/// Computes a thread's part of a node: `[k, m]` and `[k, n]` make `[m, n]`, where the first may have fewer matrices, each for
/// several of the second's.
///
/// # Safety
/// ggml calls it for a node that [`Arena::product`](super::arena::Arena) made, whose sources are computed and have memory, once
/// for each of `threads` threads.
pub(super) unsafe extern "C" fn compute(node: *mut sys::ggml_tensor, thread: i32, threads: i32, _: *mut c_void) {
    let sources = Tensor::new(node).and_then(|node| Some((node, node.source(0)?, node.source(1)?)));
    let Some((node, a, b)) = sources else { return };
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
        let of_a = [head * a.sizes[2] / heads, stream * a.sizes[3] / streams];
        for term in (0..k).step_by(PIECE) {
            // SAFETY: the block lies within the three matrices, whose memory is F32 and initialised but for the result's, which is
            // read only after its first piece was written; no other thread has this block.
            unsafe {
                gemm::gemm(
                    rows,
                    columns,
                    PIECE.min(k - term),
                    c.at([row, column, head, stream]),
                    c.strides[1],
                    c.strides[0],
                    term > 0,
                    a.at([term, row, of_a[0], of_a[1]]).cast_const(),
                    a.strides[0],
                    a.strides[1],
                    b.at([term, column, head, stream]).cast_const(),
                    b.strides[1],
                    b.strides[0],
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        }
    }
}
