//! Gradients against finite differences.

use xlt_core::lora::Lora;
use xlt_core::training::Window;
use xlt_llama::tiny::Architecture;
use xlt_llama::{LoadOptions, Portable, TrainOptions, Trainer};

use crate::steps::relative;
use crate::{Bench, OPTIONS, place};

/// The loss of a trainer's window with its adapter moved along `direction`.
fn loss_at(trainer: &mut Trainer<'_>, window: &Window, from: &Lora, along: &Direction, by: f64) -> f64 {
    let mut checkpoint = trainer.checkpoint();
    checkpoint.adapter = from.clone();
    let pair = &mut checkpoint.adapter.pairs[along.pair];
    let values = if along.in_a { &mut pair.a } else { &mut pair.b };
    for (value, direction) in values.iter_mut().zip(&along.values) {
        *value += (by * f64::from(*direction)) as f32;
    }
    trainer.restore(&checkpoint).unwrap();
    -trainer.accumulate(window, 1.0).unwrap().iter().sum::<f64>()
}

/// One tensor's gradient.
struct Direction {
    pair: usize,
    in_a: bool,
    values: Vec<f32>,
    norm: f64,
}

fn directions(gradients: &Lora) -> Vec<Direction> {
    let sides = gradients.pairs.iter().enumerate().flat_map(|(at, pair)| [(at, true, &pair.a), (at, false, &pair.b)]);
    let direction = |(pair, in_a, values): (usize, bool, &Vec<f32>)| {
        let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        Direction { pair, in_a, values: values.iter().map(|value| (f64::from(*value) / norm) as f32).collect(), norm }
    };
    sides.map(direction).collect()
}

/// Greatest error that is allowed, relative to the gradient's norm.
const ALLOWED: f64 = 1e-3;
/// Greatest difference of a GPU's gradients from the CPU's, of their length. It may round the factors of some products to fewer bits, and
/// give a token another expert where two are nearly as likely.
fn allowed_on_gpu(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::Qwen3Moe | Architecture::GptOss | Architecture::Deepseek2 => 0.15,
        _ => 2e-2,
    }
}

/// How far the adapter is moved along a gradient, as the change of the loss that is expected, in nats. Where experts are chosen
/// the loss jumps when others are, so steps are small.
fn step(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::Qwen3Moe | Architecture::GptOss | Architecture::Deepseek2 => 0.01,
        _ => 0.05,
    }
}

fn check(architecture: Architecture) {
    if !place().gpus.is_empty() {
        return check_beside_cpu(architecture);
    }
    let bench = Bench::new(architecture);
    let window = bench.window();
    // Once with the CPU's own kernels, and once with the operations that a GPU has, with some inputs dropped.
    for (portable, dropout) in [(Portable::Neither, 0.0), (Portable::Both, 0.2)] {
        let mut trainer = bench.train(&bench.lora, TrainOptions { portable, dropout, ..OPTIONS }).unwrap();
        trainer.drop_inputs(1, 1);
        trainer.accumulate(&window, 1.0).unwrap();
        for direction in directions(&trainer.gradients()) {
            let Direction { pair, in_a, norm, .. } = direction;
            let name = format!("{}.lora_{}", bench.lora.pairs[pair].tensor, if in_a { "a" } else { "b" });
            assert!(norm > 1e-3, "{architecture:?}: no gradient reaches {name}");
            let by = step(architecture) / norm;
            let [up, down] = [by, -by].map(|by| loss_at(&mut trainer, &window, &bench.lora, &direction, by));
            let found = (up - down) / (2.0 * by);
            let error = (found / norm - 1.0).abs();
            assert!(error < ALLOWED, "{name}, {portable:?}: {norm} and {found}: {error:.1e}");
        }
    }
}

/// On a GPU losses are too rough for finite differences: its gradients are held against the CPU's, which are checked by them.
#[expect(clippy::print_stderr, reason = "what was measured is worth reading")]
fn check_beside_cpu(architecture: Architecture) {
    for dropout in [0.0, 0.2] {
        let [cpu, gpu] = [LoadOptions::default(), place()].map(|place| {
            let bench = Bench::placed(architecture, &place);
            let mut trainer = bench.train(&bench.lora, TrainOptions { dropout, ..OPTIONS }).unwrap();
            trainer.drop_inputs(1, 1);
            trainer.accumulate(&bench.window(), 1.0).unwrap();
            trainer.gradients()
        });
        let error = relative(&cpu, &gpu);
        eprintln!("{architecture:?}, {dropout} dropped: {error:.1e} from the CPU's");
        assert!(
            error < allowed_on_gpu(architecture),
            "{architecture:?}, {dropout} dropped: {error:.1e} from the CPU's"
        );
    }
}

macro_rules! architectures {
    ($($name:ident: $architecture:ident),*) => {
        $(#[test] fn $name() { check(Architecture::$architecture) })*
    };
}

architectures!(
    llama: Llama, qwen2: Qwen2, qwen3: Qwen3, qwen3moe: Qwen3Moe, gemma3: Gemma3, gpt_oss: GptOss, deepseek2: Deepseek2
);
