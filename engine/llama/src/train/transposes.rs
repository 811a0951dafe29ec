//! Frozen weights the other way round, for devices that have no kernel of ours: the gradient of `y = W x` by `x` is `Wᵀ` times
//! that by `y`.
//!
//! A transpose is exact where the weight is F32, and BF16 otherwise: of the types with at most two bytes a number it loses
//! least (0.5 % of the gradients' norm with Q8_0 bases; F16 loses small ones, Q8_0 loses 18 %). It is made once and kept, or
//! made anew in every pass; both give the same numbers.

use std::collections::HashMap;

use llama_cpp_sys_2 as sys;

use super::arena::{Arena, Products};
use super::machine::Buffer;
use super::tensor::Tensor;
use crate::LlamaError;

/// The transposes that a graph needs.
#[derive(Debug)]
pub(super) struct Transposes {
    /// Where those lie that are kept; `None`: none are.
    kept: Option<Arena>,
    by_weight: HashMap<Tensor, Tensor>,
    /// In the order in which they were asked for.
    pub(super) pairs: Vec<(Tensor, Tensor)>,
}

impl Transposes {
    /// For a model of at most so many matrices.
    pub(super) fn new(keep: bool, most: usize) -> Self {
        Self { kept: keep.then(|| Arena::new(most, Products::Ggml)), by_weight: HashMap::new(), pairs: Vec::new() }
    }

    /// The transpose of a frozen weight.
    pub(super) fn of(&mut self, weight: Tensor, arena: &Arena) -> Tensor {
        let Some(kept) = &self.kept else { return fresh(weight, arena) };
        if let Some(transpose) = self.by_weight.get(&weight) {
            return *transpose;
        }
        let [rows, columns, third, fourth] = weight.sizes();
        let transpose = kept.new_4d(kind(weight), columns, rows, third, fourth);
        self.by_weight.insert(weight, transpose);
        self.pairs.push((weight, transpose));
        transpose
    }

    /// Bytes of those that are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.pairs.iter().map(|(_, transpose)| transpose.bytes() as u64).sum()
    }

    /// Fills those that are kept.
    pub(super) fn fill(&self) -> Result<Option<Buffer>, LlamaError> {
        let (Some(kept), Some((weight, _))) = (&self.kept, self.pairs.first()) else { return Ok(None) };
        let none = || LlamaError::TrainingGraph { why: "there is not enough memory for transposed weights".to_owned() };
        let buffer = Buffer::new(kept, *weight).ok_or_else(none)?;
        for (weight, transpose) in &self.pairs {
            fill(*weight, *transpose);
        }
        Ok(Some(buffer))
    }
}

/// The type of a weight's transpose.
fn kind(weight: Tensor) -> sys::ggml_type {
    if weight.kind() == sys::GGML_TYPE_F32 { sys::GGML_TYPE_F32 } else { sys::GGML_TYPE_BF16 }
}

/// A transpose that is computed where it is needed. Quantized numbers can be turned into F32 only, and F32 into all others.
fn fresh(weight: Tensor, arena: &Arena) -> Tensor {
    let real = if weight.kind() == sys::GGML_TYPE_F32 { weight } else { arena.cast(weight, sys::GGML_TYPE_F32) };
    let turned = arena.transpose(real);
    if kind(weight) == sys::GGML_TYPE_F32 { arena.contiguous(turned) } else { arena.cast(turned, kind(weight)) }
}

/// Side of the squares by which a matrix is turned, so that reading and writing both stay within a cache.
const SQUARE: usize = 32;

fn fill(weight: Tensor, transpose: Tensor) {
    let [columns, rows, ..] = weight.sizes().map(|size| usize::try_from(size).unwrap_or(0));
    let mut raw = vec![0_u8; weight.bytes()];
    // SAFETY: a model's weight has memory, of as many bytes as there is room for.
    unsafe { sys::ggml_backend_tensor_get(weight.raw(), raw.as_mut_ptr().cast(), 0, raw.len()) }
    let matrix = rows * columns;
    let matrices = weight.count() / matrix;
    let mut bytes = Vec::with_capacity(transpose.bytes());
    for raw in raw.chunks_exact(raw.len() / matrices) {
        let turned = turn(&reals(raw, weight.kind(), matrix), rows, columns);
        encode(&turned, transpose.kind(), &mut bytes);
    }
    transpose.write(&bytes);
}

/// The numbers that stored bytes stand for.
pub(super) fn reals(raw: &[u8], kind: sys::ggml_type, count: usize) -> Vec<f32> {
    if kind == sys::GGML_TYPE_F32 {
        return raw.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect();
    }
    let mut values = vec![0.0_f32; count];
    // SAFETY: the traits are a table that lives as long as the program, and every type of a weight can be read; `raw` holds
    // as many numbers of this type as there is room for.
    unsafe {
        if let Some(to_reals) = (*sys::ggml_get_type_traits(kind)).to_float {
            to_reals(raw.as_ptr().cast(), values.as_mut_ptr(), i64::try_from(count).unwrap_or(0));
        }
    }
    values
}

/// `[rows, columns]`, row by row, as `[columns, rows]`.
fn turn(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for top in (0..rows).step_by(SQUARE) {
        for left in (0..columns).step_by(SQUARE) {
            for column in left..(left + SQUARE).min(columns) {
                for row in top..(top + SQUARE).min(rows) {
                    turned[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    turned
}

/// Appends numbers as F32 or BF16.
fn encode(values: &[f32], kind: sys::ggml_type, bytes: &mut Vec<u8>) {
    if kind == sys::GGML_TYPE_F32 {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        return;
    }
    let mut halves = vec![0_u16; values.len()];
    // SAFETY: there is room for as many numbers of 16 bits, which BF16 is, as there are values.
    unsafe {
        let count = i64::try_from(values.len()).unwrap_or(0);
        sys::ggml_fp32_to_bf16_row_ref(values.as_ptr(), halves.as_mut_ptr().cast(), count);
    }
    bytes.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
}
