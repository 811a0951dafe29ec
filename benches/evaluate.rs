//! How fast questions are answered, beside what the machine can do at best and beside simpler ways to ask.
//!
//! `cargo bench --bench evaluate` takes the demo's model and its English items. With other items or another model:
//! `XLT_BENCH_ROWS=eng_Latn.jsonl` (rows as Belebele has them) and `XLT_BENCH_MODEL=model.gguf`; `XLT_BENCH_ITEMS=100`
//! takes the first so many, `XLT_BENCH_TYPES=F16,Q8_0` the types, `XLT_BENCH_UNITS=512,1024` sizes of units. Everything is
//! measured in turns in one run, several times, and the best of each counts: a ratio holds on a noisy machine, a time
//! does not.
//!
//! Where lm-evaluation-harness is installed for `python3`, it answers the same items with the same file.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use xlt_core::batch::{self, Ask, Batches, Recipe};
use xlt_core::plan::EvaluateWork;
use xlt_llama::{Backend, Context, ContextOptions, LoadOptions, Model, QuantizeOptions, Token, quantize};
use xlt_run::decode::Decoder;
use xlt_run::question::{self, Asker, Question};
use xlt_run::scorer::Scorer;

#[path = "support/mod.rs"]
mod support;

use support::{model, patient_threads, rows, setting};

const TURNS: usize = 2;
/// Tokens of the prefill that nothing can beat: one decoding of this many.
const PREFILL: usize = 512;

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (model, rows) = (model(folder.path()), rows());
    let threads = setting("XLT_BENCH_THREADS").and_then(|text| text.parse().ok()).unwrap_or(2);
    println!("{}, {threads} threads, {}", xlt_llama::kernel_class(&backend), rows.display());
    let mut counted = false;
    let types = setting("XLT_BENCH_TYPES").unwrap_or_else(|| "F16,Q8_0,Q4_0".to_owned());
    for to in types.split(',') {
        let path = folder.path().join(format!("{to}.gguf"));
        quantize(&backend, &model, &path, &QuantizeOptions { to, requantize: true, threads }, &mut |_, _| {}).unwrap();
        let model = Model::load(&backend, &path, &LoadOptions::default()).unwrap();
        let bench = Bench { model: &model, rows: &rows, threads };
        if !counted {
            bench.sharing();
            println!(
                "{:<6} {:<32} {:>9} {:>9} {:>11} {:>8}",
                "type", "", "items/s", "tokens/s", "tokens/item", "of plain"
            );
        }
        counted = true;
        bench.run(to);
        lm_eval(&path, to, &rows, threads);
    }
}

/// An evaluation with lm-evaluation-harness's prompt for Belebele.
fn work(rows: &Path, unit: Option<usize>, limit: Option<String>) -> EvaluateWork {
    let prompts = r#"
        prompt.preset = "lm-eval-belebele"
        modes.direct = {}
    "#;
    let unit = unit.map(|unit| format!("unit = {unit}\n")).unwrap_or_default();
    let limit = limit.map(|items| format!("limit = {items}\n")).unwrap_or_default();
    support::work(rows, prompts, "direct", &(unit + &limit))
}

/// One way to ask all items.
struct Way<'a> {
    name: String,
    tokens: u64,
    run: Box<dyn Fn() + 'a>,
}

struct Bench<'a> {
    model: &'a Model,
    rows: &'a Path,
    threads: u32,
}

impl Bench<'_> {
    fn run(&self, to: &str) {
        let sizes = setting("XLT_BENCH_UNITS").unwrap_or_default();
        let sizes: Vec<usize> = sizes.split(',').filter_map(|size| size.parse().ok()).collect();
        let usual = work(self.rows, None, setting("XLT_BENCH_ITEMS"));
        let questions = self.questions(&usual);
        let items = questions.len() as u64;
        let mut ways = vec![self.plain()];
        if sizes.is_empty() {
            ways.push(self.units(&questions, usual.evaluate.unit as usize));
            ways.push(self.apart("one prompt an item", &questions, 1));
            ways.push(self.apart("four prompts an item", &questions, 4));
        } else {
            ways.extend(sizes.into_iter().map(|unit| self.units(&questions, unit)));
        }
        let mut best = vec![f64::INFINITY; ways.len()];
        for _ in 0..TURNS {
            for (way, best) in ways.iter().zip(&mut best) {
                let begun = Instant::now();
                (way.run)();
                *best = best.min(begun.elapsed().as_secs_f64());
            }
        }
        let plain = ways[0].tokens as f64 / best[0];
        for (at, (way, seconds)) in ways.iter().zip(best).enumerate() {
            let rate = way.tokens as f64 / seconds;
            let (items_rate, per_item) = match at {
                0 => (String::new(), String::new()),
                _ => (format!("{:.2}", items as f64 / seconds), format!("{:.1}", way.tokens as f64 / items as f64)),
            };
            println!("{to:<6} {:<32} {items_rate:>9} {rate:>9.0} {per_item:>11} {:>8.2}", way.name, rate / plain);
        }
    }

    fn questions(&self, work: &EvaluateWork) -> Vec<Question> {
        Asker::new(work, self.model, &[]).unwrap().questions(question::items(work.asked(), self.rows).unwrap()).unwrap()
    }

    /// What sharing saves on all items of the file, measured or not.
    fn sharing(&self) {
        let work = work(self.rows, None, None);
        let asks: Vec<Ask> = self.questions(&work).iter().map(|question| question.ask(&work.mode)).collect();
        let recipe = Recipe {
            unit: work.evaluate.unit as usize,
            vocabulary: self.model.vocab_size(),
            heads: self.model.heads(),
        };
        let batch::Cost { apart, decoded } = batch::plan(&asks, &recipe).cost(&asks);
        let per_item = |tokens: u64| tokens as f64 / asks.len() as f64;
        println!(
            "all {} items of the file: {:.1} tokens an item, of which {:.1} are decoded",
            asks.len(),
            per_item(apart),
            per_item(decoded)
        );
    }

    /// The rate that nothing can beat: a prompt that fills one decoding, from an empty cache, as often as fills a second.
    fn plain(&self) -> Way<'_> {
        let options = ContextOptions { n_ctx: PREFILL as u32, threads: self.threads, ..ContextOptions::default() };
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(PREFILL);
        let tokens: Vec<Token> = self.model.tokenize(&text, false).unwrap().into_iter().take(PREFILL).collect();
        let context = std::cell::RefCell::new(Context::new(self.model, &options).unwrap());
        let times = 4;
        let run = move || {
            for _ in 0..times {
                context.borrow_mut().logits_after(&tokens).unwrap();
            }
        };
        Way { name: format!("plain prefill of {PREFILL}"), tokens: times * PREFILL as u64, run: Box::new(run) }
    }

    fn units<'b>(&'b self, questions: &'b [Question], unit: usize) -> Way<'b> {
        let work = work(self.rows, Some(unit), None);
        let asks: Vec<Ask> = questions.iter().map(|question| question.ask(&work.mode)).collect();
        let batches: Batches =
            batch::plan(&asks, &Recipe { unit, vocabulary: self.model.vocab_size(), heads: self.model.heads() });
        let tokens = batches.cost(&asks).decoded;
        let run = move || {
            let mut decoder = Decoder::new(self.model, &[&batches], work.evaluate.kv, self.threads).unwrap();
            let mut scorer = Scorer::new(&work, self.model, questions);
            for unit in &batches.units {
                decoder.base(unit).unwrap();
                decoder.own(unit, &mut |role, token, logits| scorer.hear(role, token, logits)).unwrap();
                scorer.answers(unit).unwrap();
                decoder.forget();
            }
        };
        Way { name: format!("xlt, units of {unit}"), tokens, run: Box::new(run) }
    }

    /// Every prompt for itself, `times` times.
    fn apart<'b>(&'b self, name: &str, questions: &'b [Question], times: u64) -> Way<'b> {
        let tokens = times * questions.iter().map(|question| question.prompt.len() as u64).sum::<u64>();
        let longest = questions.iter().map(|question| question.prompt.len()).max().unwrap();
        let options = ContextOptions { n_ctx: longest as u32, threads: self.threads, ..ContextOptions::default() };
        let run = move || {
            let mut context = Context::new(self.model, &options).unwrap();
            for question in questions {
                for _ in 0..times {
                    context.logits_after(&question.prompt).unwrap();
                }
            }
        };
        Way { name: name.to_owned(), tokens, run: Box::new(run) }
    }
}

/// lm-evaluation-harness on the same items and the same file.
fn lm_eval(model: &Path, to: &str, rows: &Path, threads: u32) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/harness.py");
    let limit = setting("XLT_BENCH_ITEMS").unwrap_or_else(|| "0".to_owned());
    let output = Command::new("python3").arg(script).args([model, rows]).args([&limit, &threads.to_string()]).output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let rate: f64 = text.trim().parse().unwrap();
            println!("{to:<6} {:<32} {rate:>9.2}", "lm-evaluation-harness");
        }
        _ => println!("{to:<6} {:<32} {:>9}", "lm-evaluation-harness", "not here"),
    }
}
