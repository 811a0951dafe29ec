//! AdamW (Loshchilov, Hutter 2019) with clipped gradients, on the devices where the adapter is.

use llama_cpp_sys_2 as sys;

use super::arena::Arena;
use super::machine::{Buffer, Machine, Program};
use super::tensor::Tensor;
use crate::LlamaError;

/// What one step is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate of this step.
    pub rate: f64,
    /// Decay of the first and of the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay, which the rate scales.
    pub decay: f64,
    /// Greatest norm of the gradient over all of the adapter; a longer one is scaled down to it, as PyTorch's
    /// `clip_grad_norm_` does. `None`: as it is.
    pub clip: Option<f64>,
}

/// What the optimizer keeps beside the adapter, tensor by tensor.
#[derive(Debug)]
pub(super) struct Optimizer {
    pub(super) gradients: Vec<Tensor>,
    pub(super) first: Vec<Tensor>,
    pub(super) second: Vec<Tensor>,
    /// Seven numbers of the step, as ggml wants them.
    numbers: Tensor,
    /// By what the gradients are multiplied.
    share: Tensor,
    // In the order in which they can be dropped.
    program: Program,
    _buffer: Buffer,
    _arena: Arena,
}

impl Optimizer {
    pub(super) fn new(trained: &[Tensor], machine: &Machine) -> Result<Self, LlamaError> {
        let arena = Arena::new(12 * trained.len() + 16, machine.products());
        let copies = || trained.iter().map(|tensor| arena.duplicate(*tensor)).collect::<Vec<_>>();
        let (gradients, first, second) = (copies(), copies(), copies());
        let numbers = arena.new_1d(sys::GGML_TYPE_F32, 7);
        let share = arena.new_1d(sys::GGML_TYPE_F32, 1);
        let none = || LlamaError::TrainingGraph { why: "there is not enough memory for the optimizer".to_owned() };
        let buffer = Buffer::new(&arena, *trained.first().ok_or_else(none)?).ok_or_else(none)?;
        let mut nodes = Vec::new();
        for (at, tensor) in trained.iter().enumerate() {
            // SAFETY: sets a flag of a tensor that lives, see `Tensor`: without it ggml refuses to step.
            unsafe { sys::ggml_set_param(tensor.raw()) }
            let gradient = arena.mul(gradients[at], share);
            nodes.push(gradient);
            nodes.push(arena.adamw(*tensor, gradient, first[at], second[at], numbers));
            nodes.push(arena.fill_inplace(gradients[at], 0.0));
        }
        let program = machine.program(&nodes, 8 * nodes.len())?;
        Ok(Self { gradients, first, second, numbers, share, program, _buffer: buffer, _arena: arena })
    }

    /// Bytes that it keeps.
    pub(super) fn bytes(&self) -> u64 {
        3 * self.gradients.iter().map(|gradient| gradient.bytes() as u64).sum::<u64>()
    }

    /// Makes step number `step`, counted from 1, and forgets the gradients. Returns their norm before clipping.
    pub(super) fn step(&self, step: u64, with: &AdamW) -> Result<f64, LlamaError> {
        let norm = self.norm();
        let share = with.clip.map_or(1.0, |clip| (clip / (norm + CLIP_EPSILON)).min(1.0));
        let (first, second) = with.betas;
        let count = i32::try_from(step).unwrap_or(i32::MAX);
        let corrections = [first, second].map(|beta| 1.0 / (1.0 - beta.powi(count)));
        let numbers = [with.rate, first, second, with.epsilon, with.decay, corrections[0], corrections[1]];
        self.numbers.write(&numbers.map(|number| number as f32));
        self.share.write(&[share as f32]);
        self.program.run()?;
        Ok(norm)
    }

    /// Euclidean norm of all gradients together.
    fn norm(&self) -> f64 {
        let squares = self
            .gradients
            .iter()
            .map(|gradient| gradient.read().iter().map(|value| f64::from(*value).powi(2)).sum::<f64>());
        squares.sum::<f64>().sqrt()
    }
}

/// What PyTorch adds to the norm before it divides by it.
const CLIP_EPSILON: f64 = 1e-6;
