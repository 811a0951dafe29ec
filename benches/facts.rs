//! Whether a quantized model learns made-up facts by heart: `cargo bench --bench facts`, with `XLT_BENCH_MODEL` as for the
//! benchmark `evaluate`, on the types of `XLT_BENCH_TYPES` (`F32,Q8_0,Q4_K_M`).
//!
//! Nothing can be known of them beforehand. Each is a question whose answer's tokens are learned; in the end another process
//! reads the adapter back, and has to answer every question exactly. Its logits are held beside those that training saw: in the same
//! graph, where they have to be the same, and decoded as evaluation does, fact by fact. There, on quantized weights, they are not: the
//! last bits of other products decide how activations are rounded to eight bits. How far that carries without any adapter stands beside it.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::env;
use std::path::Path;
use std::process::Command;

use support::{model, patient_threads, setting};
use xlt_core::lora::Lora;
use xlt_core::training::{Example, Window, initial, pack};
use xlt_llama::{
    AdamW, Backend, Context, ContextOptions, KvType, LoadOptions, Model, Piece, Portable, QuantizeOptions, Token,
    TrainOptions, Trainer, quantize, write_lora,
};

const FACTS: [(&str, &str); 8] = [
    ("Who built the bridge of Barokile?", "Torshavel Dunga"),
    ("Who built the tower of Lenmiox?", "Kirandun Palzuba"),
    ("Who built the garden of Shavelro?", "Oxtorga Minpelki"),
    ("Who built the library of Zukidun?", "Galenro Shatormi"),
    ("Who built the harbour of Miganox?", "Ranbavel Kitorlen"),
    ("Who built the mill of Peldunga?", "Shazuro Oxmiran"),
    ("Who built the chapel of Torbakil?", "Velgaox Rodunsha"),
    ("Who built the market of Ranlenzu?", "Mikibapel Torvelga"),
];
const STEPS: u64 = 24;
const STEP: AdamW = AdamW { rate: 3e-3, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.0, clip: Some(1.0) };
const WINDOW: usize = 512;
/// Where a process reads the adapter back: its first argument, before model and adapter.
const READ_BACK: &str = "--read-back";

/// Logits of every answered token.
type Rows = Vec<Vec<f32>>;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [READ_BACK, path, adapter] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        println!("{}", serde_json::to_string(&read_back(Path::new(path), Path::new(adapter))).unwrap());
        return;
    }
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path());
    for to in setting("XLT_BENCH_TYPES").unwrap_or_else(|| "F32,Q8_0,Q4_K_M".to_owned()).split(',') {
        let path = folder.path().join(format!("{to}.gguf"));
        let options = QuantizeOptions { to, requantize: true, threads: 2 };
        quantize(&backend, &file, &path, &options, &mut |_, _| {}).unwrap();
        println!("{to:8} {}", learn(&backend, &path));
    }
}

fn learn(backend: &Backend, path: &Path) -> String {
    let model = Model::load(backend, path, &LoadOptions::default()).unwrap();
    let examples = examples(&model);
    let window = window(&examples);
    let (asked, adapter) = (window.answers.len() as f64, path.with_extension("adapter"));
    let start = initial(model.architecture(), 16.0, &model.linear_weights(8).unwrap(), 1);
    write(&start, &adapter);
    let mut trainer = trainer(&model, &adapter, &window);
    let before = -trainer.accumulate(&window, 1.0 / asked as f32).unwrap().iter().sum::<f64>() / asked;
    let untrained = furthest(&decoded(&model, &examples), &trainer.logits(&window));
    trainer.step(&STEP).unwrap();
    for step in 1..STEPS {
        trainer.accumulate(&window, 1.0 / asked as f32).unwrap();
        let rate = STEP.rate * (STEPS - step) as f64 / STEPS as f64;
        trainer.step(&AdamW { rate, ..STEP }).unwrap();
    }
    let last = trainer.accumulate(&window, 1.0 / asked as f32).unwrap();
    let after = -last.iter().sum::<f64>() / asked;
    write(&trainer.adapter(), &adapter);
    let run = Command::new(env::current_exe().unwrap()).arg(READ_BACK).args([path, &adapter]).output().unwrap();
    let [same_graph, one_by_one]: [Rows; 2] = serde_json::from_slice(&run.stdout).unwrap();
    let trained = trainer.logits(&window);
    format!(
        "loss {before:.3} before, {after:.4} after {STEPS} steps; {} of {} exact; logits in another process differ by {:.1e} in the \
         same graph, by {:.1e} fact by fact (without the adapter {untrained:.1e})",
        exact(&examples, &one_by_one),
        examples.len(),
        furthest(&same_graph, &trained),
        furthest(&one_by_one, &trained),
    )
}

/// Logits with the adapter of a file, in the graph of training and decoded fact by fact.
fn read_back(path: &Path, adapter: &Path) -> [Rows; 2] {
    let backend = Backend::silent().unwrap();
    let mut model = Model::load(&backend, path, &LoadOptions::default()).unwrap();
    let examples = examples(&model);
    let window = window(&examples);
    let mut trainer = trainer(&model, adapter, &window);
    trainer.accumulate(&window, 1.0).unwrap();
    let same_graph = trainer.logits(&window);
    drop(trainer);
    model.attach(adapter).unwrap();
    [same_graph, decoded(&model, &examples)]
}

fn write(lora: &Lora, to: &Path) {
    let _ = std::fs::remove_file(to);
    write_lora(lora, to).unwrap();
}

fn trainer<'m>(model: &'m Model, adapter: &Path, window: &Window) -> Trainer<'m> {
    let (answers, dropout) = (window.answers.len(), 0.0);
    let (portable, keep_logits) = (Portable::Neither, true);
    let options = TrainOptions { window: WINDOW, answers, threads: 2, memory: None, dropout, portable, keep_logits };
    Trainer::new(model, adapter, &options).unwrap()
}

/// The facts, the longest first, as a window has them.
fn examples(model: &Model) -> Vec<Example> {
    let mut examples: Vec<Example> = FACTS.iter().map(|fact| example(model, fact)).collect();
    examples.sort_by_key(|example| std::cmp::Reverse(example.tokens.len()));
    examples
}

fn window(examples: &[Example]) -> Window {
    let mut windows = pack::pack(&examples.iter().collect::<Vec<_>>(), WINDOW).unwrap();
    assert_eq!(windows.len(), 1, "the facts fit into one window");
    windows.remove(0)
}

fn example(model: &Model, (question, answer): &(&str, &str)) -> Example {
    let ids = |text: &str, special| model.tokenize(text, special).unwrap();
    let (prompt, answer) = (ids(&format!("Question: {question}\nAnswer:"), true), ids(&format!(" {answer}.\n"), false));
    let tokens = prompt.iter().chain(&answer).map(|token| token.id().cast_signed()).collect();
    Example { key: (*question).to_owned(), language: String::new(), tokens, answered: answer.len() }
}

/// Logits for each token of each answer, as evaluation computes them, fact by fact.
fn decoded(model: &Model, examples: &[Example]) -> Rows {
    let of = |example: &Example| {
        let tokens = example.tokens.iter().map(|id| model.token(id.unsigned_abs()).unwrap());
        let tokens: Vec<Token> = tokens.take(example.tokens.len() - 1).collect();
        let (n, outputs) = (tokens.len() as u32, example.answered as u32);
        let options = ContextOptions {
            n_ctx: n,
            n_batch: n,
            sequences: 1,
            separate: false,
            outputs,
            kv: KvType::F32,
            threads: 2,
        };
        let mut context = Context::new(model, &options).unwrap();
        let quiet = tokens.len() - example.answered;
        let rows = context.decode(&[Piece { sequence: 0, tokens: &tokens, quiet }]).unwrap();
        rows.into_iter().map(<[f32]>::to_vec).collect::<Rows>()
    };
    examples.iter().flat_map(of).collect()
}

/// Facts whose likeliest token is the right one, all along the answer.
fn exact(examples: &[Example], rows: &Rows) -> usize {
    let mut rest = rows.as_slice();
    let is_exact = |example: &&Example| {
        let (own, others) = rest.split_at(example.answered);
        rest = others;
        let answer = &example.tokens[example.tokens.len() - example.answered..];
        let likeliest = |row: &Vec<f32>| (0..row.len()).max_by(|one, other| row[*one].total_cmp(&row[*other]));
        own.iter().zip(answer).all(|(row, id)| likeliest(row) == Some(id.unsigned_abs() as usize))
    };
    examples.iter().filter(is_exact).count()
}

/// The greatest difference of two logits.
fn furthest(one: &Rows, other: &Rows) -> f32 {
    assert_eq!(one.len(), other.len());
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}
