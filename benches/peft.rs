//! Whether xlt trains as PEFT does: the same initial adapter, examples and order, on the same model in F32; then on quantized
//! bases, with several seeds.
//!
//! `XLT_BENCH_PYTHON=python cargo bench --bench peft`, a Python that has peft, transformers, torch and gguf, with
//! `XLT_BENCH_MODEL` as for the benchmark `evaluate`. Examples are the demo's that have at most 256 tokens, one a window and
//! `XLT_BENCH_BATCH` (4) a step; `XLT_BENCH_STEPS` (100) steps of AdamW at a falling rate, `XLT_BENCH_RATE` (1e-4, xlt's own) at first.
//! `XLT_BENCH_SEEDS=N` adds the quantized bases with N seeds, another initial adapter and order for each. PEFT computes in F32, and
//! again in F64: how far either is from that says what rounding alone does. Held out are the Arabic questions of the other passages.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use support::{model, patient_threads, setting};
use xlt_core::lora::Lora;
use xlt_core::peft::{CONFIG_FILE, WEIGHTS_FILE, to_peft};
use xlt_core::training::{Example, initial, pack};
use xlt_llama::{
    AdamW, Backend, Context, ContextOptions, KvType, LoadOptions, Model, Portable, QuantizeOptions, Token,
    TrainOptions, Trainer, model_shape, quantize, write_lora,
};

const RANK: usize = 8;
/// Tokens of a window, and the most that an example may have.
const WINDOW: usize = 256;
const DECAY: f64 = 0.01;

/// What both are given.
#[derive(Clone, Serialize)]
struct Task {
    /// Tokens of each example, and how many of the last are asked for.
    examples: Vec<(Vec<u32>, usize)>,
    /// Examples of each step.
    steps: Vec<Vec<usize>>,
    /// Learning rate of each step.
    rates: Vec<f64>,
    decay: f64,
    /// Prompts that are not learned, and the tokens of their labels.
    held_out: Vec<Vec<u32>>,
    labels: Vec<u32>,
    /// The right label of each.
    gold: Vec<usize>,
}

/// What either finds.
#[derive(Deserialize)]
struct Found {
    /// Loss of each step, in nats a token.
    losses: Vec<f64>,
    /// Log-probability of each label of each held-out prompt, in the graph of training.
    held_out: Vec<Vec<f64>>,
    /// The same as evaluation computes it.
    #[serde(default)]
    evaluated: Vec<Vec<f64>>,
}

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = model(folder);
    println!("{}, {}", xlt_llama::kernel_class(&backend), file.file_name().unwrap().display());
    let as_type = |to: &str| {
        let path = folder.join(format!("{to}.gguf"));
        let options = QuantizeOptions { to, requantize: true, threads: 2 };
        quantize(&backend, &file, &path, &options, &mut |_, _| {}).unwrap();
        path
    };
    let exact = as_type("F32");
    let base = Model::load(&backend, &exact, &LoadOptions::default()).unwrap();
    let task = task(&base);
    println!("{} examples, {} steps, {} held out", task.examples.len(), task.steps.len(), task.held_out.len());
    let start = start(&base, 1);
    let losses = train(&backend, &exact, &start, &task);
    let adapter = exact.with_extension("adapter");
    let mut base = base;
    let held_out = held_out(&base, &adapter, &task);
    base.attach(&adapter).unwrap();
    let found = Found { losses, held_out, evaluated: evaluated(&base, &task) };
    drop(base);
    if let Some(python) = setting("XLT_BENCH_PYTHON") {
        let [single, double] = ["float32", "float64"].map(|real| peft(&python, folder, &exact, &start, &task, real));
        for (name, one, other) in [
            ("xlt and PEFT", &found, &single),
            ("xlt and PEFT in F64", &found, &double),
            ("PEFT and PEFT in F64", &single, &double),
        ] {
            compare(name, one, other, &task);
        }
    }
    let Some(seeds) = setting("XLT_BENCH_SEEDS").map(|seeds| seeds.parse::<usize>().unwrap()) else { return };
    println!(
        "held out, mean log-probability of the right label, among all words and among the labels: before; gain by seed"
    );
    for to in ["F32", "Q8_0", "Q4_K_M"] {
        let path = if to == "F32" { exact.clone() } else { as_type(to) };
        let mut model = Model::load(&backend, &path, &LoadOptions::default()).unwrap();
        let before = evaluated(&model, &task);
        let after = (1..=seeds).map(|seed| {
            let task = Task { steps: steps(task.examples.len(), task.rates.len(), seed), ..task.clone() };
            train(&backend, &path, &self::start(&model, seed), &task);
            model.attach(&path.with_extension("adapter")).unwrap();
            let after = evaluated(&model, &task);
            model.detach();
            after
        });
        let after: Vec<_> = after.collect();
        for (name, right) in [("all words", right as fn(&[Vec<f64>], &Task) -> f64), ("labels", right_of_labels)] {
            let before = right(&before, &task);
            let gains: Vec<f64> = after.iter().map(|after| right(after, &task) - before).collect();
            println!("{to:8} {name:10} {before:8.4}  {gains:8.4?}");
        }
    }
}

/// The adapter before the first step, on all linear weights.
fn start(model: &Model, seed: usize) -> Lora {
    initial(model.architecture(), 16.0, &model.linear_weights(RANK).unwrap(), seed as u64)
}

fn task(model: &Model) -> Task {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/data");
    let mut files: Vec<_> = fs::read_dir(data).unwrap().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    let ids = |text: &str, special| -> Vec<u32> {
        model.tokenize(text, special).unwrap().iter().map(|token| token.id()).collect()
    };
    let labels: Vec<u32> = ["1", "2", "3", "4"].iter().map(|label| *ids(label, false).last().unwrap()).collect();
    let end = model.tokens().find(|token| model.ends_turn(*token)).unwrap().id();
    let (mut examples, mut held_out, mut gold) = (Vec::new(), Vec::new(), Vec::new());
    for row in
        files.iter().flat_map(|file| fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        let options: String = (1..=4).map(|at| format!("{at}. {}\n", text(&format!("option{at}")))).collect();
        let prompt = format!("{}\n{}\n{options}Answer:", text("passage"), text("question"));
        let mut tokens: Vec<u32> = ids(&prompt, true);
        let answer = usize::try_from(row["answer"].as_u64().unwrap()).unwrap() - 1;
        if row["part"] == "train" && tokens.len() + 2 <= WINDOW {
            tokens.extend([labels[answer], end]);
            examples.push((tokens, 2));
        } else if row["part"] == "test" && text("language") == "arb_Arab" {
            held_out.push(tokens);
            gold.push(answer);
        }
    }
    let steps: usize = setting("XLT_BENCH_STEPS").map_or(100, |steps| steps.parse().unwrap());
    let rate: f64 = setting("XLT_BENCH_RATE").map_or(1e-4, |rate| rate.parse().unwrap());
    let rates = (0..steps).map(|step| rate * (steps - step) as f64 / steps as f64).collect();
    let steps = self::steps(examples.len(), steps, 0);
    Task { examples, steps, rates, decay: DECAY, held_out, labels, gold }
}

/// Some order that visits all examples: a step through the list that shares no factor with its length, from where the seed says.
fn steps(examples: usize, steps: usize, seed: usize) -> Vec<Vec<usize>> {
    let batch = setting("XLT_BENCH_BATCH").map_or(4, |batch| batch.parse().unwrap());
    let order = (0..steps * batch).map(|at| (at * 101 + seed * 37) % examples);
    order.collect::<Vec<_>>().chunks(batch).map(<[usize]>::to_vec).collect()
}

/// The loss of each step; leaves the adapter beside the model.
fn train(backend: &Backend, path: &Path, start: &Lora, task: &Task) -> Vec<f64> {
    let model = Model::load(backend, path, &LoadOptions::default()).unwrap();
    let adapter = path.with_extension("adapter");
    let write = |lora: &Lora| {
        let _ = fs::remove_file(&adapter);
        write_lora(lora, &adapter).unwrap();
    };
    write(start);
    let mut trainer = Trainer::new(&model, &adapter, &options(WINDOW, false)).unwrap();
    let mut losses = Vec::new();
    for (step, rate) in task.steps.iter().zip(&task.rates) {
        let asked: usize = step.iter().map(|example| task.examples[*example].1).sum();
        let mut loss = 0.0;
        for example in step {
            let (tokens, answered) = &task.examples[*example];
            let tokens = tokens.iter().map(|token| token.cast_signed()).collect();
            let example = Example { key: String::new(), language: String::new(), tokens, answered: *answered };
            let windows = pack::pack(&[&example], WINDOW).unwrap();
            loss -= trainer.accumulate(&windows[0], 1.0 / asked as f32).unwrap().iter().sum::<f64>();
        }
        let with = AdamW { rate: *rate, betas: (0.9, 0.999), epsilon: 1e-8, decay: task.decay, clip: None };
        trainer.step(&with).unwrap();
        losses.push(loss / asked as f64);
    }
    write(&trainer.adapter());
    losses
}

fn options(window: usize, keep_logits: bool) -> TrainOptions {
    TrainOptions {
        window,
        answers: 2,
        threads: 2,
        memory: None,
        dropout: 0.0,
        portable: Portable::Neither,
        keep_logits,
    }
}

/// Log-probabilities of the labels behind each held-out prompt, in the graph of training.
fn held_out(model: &Model, adapter: &Path, task: &Task) -> Vec<Vec<f64>> {
    let longest = task.held_out.iter().map(Vec::len).max().unwrap() + 1;
    let window = longest.next_multiple_of(WINDOW);
    let mut trainer = Trainer::new(model, adapter, &options(window, true)).unwrap();
    let of = |prompt: &Vec<u32>| {
        // Whichever token is asked for, the logits are those behind the prompt.
        let tokens = prompt.iter().chain(&task.labels[..1]).map(|token| token.cast_signed()).collect();
        let example = Example { key: String::new(), language: String::new(), tokens, answered: 1 };
        let windows = pack::pack(&[&example], window).unwrap();
        trainer.accumulate(&windows[0], 1.0).unwrap();
        of_labels(&trainer.logits(&windows[0])[0], task)
    };
    task.held_out.iter().map(of).collect()
}

/// Log-probabilities of the labels behind each held-out prompt, as evaluation computes them.
fn evaluated(model: &Model, task: &Task) -> Vec<Vec<f64>> {
    let longest = task.held_out.iter().map(Vec::len).max().unwrap() as u32;
    let options =
        ContextOptions { n_ctx: longest, n_batch: longest, kv: KvType::F32, threads: 2, ..ContextOptions::default() };
    let mut context = Context::new(model, &options).unwrap();
    let of = |tokens: &Vec<u32>| {
        let tokens: Vec<Token> = tokens.iter().map(|id| model.token(*id).unwrap()).collect();
        of_labels(context.logits_after(&tokens).unwrap(), task)
    };
    task.held_out.iter().map(of).collect()
}

fn of_labels(logits: &[f32], task: &Task) -> Vec<f64> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all = logits.iter().map(|logit| f64::from(logit - most).exp()).sum::<f64>().ln() + f64::from(most);
    task.labels.iter().map(|label| f64::from(logits[*label as usize]) - all).collect()
}

/// Mean log-probability of the right label among all words.
fn right(held_out: &[Vec<f64>], task: &Task) -> f64 {
    held_out.iter().zip(&task.gold).map(|(row, gold)| row[*gold]).sum::<f64>() / held_out.len() as f64
}

/// The same among the labels, which the format of the answer does not move.
fn right_of_labels(held_out: &[Vec<f64>], task: &Task) -> f64 {
    let mass = |row: &Vec<f64>| row.iter().map(|nats| nats.exp()).sum::<f64>().ln();
    right(held_out, task) - held_out.iter().map(mass).sum::<f64>() / held_out.len() as f64
}

fn peft(python: &str, folder: &Path, base: &Path, start: &Lora, task: &Task, real: &str) -> Found {
    let adapter = to_peft(start, &model_shape(base).unwrap(), None).unwrap();
    // In a folder of its own: beside a model transformers would take it for a part of that.
    let beside = folder.join("adapter");
    fs::create_dir_all(&beside).unwrap();
    fs::write(beside.join(CONFIG_FILE), adapter.config_text()).unwrap();
    fs::write(beside.join(WEIGHTS_FILE), adapter.weights_bytes().unwrap()).unwrap();
    fs::write(folder.join("task.json"), serde_json::to_string(task).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/beside_peft.py");
    let name = base.file_name().unwrap();
    assert!(Command::new(python).arg(script).args([folder.as_os_str(), name]).arg(real).status().unwrap().success());
    serde_json::from_str(&fs::read_to_string(folder.join("found.json")).unwrap()).unwrap()
}

fn compare(name: &str, ours: &Found, peft: &Found, task: &Task) {
    println!("{name}:");
    let relative: Vec<f64> =
        ours.losses.iter().zip(&peft.losses).map(|(ours, peft)| (ours / peft - 1.0).abs()).collect();
    let shown = relative.iter().enumerate().filter(|(at, _)| [1, 2, 3, 5, 10, 20, 50, 100].contains(&(at + 1)));
    let shown: Vec<String> = shown.map(|(at, relative)| format!("{}: {relative:.1e}", at + 1)).collect();
    println!("  relative difference of the loss by step: {}", shown.join(", "));
    println!("  more than 1e-3 at {} of {} steps", relative.iter().filter(|it| **it > 1e-3).count(), relative.len());
    let (at, worst) = relative.into_iter().enumerate().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    let (first, last) = (&peft.losses[0], peft.losses.last().unwrap());
    println!(
        "  loss from {first:.4} to {last:.4}; the relative difference is greatest at step {}: {worst:.1e} of {:.4}",
        at + 1,
        peft.losses[at]
    );
    let ways = [("in the graph of training", &ours.held_out), ("as evaluated", &ours.evaluated)];
    for (name, ours) in ways.into_iter().filter(|(_, rows)| !rows.is_empty()) {
        let pairs = || ours.iter().zip(&peft.held_out);
        let all = pairs().flat_map(|(ours, peft)| ours.iter().zip(peft));
        let nats = all.map(|(ours, peft)| (ours - peft).abs()).fold(0.0, f64::max);
        let best = |row: &Vec<f64>| (0..row.len()).max_by(|one, other| row[*one].total_cmp(&row[*other])).unwrap();
        let same = pairs().filter(|(ours, peft)| best(ours) == best(peft)).count();
        println!(
            "  held out, {name}: log-probabilities of labels differ by at most {nats:.1e} nats; {same} of {} predictions are the same",
            task.gold.len()
        );
    }
}
