//! Whether a quantized model learns made-up facts by heart: `cargo bench --bench facts`, with `XLT_BENCH_MODEL` as for the
//! benchmark `evaluate`.
//!
//! Nothing can be known of them beforehand. Each is a question whose answer's tokens are learned; in the end the adapter is
//! read back by a model that is loaded anew, and has to answer every question exactly, with the logits that training saw.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use support::{model, patient_threads, setting};
use xlt_core::training::{Example, initial, pack};
use xlt_llama::{
    AdamW, Backend, Context, ContextOptions, KvType, LoadOptions, Model, Piece, QuantizeOptions, Token, TrainOptions,
    Trainer, quantize, write_lora,
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

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path());
    for to in setting("XLT_BENCH_TYPES").unwrap_or_else(|| "Q8_0,Q4_K_M".to_owned()).split(',') {
        let path = folder.path().join(format!("{to}.gguf"));
        let options = QuantizeOptions { to, requantize: true, threads: 2 };
        quantize(&backend, &file, &path, &options, &mut |_, _| {}).unwrap();
        let load = || Model::load(&backend, &path, &LoadOptions::default()).unwrap();
        let model = load();
        let examples: Vec<Example> = FACTS.iter().map(|fact| example(&model, fact)).collect();
        let start = initial(model.architecture(), 16.0, &model.linear_weights(8).unwrap(), 1);
        let adapter = path.with_extension("adapter");
        write_lora(&start, &adapter).unwrap();
        let windows = pack::pack(&examples.iter().collect::<Vec<_>>(), WINDOW).unwrap();
        let [window] = &windows[..] else { panic!("the facts fit into one window") };
        let (answers, dropout) = (window.answers.len(), 0.0);
        let options = TrainOptions {
            window: WINDOW,
            answers,
            threads: 2,
            memory: None,
            dropout,
            portable: false,
            keep_logits: true,
        };
        let mut trainer = Trainer::new(&model, &adapter, &options).unwrap();
        let mut loss =
            || -trainer.accumulate(window, 1.0 / answers as f32).unwrap().iter().sum::<f64>() / answers as f64;
        let before = loss();
        trainer.step(&STEP).unwrap();
        for step in 1..STEPS {
            trainer.accumulate(window, 1.0 / answers as f32).unwrap();
            let rate = STEP.rate * (STEPS - step) as f64 / STEPS as f64;
            trainer.step(&AdamW { rate, ..STEP }).unwrap();
        }
        let last = trainer.accumulate(window, 1.0 / answers as f32).unwrap();
        let after = -last.iter().sum::<f64>() / answers as f64;
        let trained = trainer.logits(window);
        std::fs::remove_file(&adapter).unwrap();
        write_lora(&trainer.adapter(), &adapter).unwrap();
        let mut fresh = load();
        fresh.attach(&adapter).unwrap();
        let rows: Vec<Vec<Vec<f32>>> = examples.iter().map(|example| logits(&fresh, example)).collect();
        let exact = examples.iter().zip(&rows).filter(|(example, rows)| is_exact(example, rows)).count();
        // The window has the longest fact first.
        let mut order: Vec<usize> = (0..examples.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(examples[*at].tokens.len()));
        let again = order.iter().flat_map(|at| &rows[*at]);
        let far = |(one, other): (&Vec<f32>, &Vec<f32>)| {
            one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
        };
        let furthest = again.zip(&trained).map(far).fold(0.0, f32::max);
        println!(
            "{to:8} loss {before:.3} before, {after:.4} after {STEPS} steps; {exact} of {} exact; logits read back differ by {furthest:.1e}",
            examples.len()
        );
    }
}

fn example(model: &Model, (question, answer): &(&str, &str)) -> Example {
    let ids = |text: &str, special| model.tokenize(text, special).unwrap();
    let (prompt, answer) = (ids(&format!("Question: {question}\nAnswer:"), true), ids(&format!(" {answer}.\n"), false));
    let tokens = prompt.iter().chain(&answer).map(|token| token.id().cast_signed()).collect();
    Example { key: (*question).to_owned(), language: String::new(), tokens, answered: answer.len() }
}

/// Logits for each token of the answer, as evaluation computes them.
fn logits(model: &Model, example: &Example) -> Vec<Vec<f32>> {
    let tokens = example.tokens.iter().map(|id| model.token(id.unsigned_abs()).unwrap());
    let tokens: Vec<Token> = tokens.take(example.tokens.len() - 1).collect();
    let (n, outputs) = (tokens.len() as u32, example.answered as u32);
    let options =
        ContextOptions { n_ctx: n, n_batch: n, sequences: 1, separate: false, outputs, kv: KvType::F32, threads: 2 };
    let mut context = Context::new(model, &options).unwrap();
    let quiet = tokens.len() - example.answered;
    let rows = context.decode(&[Piece { sequence: 0, tokens: &tokens, quiet }]).unwrap();
    rows.into_iter().map(<[f32]>::to_vec).collect()
}

/// Whether the likeliest token is the right one, all along the answer.
fn is_exact(example: &Example, rows: &[Vec<f32>]) -> bool {
    let answer = &example.tokens[example.tokens.len() - example.answered..];
    let likeliest = |row: &Vec<f32>| (0..row.len()).max_by(|one, other| row[*one].total_cmp(&row[*other]));
    rows.iter().zip(answer).all(|(row, id)| likeliest(row) == Some(id.unsigned_abs() as usize))
}
