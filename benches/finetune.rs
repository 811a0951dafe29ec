//! How fast an adapter is trained, and how much memory that takes; with `XLT_BENCH_PYTHON`, a Python that has torch,
//! transformers, peft and gguf, beside PyTorch, which trains the same model on the same tokens. And how true the gradients on
//! quantized bases are.
//!
//! `cargo bench --bench finetune`, with `XLT_BENCH_MODEL` as for the benchmark `evaluate`. A step is one window of 512 tokens with
//! the loss on each, forward, backward and AdamW, of an adapter of rank 8 on all linear weights. The best of `XLT_BENCH_TURNS`
//! (4) counts. `XLT_BENCH_PROFILE=1` shows where the time of a step goes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::{model, patient_threads, setting};
use xlt_core::lora::Lora;
use xlt_core::training::{Answer, Window, initial};
use xlt_llama::{
    AdamW, Backend, LoadOptions, Model, Portable, QuantizeOptions, TrainOptions, Trainer, quantize, write_lora,
};

const TOKENS: usize = 512;
const RANK: usize = 8;
const STEP: AdamW = AdamW { rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.0, clip: None };

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = model(folder);
    let number = |name: &str, default: u32| setting(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (threads, turns) = (number("XLT_BENCH_THREADS", 2), number("XLT_BENCH_TURNS", 4));
    println!("{}, {threads} threads, {TOKENS} tokens, rank {RANK}", xlt_llama::kernel_class(&backend));
    let as_type = |from: &Path, to: &str, name: &str| {
        let path = folder.join(format!("{name}.gguf"));
        let options = QuantizeOptions { to, requantize: true, threads };
        quantize(&backend, from, &path, &options, &mut |_, _| {}).unwrap();
        path
    };
    let exact = as_type(&file, "F32", "F32");
    let torch = setting("XLT_BENCH_PYTHON").map(|python| beside_torch(&python, &backend, &exact, threads, turns));
    for to in setting("XLT_BENCH_TYPES").unwrap_or_else(|| "F32,Q8_0,Q4_K_M".to_owned()).split(',') {
        let path = if to == "F32" { exact.clone() } else { as_type(&file, to, to) };
        let model = Model::load(&backend, &path, &LoadOptions::default()).unwrap();
        measure(&model, &path, (threads, turns), to, torch);
        if to != "F32" {
            let same = as_type(&path, "F32", &format!("{to}-as-F32"));
            let same = Model::load(&backend, &same, &LoadOptions::default()).unwrap();
            errors(&model, &same, &path, threads);
        }
    }
    println!("peak memory of this process, with the models it loaded: {} MiB", peak());
}

/// Tokens a second, and a CPU second.
type Rates = (f64, f64);

fn trainer<'m>(model: &'m Model, beside: &Path, lora: &Lora, threads: u32, portable: Portable) -> Trainer<'m> {
    let adapter = beside.with_extension("adapter");
    let _ = std::fs::remove_file(&adapter);
    write_lora(lora, &adapter).unwrap();
    let (window, answers) = (TOKENS, TOKENS);
    let options = TrainOptions { window, answers, threads, memory: None, dropout: 0.0, portable, keep_logits: false };
    Trainer::new(model, &adapter, &options).unwrap()
}

fn start(model: &Model) -> Lora {
    initial(model.architecture(), 16.0, &model.linear_weights(RANK).unwrap(), 1)
}

fn measure(model: &Model, path: &Path, (threads, turns): (u32, u32), name: &str, torch: Option<Rates>) {
    let mut trainer = trainer(model, path, &start(model), threads, Portable::Neither);
    let window = window(&tokens(model));
    let (mut best, mut least) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..turns {
        let (began, busy) = (Instant::now(), busy());
        trainer.accumulate(&window, 1.0 / TOKENS as f32).unwrap();
        trainer.step(&STEP).unwrap();
        best = best.min(began.elapsed().as_secs_f64());
        least = least.min(self::busy() - busy);
    }
    let (rate, share) = (TOKENS as f64 / best, TOKENS as f64 / least);
    let of_torch = torch.map(|torch| format!(", {:.2} and {:.2} of PyTorch's", rate / torch.0, share / torch.1));
    println!(
        "{name:8} {rate:>6.1} tokens/s, {share:.1} a CPU second{}; {} MiB beside the model, {:?}",
        of_torch.unwrap_or_default(),
        trainer.bytes() >> 20,
        trainer.layout()
    );
    if setting("XLT_BENCH_PROFILE").is_some() {
        profile(&mut trainer, &window);
    }
}

/// PyTorch with PEFT on the same tokens, in F32.
fn beside_torch(python: &str, backend: &Backend, exact: &Path, threads: u32, turns: u32) -> Rates {
    let tokens = tokens(&Model::load(backend, exact, &LoadOptions::default()).unwrap());
    let folder = exact.parent().unwrap();
    std::fs::write(folder.join("tokens.json"), serde_json::to_string(&tokens).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/beside_torch.py");
    let numbers = [threads, turns].map(|number| number.to_string());
    let mut command = Command::new(python);
    command.arg(script).args([folder.as_os_str(), exact.file_name().unwrap()]).args(numbers);
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let found: Vec<f64> = said.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [seconds, spent, peak] = found[..] else { panic!("{said}") };
    let (rate, share) = (TOKENS as f64 / seconds, TOKENS as f64 / spent);
    println!("PyTorch  {rate:>6.1} tokens/s, {share:.1} a CPU second; peak memory {peak:.0} MiB");
    (rate, share)
}

/// How far gradients on a quantized base are from those on the very same numbers in F32, and what transposes in BF16 add behind
/// the same forward pass, as a GPU uses them.
fn errors(quantized: &Model, same: &Model, path: &Path, threads: u32) {
    let window = window(&tokens(quantized));
    let mut lora = start(quantized);
    for pair in &mut lora.pairs {
        // Away from zero, where the gradient of A is none.
        let again = initial("", 1.0, &[(pair.tensor.clone(), pair.shape)], 2).pairs.remove(0).a;
        pair.b = again.iter().cycle().take(pair.b.len()).map(|value| 0.05 * value).collect();
    }
    let gradients = |model: &Model, portable: Portable| {
        let mut trainer = trainer(model, path, &lora, threads, portable);
        trainer.accumulate(&window, 1.0 / TOKENS as f32).unwrap();
        let pairs = trainer.gradients().pairs.into_iter();
        pairs.flat_map(|pair| [pair.a, pair.b]).flatten().map(f64::from).collect::<Vec<_>>()
    };
    let real = gradients(same, Portable::Neither);
    let [ours, portable] = [Portable::Neither, Portable::Backward].map(|portable| gradients(quantized, portable));
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    let error = |from: &[f64], found: &[f64]| {
        let difference: Vec<f64> = from.iter().zip(found).map(|(one, other)| one - other).collect();
        (dot(&difference, &difference) / dot(from, from)).sqrt()
    };
    let cosine = dot(&real, &ours) / (dot(&real, &real) * dot(&ours, &ours)).sqrt();
    println!(
        "         gradients against the same numbers in F32: error {:.2} %, cosine {cosine:.5}; BF16 transposes change {:.2} %",
        100.0 * error(&real, &ours),
        100.0 * error(&ours, &portable)
    );
}

/// Most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) / 1024
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

/// Some text, of one token more than a window.
fn tokens(model: &Model) -> Vec<i32> {
    let words = (0..).map(|at| format!("Row {at} says that {} is not {}. ", at * 7 % 100, at * 13 % 90));
    let text: String = words.take(TOKENS / 4).collect();
    let tokens = model.tokenize(&text, false).unwrap();
    tokens.iter().take(TOKENS + 1).map(|token| token.id().cast_signed()).collect()
}

/// A window of them, every token to be predicted.
fn window(tokens: &[i32]) -> Window {
    Window {
        tokens: tokens[..TOKENS].to_vec(),
        positions: (0..TOKENS as i32).collect(),
        examples: vec![0; TOKENS],
        answers: (0..TOKENS).map(|after| Answer { after, token: tokens[after + 1] }).collect(),
    }
}
