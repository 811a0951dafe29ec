//! How fast this machine multiplies: what an estimate of time rests on where nothing has been computed yet.

use std::time::Instant;

use llama_cpp_sys_2 as sys;

use super::arena::{Arena, Products as Multiplier};
use super::machine::Machine;
use super::tensor::Tensor;
use crate::devices::gpus;
use crate::{Backend, LlamaError};

/// Products that are measured.
struct Products {
    /// Rows and columns of the weights.
    width: i64,
    /// Tokens at once.
    tokens: i64,
    kind: sys::ggml_type,
}

/// As of a model of 4 B, in a unit of evaluation.
const USUAL: Products = Products { width: 2048, tokens: 512, kind: sys::GGML_TYPE_Q8_0 };
/// Products in a graph.
const COUNT: usize = 8;
/// Seconds that are enough.
const LONG: f64 = 1.0;
/// Room in a graph.
const NODES: usize = 64;

/// Operations a second of products of Q8_0 weights with 512 tokens, two for each weight and token, on all devices that llama.cpp
/// finds; takes a second or two.
///
/// # Errors
/// Where no device can be started.
pub fn calibrate(backend: &Backend, threads: u32) -> Result<f64, LlamaError> {
    measure(backend, threads, &USUAL)
}

/// The same of square matrices of that width in BF16: what the fastest device does at best.
///
/// # Errors
/// Where no device can be started.
pub fn matrix_rate(backend: &Backend, threads: u32, width: u32) -> Result<f64, LlamaError> {
    let width = i64::from(width);
    measure(backend, threads, &Products { width, tokens: width, kind: sys::GGML_TYPE_BF16 })
}

fn measure(_: &Backend, threads: u32, products: &Products) -> Result<f64, LlamaError> {
    let Products { width, tokens: count, kind } = *products;
    let machine = Machine::new(&gpus(), threads, NODES)?;
    let arena = Arena::new(NODES, Multiplier::Ggml);
    let filled = |rows, value| arena.fill(arena.new_2d(sys::GGML_TYPE_F32, width, rows), value);
    let weights = arena.cast(filled(width, 0.5), kind);
    let tokens = filled(count, 0.25);
    let mut nodes: Vec<Tensor> = vec![weights, tokens];
    nodes.extend((0..COUNT).map(|_| arena.mul_mat(weights, tokens)));
    let program = machine.program(&nodes, NODES)?;
    // Once for whatever is done only once.
    program.run()?;
    let (begun, mut runs) = (Instant::now(), 0.0);
    while begun.elapsed().as_secs_f64() < LONG {
        program.run()?;
        runs += 1.0;
    }
    let of_run = 2.0 * (width * width * count) as f64 * COUNT as f64;
    Ok(runs * of_run / begun.elapsed().as_secs_f64())
}
