//! How fast this machine multiplies: what an estimate of time rests on where nothing has been computed yet.

use std::time::Instant;

use llama_cpp_sys_2 as sys;

use super::arena::{Arena, Products};
use super::machine::Machine;
use super::tensor::Tensor;
use crate::devices::gpus;
use crate::{Backend, LlamaError};

/// Rows and columns of the weights: as wide as a model of 4 B.
const WIDTH: i64 = 2048;
/// Tokens at once: a unit of evaluation.
const TOKENS: i64 = 512;
/// Products in a graph.
const PRODUCTS: usize = 8;
/// Seconds that are enough.
const LONG: f64 = 1.0;
/// Room in a graph.
const NODES: usize = 64;

/// Operations a second of products of Q8_0 weights with 512 tokens, two for each weight and token, on all devices that llama.cpp
/// finds; takes a second or two.
///
/// # Errors
/// Where no device can be started.
pub fn calibrate(_: &Backend, threads: u32) -> Result<f64, LlamaError> {
    let machine = Machine::new(&gpus(), threads, NODES)?;
    let arena = Arena::new(NODES, Products::Ggml);
    let filled = |rows, value| arena.fill(arena.new_2d(sys::GGML_TYPE_F32, WIDTH, rows), value);
    let weights = arena.cast(filled(WIDTH, 0.5), sys::GGML_TYPE_Q8_0);
    let tokens = filled(TOKENS, 0.25);
    let mut nodes: Vec<Tensor> = vec![weights, tokens];
    nodes.extend((0..PRODUCTS).map(|_| arena.mul_mat(weights, tokens)));
    let program = machine.program(&nodes, NODES)?;
    // Once for whatever is done only once.
    program.run()?;
    let (begun, mut runs) = (Instant::now(), 0.0);
    while begun.elapsed().as_secs_f64() < LONG {
        program.run()?;
        runs += 1.0;
    }
    let of_run = 2.0 * (WIDTH * WIDTH * TOKENS) as f64 * PRODUCTS as f64;
    Ok(runs * of_run / begun.elapsed().as_secs_f64())
}
