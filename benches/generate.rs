//! How fast texts are written, several side by side beside one after the other; and what modes of the same items share.
//!
//! `cargo bench --bench generate`, with the settings of the benchmark `evaluate`. Every text has `XLT_BENCH_BUDGET` tokens (64),
//! or fewer where the model ends it; `XLT_BENCH_SLOTS` names other numbers of slots than 1, 2, 4 and 8. Measured is the writing alone, from prompts that have been read.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use support::{model, patient_threads, rows, setting};
use xlt_core::batch::{self, Ask, Batches, Recipe, Role};
use xlt_core::plan::EvaluateWork;
use xlt_llama::{Backend, LoadOptions, Model, QuantizeOptions, quantize};
use xlt_run::decode::Decoder;
use xlt_run::generate::Generator;
use xlt_run::question::{self, Asker, Question};

const TURNS: usize = 2;

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, rows) = (model(folder.path()), rows());
    let threads = setting("XLT_BENCH_THREADS").and_then(|text| text.parse().ok()).unwrap_or(2);
    let path = folder.path().join("Q8_0.gguf");
    let options = QuantizeOptions { to: "Q8_0", requantize: true, threads };
    quantize(&backend, &file, &path, &options, &mut |_, _| {}).unwrap();
    let model = Model::load(&backend, &path, &LoadOptions::default()).unwrap();
    println!("{}, {threads} threads, Q8_0, {}", xlt_llama::kernel_class(&backend), rows.display());
    shared(&model, &rows);
    let slots = setting("XLT_BENCH_SLOTS").unwrap_or_else(|| "1,2,4,8".to_owned());
    let slots: Vec<u32> = slots.split(',').map(|slots| slots.parse().unwrap()).collect();
    let mut best = vec![f64::INFINITY; slots.len()];
    let mut tokens = vec![0; slots.len()];
    for _ in 0..TURNS {
        for (at, &slots) in slots.iter().enumerate() {
            let (seconds, written) = write(&model, &work(&rows, "cot", slots), threads);
            (best[at], tokens[at]) = (best[at].min(seconds), written);
        }
    }
    let rate = |at: usize| tokens[at] as f64 / best[at];
    for (at, slots) in slots.into_iter().enumerate() {
        println!("{slots} slots {:>8.0} tokens/s {:>6.2} of one slot", rate(at), rate(at) / rate(0));
    }
}

/// Tokens of both modes, each prompt by itself, each mode by itself, and together.
fn shared(model: &Model, rows: &Path) {
    let modes = ["direct", "cot"].map(|mode| work(rows, mode, 8));
    let planned = modes.each_ref().map(|work| {
        let asker = Asker::new(work, model, &[]).unwrap();
        let questions = questions(work, &asker);
        let (asks, batches) = plan(model, work, &questions);
        (batches.cost(&asks), batches)
    });
    let [(direct, one), (cot, other)] = planned;
    let base: usize =
        one.units.iter().flat_map(|unit| &unit.strands[..unit.base]).map(|strand| strand.tokens.len()).sum();
    assert!(one.units.iter().zip(&other.units).all(|(one, other)| one.same_base(other)));
    let apart = direct.decoded + cot.decoded;
    println!(
        "direct and cot of the same items: {} tokens needed, {apart} decoded one mode after the other, {} together",
        direct.apart + cot.apart,
        apart - (base + one.prelude.len()) as u64
    );
}

/// Seconds and tokens of the writing.
fn write(model: &Model, work: &EvaluateWork, threads: u32) -> (f64, u64) {
    let asker = Asker::new(work, model, &[]).unwrap();
    let questions = questions(work, &asker);
    let (_, batches) = plan(model, work, &questions);
    let mut decoder = Decoder::new(model, &[&batches], work.evaluate.kv, threads).unwrap();
    let mut generator = Generator::new(work, model, &asker, &questions, threads).unwrap();
    for unit in &batches.units {
        let mut first: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        decoder.base(unit).unwrap();
        let mut hear = |role, _, logits: &[f32]| {
            if let Role::Tail { ask } = role {
                first.insert(ask, logits.to_vec());
            }
            Ok(())
        };
        decoder.own(unit, &mut hear).unwrap();
        for &ask in &unit.asks {
            generator.push(ask, &first[&ask], decoder.prompt(unit, ask).unwrap()).unwrap();
        }
        decoder.forget();
    }
    let begun = Instant::now();
    generator.run(true, &|| false).unwrap();
    (begun.elapsed().as_secs_f64(), generator.decoded)
}

fn questions(work: &EvaluateWork, asker: &Asker<'_>) -> Vec<Question> {
    asker.questions(question::items(work.asked(), Path::new(&rows())).unwrap()).unwrap()
}

fn plan(model: &Model, work: &EvaluateWork, questions: &[Question]) -> (Vec<Ask>, Batches) {
    let asks: Vec<Ask> = questions.iter().map(|question| question.ask(&work.mode)).collect();
    let unit = work.evaluate.unit as usize;
    let batches = batch::plan(&asks, &Recipe { unit, vocabulary: model.vocab_size(), heads: model.heads() });
    (asks, batches)
}

/// The evaluation of the rows in a mode.
fn work(rows: &Path, mode: &str, slots: u32) -> EvaluateWork {
    let items = setting("XLT_BENCH_ITEMS").unwrap_or_else(|| "32".to_owned());
    let budget = setting("XLT_BENCH_BUDGET").unwrap_or_else(|| "64".to_owned());
    let prompts = format!(
        r#"
        [prompt]
        body = "Passage: {{{{ passage }}}}\n\nQuestion: {{{{ question }}}}\n\n{{{{ options_block }}}}"
        [modes.direct]
        instruction = "Answer with 1, 2, 3 or 4 only."
        [modes.cot]
        instruction = "Think step by step about the passage, at length, then answer with 1, 2, 3 or 4."
        reason = {{ max_tokens = {budget} }}
        cue = "Answer: "
        "#
    );
    support::work(rows, &prompts, mode, &format!("slots = {slots}\nlimit = {items}"))
}
