//! How fast texts are written, several side by side beside one after the other; and what modes of the same items share.
//!
//! `cargo bench --bench generate`, with the settings of the benchmark `evaluate`. Every text has `XLT_BENCH_BUDGET` tokens (64),
//! or fewer where the model ends it; `XLT_BENCH_SLOTS` names other numbers of slots than 1, 2, 4 and 8. The best of
//! `XLT_BENCH_TURNS` (2) counts: on a noisy machine take more, and fewer `XLT_BENCH_ITEMS` (48). Measured is the
//! writing of answers (protocol `generate`), from prompts that have been read, and of reasoning with the scoring behind it; beside
//! them the limit, bare decoding in full slots.
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
use xlt_llama::{
    Backend, Context, ContextOptions, KvType, LoadOptions, Model, Piece, QuantizeOptions, Saved, quantize,
};
use xlt_run::decode::Decoder;
use xlt_run::generate::Generator;
use xlt_run::question::{self, Asker, Question};

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
    let mut rates = vec![[0.0_f64; 3]; slots.len()];
    let turns = setting("XLT_BENCH_TURNS").and_then(|text| text.parse().ok()).unwrap_or(2);
    for _ in 0..turns {
        for (best, &slots) in rates.iter_mut().zip(&slots) {
            let works = ["generate", "cot"].map(|mode| work(&rows, mode, slots));
            let [answers, scored] = works.each_ref().map(|work| write(&model, work, threads));
            for (best, (seconds, tokens)) in best.iter_mut().zip([answers, scored, bare(&model, &works[1], threads)]) {
                *best = best.max(tokens as f64 / seconds);
            }
        }
    }
    println!(
        "slots   answers, tokens/s  of one slot   reasoned and scored  of one slot   bare llama_decode  of one slot"
    );
    for (slots, columns) in slots.into_iter().zip(&rates) {
        let columns = columns.iter().zip(rates[0]).map(|(rate, one)| format!("{rate:>20.0} {:>12.2}", rate / one));
        println!("{slots:>5} {}", columns.collect::<String>());
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
    let mut generator = Generator::new(work, model, &asker, &questions, threads).unwrap();
    for (ask, logits, prompt) in prompts(model, work, &batches, threads) {
        generator.push(ask, &logits, prompt).unwrap();
    }
    let begun = Instant::now();
    generator.run(true, &|_| false).unwrap();
    (begun.elapsed().as_secs_f64(), generator.decoded)
}

/// Of every question its number, the logits behind its prompt, and what the prompt left.
fn prompts<'a>(
    model: &'a Model,
    work: &EvaluateWork,
    batches: &Batches,
    threads: u32,
) -> Vec<(usize, Vec<f32>, Saved<'a>)> {
    let mut decoder = Decoder::new(model, &[batches], work.evaluate.kv, threads).unwrap();
    let mut prompts = Vec::new();
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
        prompts.extend(unit.asks.iter().map(|&ask| (ask, first[&ask].clone(), decoder.prompt(unit, ask).unwrap())));
        decoder.forget();
    }
    prompts
}

/// Seconds and tokens of the limit: the budget of each prompt, decoded with all slots full, no text looked at, nothing scored.
fn bare(model: &Model, work: &EvaluateWork, threads: u32) -> (f64, u64) {
    let asker = Asker::new(work, model, &[]).unwrap();
    let questions = questions(work, &asker);
    let (_, batches) = plan(model, work, &questions);
    let prompts = prompts(model, work, &batches, threads);
    let longest = questions.iter().map(|question| question.length).max().unwrap();
    let slots = work.evaluate.slots as usize;
    let budget = work.mode.reasons().unwrap().max_tokens;
    let fit = |number: usize| u32::try_from(number).unwrap();
    let options = ContextOptions {
        n_ctx: fit(longest.next_multiple_of(256) * slots),
        n_batch: 64,
        sequences: fit(slots),
        separate: true,
        outputs: 64,
        kv: KvType::F16,
        threads,
    };
    let mut context = Context::new(model, &options).unwrap();
    let token = [model.token(100).unwrap()];
    let (mut seconds, mut tokens) = (0.0, 0);
    for wave in prompts.chunks_exact(slots) {
        context.clear();
        for (slot, (_, _, prompt)) in wave.iter().enumerate() {
            context.copy_in(slot, prompt).unwrap();
        }
        let pieces: Vec<_> = (0..slots).map(|sequence| Piece { sequence, tokens: &token, quiet: 0 }).collect();
        let begun = Instant::now();
        for _ in 0..budget {
            context.decode(&pieces).unwrap();
            tokens += pieces.len() as u64;
        }
        seconds += begun.elapsed().as_secs_f64();
    }
    (seconds, tokens)
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
    let items = setting("XLT_BENCH_ITEMS").unwrap_or_else(|| "48".to_owned());
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
        [modes.generate]
        instruction = "Think step by step about the passage, at length, then answer with 1, 2, 3 or 4."
        score = "generate"
        max_tokens = {budget}
        "#
    );
    support::work(rows, &prompts, mode, &format!("slots = {slots}\nlimit = {items}"))
}
