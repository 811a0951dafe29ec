//! What a GPU does for xlt, as Markdown: whether its answers and the CPU's are the same, how fast it reads and trains beside what it
//! can do at best, what of a training falls back to the CPU, and how much memory it takes beside what was foreseen.
//!
//! `cargo bench --bench gpu`, or `scripts/gpu-proof.sh`, which does more. The first GPU that is seen computes; without any the CPU does,
//! with small models, so that it is known to work. `XLT_BENCH_MODEL` and `XLT_BENCH_ROWS` as for the benchmark `evaluate`;
//! `XLT_GPU_PARTS=matrix,answers,rate,training` does some of it, `XLT_GPU_SHAPES=small,qwen3-4b` trains other shapes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its tables")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Instant;

use support::{model, patient_threads, rows, setting};
use xlt_core::answers::Answer;
use xlt_core::batch::{self, Ask, Batches, Recipe};
use xlt_core::offload::Beside;
use xlt_core::plan::EvaluateWork;
use xlt_core::schedule::Share;
use xlt_core::training::{self, Window, initial};
use xlt_llama::tiny::{LifeSize, Matrices};
use xlt_llama::{
    AdamW, Backend, Context, ContextOptions, DeviceKind, LoadOptions, Model, Portable, QuantizeOptions, Token,
    TrainOptions, Trainer, devices, matrix_rate, parts, quantize, write_lora,
};
use xlt_run::decode::Decoder;
use xlt_run::question::{self, Asker, Question};
use xlt_run::scorer::Scorer;

const STEP: AdamW = AdamW { rate: 1e-4, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.0, clip: None };
const RANK: usize = 16;
/// Steps that are measured, behind one that is not.
const STEPS: u32 = 3;
/// Tokens of the prefill that nothing can beat.
const PREFILL: usize = 512;
/// Most windows tried for a rate.
const TURNS: usize = 3;

fn main() {
    patient_threads();
    let backend = Backend::silent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let threads = setting("XLT_BENCH_THREADS").and_then(|text| text.parse().ok()).unwrap_or(2);
    let gpus = devices(&backend).into_iter();
    let gpu = gpus.filter(|it| matches!(it.kind, DeviceKind::Gpu | DeviceKind::IntegratedGpu)).map(|it| it.free).next();
    let bench = Bench { backend, folder: folder.path(), threads, gpu };
    let parts = setting("XLT_GPU_PARTS").unwrap_or_else(|| "matrix,answers,rate,training".to_owned());
    let does = |part: &str| parts.split(',').any(|one| one == part);
    println!("kernels: {}; {}", xlt_llama::kernel_class(&backend), bench.place());
    let best = does("matrix").then(|| bench.matrix());
    if does("answers") || does("rate") {
        bench.demo(does("answers"), does("rate"));
    }
    if does("training") {
        bench.training(best);
    }
}

struct Bench<'a> {
    backend: Backend,
    folder: &'a Path,
    threads: u32,
    /// Bytes that are free on the first GPU.
    gpu: Option<u64>,
}

/// The demo's questions, and the units in which they are asked.
struct Asked<'a> {
    work: &'a EvaluateWork,
    questions: &'a [Question],
    batches: Batches,
}

impl Bench<'_> {
    fn place(&self) -> String {
        let device = devices(&self.backend).into_iter().find(|it| it.kind != DeviceKind::Cpu);
        match (self.gpu, device) {
            (Some(free), Some(gpu)) => format!("{} with {} MiB free computes", gpu.description.trim(), free >> 20),
            _ => "no GPU: the CPU computes, and what is called GPU below is not one".to_owned(),
        }
    }

    /// How models are loaded where they are measured.
    fn on(&self) -> LoadOptions {
        let gpus = self.gpu.into_iter().map(|memory| Share { gpu: 0, memory }).collect();
        LoadOptions { gpus, ..LoadOptions::default() }
    }

    fn matrix(&self) -> f64 {
        let width = if self.gpu.is_some() { 8192 } else { 1024 };
        let best = matrix_rate(&self.backend, self.threads, width).unwrap();
        println!("\nproduct of two matrices of {width} x {width} in BF16: {:.2} TFLOP/s\n", best / 1e12);
        best
    }

    fn demo(&self, answers: bool, rate: bool) {
        // Where there is no network there may be no model.
        let Ok(source) = std::panic::catch_unwind(|| model(self.folder)) else {
            return println!(
                "\nanswers and rates of the demo's model: not run, as there is no model here (XLT_BENCH_MODEL)\n"
            );
        };
        let rows = rows();
        println!(
            "\n| type | what | largest difference of a log-probability | mean | other answers |\n|---|---|---:|---:|---:|"
        );
        let types = setting("XLT_BENCH_TYPES").unwrap_or_else(|| "F16,Q8_0,Q4_0,Q4_K_M".to_owned());
        let mut files = Vec::new();
        for to in types.split(',') {
            let path = self.folder.join(format!("{to}.gguf"));
            let options = QuantizeOptions { to, requantize: true, threads: self.threads };
            quantize(&self.backend, &source, &path, &options, &mut |_, _| {}).unwrap();
            if answers {
                self.answers(to, &path, &rows);
            }
            files.push((to, path));
        }
        if rate {
            println!("\n| type | what | tokens/s | of plain |\n|---|---|---:|---:|");
            files.iter().for_each(|(to, path)| self.rates(to, path, &rows));
        }
    }

    /// Answers of the GPU beside the CPU's, and each beside its own in other company: the noise floor.
    fn answers(&self, to: &str, path: &Path, rows: &Path) {
        let work = work(rows, None);
        let [cpu, gpu] = [LoadOptions::default(), self.on()].map(|options| {
            let model = Model::load(&self.backend, path, &options).unwrap();
            let questions = questions(&work, &model);
            [batch::plan, batch::plan_alone].map(|plan| {
                let batches = planned(&work, &model, &questions, plan);
                self.asked(&model, &Asked { work: &work, questions: &questions, batches })
            })
        });
        for (what, one, other) in [
            ("GPU beside CPU", &gpu[0], &cpu[0]),
            ("CPU, alone beside in units", &cpu[1], &cpu[0]),
            ("GPU, alone beside in units", &gpu[1], &gpu[0]),
        ] {
            let (largest, mean, flips) = differences(one, other);
            println!("| {to} | {what} | {largest:.2e} | {mean:.2e} | {flips} of {} |", one.len());
        }
    }

    fn asked(&self, model: &Model, asked: &Asked<'_>) -> Vec<Answer> {
        let Asked { work, questions, batches } = asked;
        let mut decoder = Decoder::new(model, &[batches], work.evaluate.kv, self.threads).unwrap();
        let mut scorer = Scorer::new(work, model, questions);
        let mut answers = Vec::new();
        for unit in &batches.units {
            decoder.base(unit).unwrap();
            decoder.own(unit, &mut |role, token, logits| scorer.hear(role, token, logits)).unwrap();
            answers.extend(scorer.answers(unit).unwrap());
            decoder.forget();
        }
        answers.sort_by(|one, other| one.key.cmp(&other.key));
        answers
    }

    /// Units of several sizes beside llama.cpp's own prefill.
    fn rates(&self, to: &str, path: &Path, rows: &Path) {
        let model = Model::load(&self.backend, path, &self.on()).unwrap();
        let plain = self.plain(&model);
        println!("| {to} | plain prefill of {PREFILL} | {plain:.0} | 1.00 |");
        for unit in [512, 2048, 8192] {
            let work = work(rows, Some(unit));
            let questions = questions(&work, &model);
            let batches = planned(&work, &model, &questions, batch::plan);
            let asks: Vec<Ask> = questions.iter().map(|question| question.ask(&work.mode)).collect();
            let tokens = batches.cost(&asks).decoded as f64;
            let asked = Asked { work: &work, questions: &questions, batches };
            let seconds = best(|| {
                self.asked(&model, &asked);
            });
            println!("| {to} | units of {unit} | {:.0} | {:.2} |", tokens / seconds, tokens / seconds / plain);
        }
    }

    fn plain(&self, model: &Model) -> f64 {
        let options = ContextOptions { n_ctx: PREFILL as u32, threads: self.threads, ..ContextOptions::default() };
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(PREFILL);
        let tokens: Vec<Token> = model.tokenize(&text, false).unwrap().into_iter().take(PREFILL).collect();
        let mut context = Context::new(model, &options).unwrap();
        context.logits_after(&tokens).unwrap();
        PREFILL as f64
            / best(|| {
                context.logits_after(&tokens).unwrap();
            })
    }

    fn training(&self, best: Option<f64>) {
        let usual = if self.gpu.is_some() { "qwen3-4b,qwen3-30b-a3b" } else { "small,small-experts" };
        let named = setting("XLT_GPU_SHAPES").unwrap_or_else(|| usual.to_owned());
        let all = [LifeSize::QWEN3_4B, LifeSize::QWEN3_30B_A3B, LifeSize::SMALL, LifeSize::SMALL_EXPERTS];
        println!(
            "\n| shape | type | window | tokens/s | of the matrix rate | beside the model foreseen, MiB | taken of the GPU, MiB | \
             foreseen of it, MiB | operations | of them by the CPU |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---|"
        );
        for shape in named.split(',').filter_map(|name| all.into_iter().find(|shape| shape.name == name)) {
            // Of the larger one there is room for this type on a usual disk.
            let types: &[Matrices] =
                if shape.experts.is_some() { &[Matrices::Q8_0] } else { &[Matrices::Bf16, Matrices::Q8_0] };
            for &matrices in types {
                self.step(shape, matrices, best);
            }
        }
    }

    fn free(&self) -> u64 {
        devices(&self.backend).into_iter().find(|it| it.kind != DeviceKind::Cpu).map_or(0, |gpu| gpu.free)
    }

    fn step(&self, shape: LifeSize, matrices: Matrices, best: Option<f64>) {
        let path = self.folder.join("life-size.gguf");
        shape.write(&path, matrices).unwrap();
        let before = self.free();
        let options = LoadOptions { use_mmap: self.gpu.is_none(), ..self.on() };
        let model = Model::load(&self.backend, &path, &options).unwrap();
        let memories: Vec<u64> = self.gpu.into_iter().collect();
        let on_gpu = parts(&path).unwrap().0.used(u32::MAX, Beside::default(), &memories).first().copied().unwrap_or(0);
        let tokens = if shape.width > 1024 { 2048 } else { 256 };
        let adapter = self.folder.join("adapter.gguf");
        let _ = std::fs::remove_file(&adapter);
        let targets = model.linear_weights(RANK).unwrap();
        // Experts' weights stay as they are, as in a usual training.
        let targets: Vec<_> = targets.into_iter().filter(|(name, _)| !name.contains("_exps")).collect();
        write_lora(&initial(model.architecture(), 16.0, &targets, 1), &adapter).unwrap();
        let options = TrainOptions {
            window: tokens,
            answers: tokens / 4,
            threads: self.threads,
            memory: self.gpu.map(|memory| xlt_core::offload::left_for_training(memory, on_gpu)),
            dropout: 0.0,
            portable: Portable::Neither,
            keep_logits: false,
        };
        let mut trainer = Trainer::new(&model, &adapter, &options).unwrap();
        let window = window(&model, tokens);
        let mut step = || {
            trainer.accumulate(&window, 1.0 / window.answers.len() as f32).unwrap();
            trainer.step(&STEP).unwrap();
        };
        step();
        let begun = Instant::now();
        (0..STEPS).for_each(|_| step());
        let rate = f64::from(STEPS) * tokens as f64 / begun.elapsed().as_secs_f64();
        // Forward, and the same again backward through frozen weights.
        let of_token = 2.0 * shape.operations(tokens, tokens / 4) / tokens as f64;
        let share = best.map(|best| format!("{:.1} %", 100.0 * rate * of_token / best));
        let taken = before.saturating_sub(self.free());
        let (all, on_cpu) = trainer.on_cpu();
        let fallen: usize = on_cpu.iter().map(|(_, count)| count).sum();
        println!(
            "| {} | {matrices:?} | {tokens} | {rate:.1} | {} | {} | {} | {} | {all} | {fallen} |",
            shape.name,
            share.unwrap_or_default(),
            trainer.bytes() >> 20,
            taken >> 20,
            (on_gpu + trainer.bytes()) >> 20,
        );
        if self.gpu.is_some() {
            on_cpu.iter().take(12).for_each(|(kind, count)| println!("<!-- by the CPU: {count} x {kind} -->"));
        }
        drop(trainer);
        drop(model);
        std::fs::remove_file(&path).unwrap();
    }
}

fn work(rows: &Path, unit: Option<usize>) -> EvaluateWork {
    let prompts = "prompt.preset = \"lm-eval-belebele\"\nmodes.direct = {}";
    let unit = unit.map(|unit| format!("unit = {unit}\n")).unwrap_or_default();
    support::work(rows, prompts, "direct", &unit)
}

fn questions(work: &EvaluateWork, model: &Model) -> Vec<Question> {
    let rows = rows();
    Asker::new(work, model, &[]).unwrap().questions(question::items(work.asked(), &rows).unwrap()).unwrap()
}

fn planned(
    work: &EvaluateWork,
    model: &Model,
    questions: &[Question],
    plan: impl FnOnce(&[Ask], &Recipe) -> Batches,
) -> Batches {
    let asks: Vec<Ask> = questions.iter().map(|question| question.ask(&work.mode)).collect();
    let (unit, vocabulary, heads) = (work.evaluate.unit as usize, model.vocab_size(), model.heads());
    plan(&asks, &Recipe { unit, vocabulary, heads })
}

/// The largest and the mean difference of a log-probability, and how many answers are others.
fn differences(one: &[Answer], other: &[Answer]) -> (f64, f64, usize) {
    let pairs = || one.iter().zip(other);
    let differences: Vec<f64> = pairs()
        .flat_map(|(one, other)| one.logprobs.iter().zip(&other.logprobs).map(|(one, other)| (one - other).abs()))
        .collect();
    let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
    let flips = pairs().filter(|(one, other)| one.prediction != other.prediction).count();
    (differences.into_iter().fold(0.0, f64::max), mean, flips)
}

/// Seconds that it takes at best.
fn best(mut work: impl FnMut()) -> f64 {
    let seconds = (0..TURNS).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    });
    seconds.fold(f64::INFINITY, f64::min)
}

/// Random words, a quarter of which are to be predicted, at the end.
fn window(model: &Model, tokens: usize) -> Window {
    let words = model.vocab_size() as u32;
    let mut token = 7_u32;
    let mut next = || {
        token = token.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        ((token >> 8) % words) as i32
    };
    let text: Vec<i32> = (0..=tokens).map(|_| next()).collect();
    let asked = tokens - tokens / 4..tokens;
    Window {
        tokens: text[..tokens].to_vec(),
        positions: (0..tokens as i32).collect(),
        examples: vec![0; tokens],
        answers: asked.map(|after| training::Answer { after, token: text[after + 1] }).collect(),
    }
}
