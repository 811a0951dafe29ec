//! How fast an adapter is trained, and how much memory that takes; with `XLT_BENCH_PYTHON`, a Python that has torch and gguf,
//! beside PyTorch, which trains the same model on the same tokens.
//!
//! `cargo bench --bench finetune`, with `XLT_BENCH_MODEL` as for the benchmark `evaluate`. A step is one window of 512 tokens with
//! the loss on each, forward, backward and AdamW, of an adapter of rank 8 on all linear weights. The best of `XLT_BENCH_TURNS`
//! (4) counts. `XLT_BENCH_PROFILE=1` shows where the time of a step goes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Instant;
use support::{model, patient_threads, setting};
use xlt_core::training::{Answer, Window, initial};
use xlt_llama::{AdamW, Backend, LoadOptions, Model, QuantizeOptions, TrainOptions, Trainer, quantize, write_lora};

const TOKENS: usize = 512;
const RANK: usize = 8;
const STEP: AdamW = AdamW { rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.0, clip: None };

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path());
    let number = |name: &str, default: u32| setting(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (threads, turns) = (number("XLT_BENCH_THREADS", 2), number("XLT_BENCH_TURNS", 4));
    println!("{}, {threads} threads, {TOKENS} tokens, rank {RANK}", xlt_llama::kernel_class(&backend));
    for to in setting("XLT_BENCH_TYPES").unwrap_or_else(|| "F32,Q8_0,Q4_K_M".to_owned()).split(',') {
        let path = folder.path().join(format!("{to}.gguf"));
        let options = QuantizeOptions { to, requantize: true, threads };
        quantize(&backend, &file, &path, &options, &mut |_, _| {}).unwrap();
        measure(&backend, &path, threads, turns, to);
    }
}

fn measure(backend: &Backend, path: &Path, threads: u32, turns: u32, name: &str) {
    let model = Model::load(backend, path, &LoadOptions::default()).unwrap();
    let lora = initial(model.architecture(), 16.0, &model.linear_weights(RANK).unwrap(), 1);
    let adapter = path.with_extension("adapter");
    write_lora(&lora, &adapter).unwrap();
    let options = TrainOptions {
        window: TOKENS,
        answers: TOKENS,
        threads,
        memory: None,
        dropout: 0.0,
        portable: false,
        keep_logits: false,
    };
    let mut trainer = Trainer::new(&model, &adapter, &options).unwrap();
    let window = window(&model);
    let (mut best, mut least) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..turns {
        let (began, busy) = (Instant::now(), busy());
        let likelihoods = trainer.accumulate(&window, 1.0 / TOKENS as f32).unwrap();
        trainer.step(&STEP).unwrap();
        let (seconds, spent) = (began.elapsed().as_secs_f64(), self::busy() - busy);
        (best, least) = (best.min(seconds), least.min(spent));
        println!("  loss {:.4}  {seconds:.2} s, {spent:.2} CPU s", -likelihoods.iter().sum::<f64>() / TOKENS as f64);
    }
    let (rate, share, bytes) = (TOKENS as f64 / best, TOKENS as f64 / least, trainer.bytes() >> 20);
    println!(
        "{name:8} {rate:>8.1} tokens/s, {share:.1} tokens/CPU s, {bytes} MiB beside the model, {:?}",
        trainer.layout()
    );
    if setting("XLT_BENCH_PROFILE").is_some() {
        profile(&mut trainer, &window);
    }
}

/// Seconds that all threads of this process have computed.
fn busy() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 * 1e-9
}

fn profile(trainer: &mut Trainer<'_>, window: &Window) {
    let shares = trainer.profile(window).unwrap();
    let all: f64 = shares.iter().map(|share| share.time.as_secs_f64()).sum();
    for share in shares.iter().take(30) {
        let seconds = share.time.as_secs_f64();
        println!("  {:5.1} %  {seconds:.3} s  {:5} x  {}", 100.0 * seconds / all, share.nodes, share.operation);
    }
}

/// Some text that fills the window, every token of it to be predicted.
fn window(model: &Model) -> Window {
    let words = (0..).map(|at| format!("Row {at} says that {} is not {}. ", at * 7 % 100, at * 13 % 90));
    let text: String = words.take(TOKENS / 4).collect();
    let tokens: Vec<i32> = model.tokenize(&text, false).unwrap().iter().map(|token| token.id() as i32).collect();
    assert!(tokens.len() > TOKENS);
    Window {
        tokens: tokens[..TOKENS].to_vec(),
        positions: (0..TOKENS as i32).collect(),
        examples: vec![0; TOKENS],
        answers: (0..TOKENS).map(|after| Answer { after, token: tokens[after + 1] }).collect(),
    }
}
