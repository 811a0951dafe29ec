//! Operations of our own, for machines on which the CPU computes everything. ggml calls them for `GGML_OP_CUSTOM`.
//!
//! What they compute depends on the shapes alone: results come in blocks of a fixed size, which threads share out, and sums run
//! over pieces of a fixed length. The products themselves are the crate `gemm`'s, which is three to four times as fast on F32
//! as ggml.

mod experts;
mod frozen;
mod product;

use llama_cpp_sys_2 as sys;

use super::tensor::Tensor;

pub(super) use experts::compute as experts;
pub(super) use frozen::compute as frozen;
pub(super) use product::compute as product;

/// Terms that are summed before they are added to the result; `gemm` itself cuts sums at no less, by the machine's caches.
const PIECE: usize = 512;

/// A tensor of F32 as matrices, `[rows, columns]` of every pair of further dimensions, by strides counted in numbers.
#[derive(Clone, Copy)]
struct Matrices {
    start: *mut f32,
    sizes: [usize; 4],
    strides: [isize; 4],
}

/// One matrix, or a part of one.
#[derive(Clone, Copy)]
struct Matrix {
    start: *mut f32,
    /// From one row to the next, and from one column.
    strides: [isize; 2],
}

impl Matrices {
    fn new(tensor: Tensor) -> Self {
        let strides = tensor.strides().map(|bytes| (bytes / size_of::<f32>()).cast_signed());
        Self { start: tensor.data().cast(), sizes: sizes(tensor), strides }
    }

    /// The part of a matrix that begins at a place.
    ///
    /// # Safety
    /// The place lies within the sizes.
    unsafe fn from(&self, place: [usize; 4]) -> Matrix {
        let offset = place.into_iter().zip(self.strides).map(|(at, stride)| at.cast_signed() * stride).sum();
        // SAFETY: within the tensor's memory, as the place lies within its sizes.
        let start = unsafe { self.start.offset(offset) };
        Matrix { start, strides: [self.strides[0], self.strides[1]] }
    }
}

impl Matrix {
    fn turned(self) -> Self {
        Self { strides: [self.strides[1], self.strides[0]], ..self }
    }
}

fn sizes(tensor: Tensor) -> [usize; 4] {
    tensor.sizes().map(|size| usize::try_from(size).unwrap_or(0))
}

/// A node and its two sources.
///
/// # Safety
/// The node is one of a graph that lives.
unsafe fn parts(node: *mut sys::ggml_tensor) -> Option<(Tensor, Tensor, Tensor)> {
    let node = Tensor::new(node)?;
    Some((node, node.source(0)?, node.source(1)?))
}

/// `c = a b`, or `c += a b` where `adds`: `[rows, terms]` times `[terms, columns]`.
///
/// # Safety
/// The matrices have as many rows, terms and columns, all of F32 and initialised but for `c`, which needs to be where `adds`;
/// nobody else has this part of `c`.
unsafe fn multiply([rows, terms, columns]: [usize; 3], a: Matrix, b: Matrix, c: Matrix, adds: bool) {
    // SAFETY: by this function's contract.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            terms,
            c.start,
            c.strides[1],
            c.strides[0],
            adds,
            a.start.cast_const(),
            a.strides[1],
            a.strides[0],
            b.start.cast_const(),
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
