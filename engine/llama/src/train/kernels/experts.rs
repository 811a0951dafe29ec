//! The gradient that frozen experts hand on: for every token `Wᵀ g` of the experts that were chosen for it, from the weights as they
//! are stored. The tokens of an expert are gathered, multiplied at once, and put back.

use std::cell::RefCell;
use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::frozen::piece;
use super::{Matrices, Matrix, PIECE, multiply, parts, sizes};
use crate::train::tensor::Tensor;

/// Inputs of the weight that are computed at once: a multiple of every quantized type's group.
const BLOCK: usize = 256;

/// What a thread works with.
#[derive(Default)]
struct Bench {
    /// A piece of a weight.
    real: Vec<f32>,
    /// The gradients of an expert's tokens, a column each.
    gathered: Vec<f32>,
    /// What they come to.
    product: Vec<f32>,
    /// Which choice of which token each column is.
    columns: Vec<[usize; 2]>,
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

/// Computes a thread's part of a node: weights `[k, m, experts]` of any type, gradients `[m, used, tokens]` and the chosen experts
/// `[used, tokens]` make `[k, used, tokens]`.
///
/// # Safety
/// ggml calls it for a node that `Arena::experts` made, whose sources are computed and have memory, once for each of `threads`
/// threads.
pub(in super::super) unsafe extern "C" fn compute(
    node: *mut sys::ggml_tensor,
    thread: i32,
    threads: i32,
    _: *mut c_void,
) {
    // SAFETY: by this function's contract.
    let Some((node, weight, g)) = (unsafe { parts(node) }) else { return };
    let Some(ids) = node.source(2) else { return };
    let [k, m, experts, _] = sizes(weight);
    let (g, c) = (Matrices::new(g), Matrices::new(node));
    let blocks = k.div_ceil(BLOCK);
    BENCH.with_borrow_mut(|bench| {
        for task in (thread.unsigned_abs() as usize..blocks * experts).step_by(threads.unsigned_abs() as usize) {
            let (input, expert) = (task % blocks * BLOCK, task / blocks);
            // SAFETY: by this function's contract; no other thread has these inputs of this expert's tokens.
            unsafe {
                bench.gather(ids, expert, g, m);
                bench.multiply(weight, [input, expert], [BLOCK.min(k - input), m]);
                bench.put_back(c, input, BLOCK.min(k - input));
            }
        }
    });
}

impl Bench {
    /// # Safety
    /// `ids` are whole numbers, `[used, tokens]`, and `g` is F32, `[m, used, tokens]`; both have memory.
    unsafe fn gather(&mut self, ids: Tensor, expert: usize, g: Matrices, m: usize) {
        let ([used, tokens, ..], strides) = (sizes(ids), ids.strides());
        self.columns.clear();
        self.gathered.clear();
        for (token, choice) in (0..tokens).flat_map(|token| (0..used).map(move |choice| (token, choice))) {
            // SAFETY: within the sizes of both.
            unsafe {
                let id =
                    ids.data().cast_const().byte_add(choice * strides[0] + token * strides[1]).cast::<i32>().read();
                if usize::try_from(id) == Ok(expert) {
                    let column = g.from([0, choice, token, 0]);
                    let value = |row: usize| column.start.offset(row.cast_signed() * column.strides[0]).read();
                    self.columns.push([choice, token]);
                    self.gathered.extend((0..m).map(value));
                }
            }
        }
    }

    /// # Safety
    /// The inputs begin at a group's start and lie within the weight, which has memory.
    unsafe fn multiply(&mut self, weight: Tensor, [input, expert]: [usize; 2], [inputs, m]: [usize; 2]) {
        let columns = self.columns.len();
        self.product.resize(inputs * columns, 0.0);
        for output in (0..m).step_by(PIECE).filter(|_| columns > 0) {
            let outputs = PIECE.min(m - output);
            let dense = |start: *mut f32, rows: usize| Matrix { start, strides: [1, rows.cast_signed()] };
            // SAFETY: by this function's contract; the gathered columns have `m` rows, and the product has room.
            unsafe {
                let w = piece(weight, [input, output, expert, 0], [inputs, outputs], &mut self.real);
                let g = dense(self.gathered.as_mut_ptr().add(output), m);
                multiply([inputs, outputs, columns], w, g, dense(self.product.as_mut_ptr(), inputs), output > 0);
            }
        }
    }

    /// # Safety
    /// `c` is dense F32, `[k, used, tokens]`, and has memory; nobody else has these inputs of these columns.
    unsafe fn put_back(&self, c: Matrices, input: usize, inputs: usize) {
        for (column, [choice, token]) in self.product.chunks_exact(inputs).zip(&self.columns) {
            // SAFETY: within the sizes, by this function's contract.
            unsafe { c.from([input, *choice, *token, 0]).start.copy_from_nonoverlapping(column.as_ptr(), inputs) }
        }
    }
}
