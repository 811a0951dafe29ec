//! What does not change what training makes, and what does.

use xlt_core::lora::Lora;
use xlt_llama::tiny::Architecture;
use xlt_llama::{AdamW, Layout, LlamaError, Portable, TrainOptions, Trainer};

use crate::{Bench, OPTIONS};

const STEP: AdamW = AdamW { rate: 1e-2, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.01, clip: Some(1.0) };

fn gradients(bench: &Bench, options: TrainOptions) -> (Layout, u64, Lora) {
    let mut trainer = bench.train(&bench.lora, options).unwrap();
    trainer.accumulate(&bench.window(), 0.1).unwrap();
    (trainer.layout(), trainer.bytes(), trainer.gradients())
}

/// Length of the difference over the length of the first.
pub(crate) fn relative(one: &Lora, other: &Lora) -> f64 {
    let values = |lora: &Lora| lora.pairs.iter().flat_map(|pair| [pair.a.clone(), pair.b.clone()]).flatten().collect();
    let (one, other): (Vec<f32>, Vec<f32>) = (values(one), values(other));
    let length = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let difference = length(&mut one.iter().zip(&other).map(|(one, other)| f64::from(one - other)));
    difference / length(&mut one.iter().map(|value| f64::from(*value)))
}

#[test]
fn what_is_given_up_for_memory_changes_no_number() {
    for architecture in Architecture::ALL {
        for bench in [Bench::new(architecture), Bench::quantized(architecture, "Q8_0")] {
            for portable in [Portable::Both, Portable::Neither] {
                let mut options = TrainOptions { portable, ..OPTIONS };
                let (first, mut bytes, expected) = gradients(&bench, options);
                assert!(first.keeps_activations && first.keeps_transposes);
                let mut layouts = 1;
                while bytes > 0 {
                    options.memory = Some(bytes - 1);
                    if let Err(LlamaError::TrainingMemory { .. }) = bench.train(&bench.lora, options) {
                        break;
                    }
                    let (layout, fewer, found) = gradients(&bench, options);
                    assert!(fewer < bytes, "{architecture:?}, {layout:?}: {fewer} of {bytes} bytes");
                    assert!(found == expected, "{architecture:?}, {layout:?}, {portable:?}");
                    (bytes, layouts) = (fewer, layouts + 1);
                }
                assert!(layouts >= 2, "{architecture:?}: {layouts}");
            }
        }
    }
}

#[test]
fn threads_change_no_number() {
    for architecture in [Architecture::Gemma3, Architecture::GptOss, Architecture::Deepseek2] {
        let bench = Bench::quantized(architecture, "Q8_0");
        let [one, three] = [1, 3].map(|threads| gradients(&bench, TrainOptions { threads, ..OPTIONS }));
        assert!(one == three, "{architecture:?}");
    }
}

#[test]
fn transposes_of_a_quantized_base_lose_less_than_a_hundredth() {
    for architecture in [Architecture::Llama, Architecture::Qwen3Moe] {
        let bench = Bench::quantized(architecture, "Q8_0");
        let [ours, portable] = [Portable::Neither, Portable::Backward]
            .map(|portable| gradients(&bench, TrainOptions { portable, ..OPTIONS }).2);
        let error = relative(&ours, &portable);
        assert!(0.0 < error && error < 0.01, "{architecture:?}: {error}");
    }
}

#[test]
fn too_little_memory_is_said_before_training() {
    let bench = Bench::new(Architecture::Llama);
    let error = bench.train(&bench.lora, TrainOptions { memory: Some(1 << 20), ..OPTIONS }).unwrap_err().to_string();
    assert!(error.starts_with("training needs ") && error.contains("and 1 MiB are free"), "{error}");
}

#[test]
fn dropout_loses_that_share_of_the_inputs_and_is_the_same_for_the_same_draw() {
    // With experts, whose inputs have a shape of their own.
    let bench = Bench::new(Architecture::Qwen3Moe);
    let window = bench.window();
    let mut trainer = bench.train(&bench.lora, TrainOptions { dropout: 0.5, ..OPTIONS }).unwrap();
    let (_, _, whole) = gradients(&bench, OPTIONS);
    let drawn = |draw: Option<u64>| {
        let mut trainer = bench.train(&bench.lora, TrainOptions { dropout: 0.5, ..OPTIONS }).unwrap();
        draw.inspect(|number| trainer.drop_inputs(7, *number));
        trainer.accumulate(&window, 0.1).unwrap();
        trainer.gradients()
    };
    assert!(drawn(None) == whole, "nothing is dropped before the first draw");
    assert!(drawn(Some(1)) == drawn(Some(1)) && drawn(Some(1)) != drawn(Some(2)));
    // Over many draws the loss stays near that of the whole adapter.
    let mut loss = |draw| {
        trainer.drop_inputs(7, draw);
        -trainer.accumulate(&window, 0.0).unwrap().iter().sum::<f64>() / window.answers.len() as f64
    };
    let losses: Vec<f64> = (0..40).map(&mut loss).collect();
    let plain = -bench.train(&bench.lora, OPTIONS).unwrap().accumulate(&window, 0.0).unwrap().iter().sum::<f64>();
    let (mean, plain) = (losses.iter().sum::<f64>() / 40.0, plain / window.answers.len() as f64);
    assert!((mean / plain - 1.0).abs() < 0.1, "{mean} and {plain}");
}

fn some_steps(trainer: &mut Trainer<'_>, bench: &Bench, steps: usize) -> Vec<f64> {
    let window = bench.window();
    let weight = 1.0 / window.answers.len() as f32;
    let step = |_| {
        let likelihoods = trainer.accumulate(&window, weight).unwrap();
        trainer.step(&STEP).unwrap();
        -likelihoods.iter().sum::<f64>() / likelihoods.len() as f64
    };
    (0..steps).map(step).collect()
}

#[test]
fn steps_learn_and_a_checkpoint_goes_on_to_the_same_bytes() {
    let bench = Bench::new(Architecture::Qwen3);
    let mut unbroken = bench.train(&bench.lora, OPTIONS).unwrap();
    let losses = some_steps(&mut unbroken, &bench, 12);
    assert!(losses[11] < losses[0] - 0.5, "{losses:?}");
    let mut first = bench.train(&bench.lora, OPTIONS).unwrap();
    assert_eq!(some_steps(&mut first, &bench, 5), losses[..5]);
    let checkpoint = first.checkpoint();
    drop(first);
    let mut second = bench.train(&bench.lora, OPTIONS).unwrap();
    second.restore(&checkpoint).unwrap();
    assert_eq!(second.steps(), 5);
    assert_eq!(some_steps(&mut second, &bench, 7), losses[5..]);
    assert!(second.checkpoint() == unbroken.checkpoint());
}

#[test]
fn a_checkpoint_of_another_adapter_is_refused() {
    let bench = Bench::new(Architecture::Llama);
    let mut trainer = bench.train(&bench.lora, OPTIONS).unwrap();
    let mut checkpoint = trainer.checkpoint();
    checkpoint.first.pairs.pop();
    assert!(trainer.restore(&checkpoint).unwrap_err().to_string().contains("of another adapter"));
}
