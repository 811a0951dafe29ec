//! A training written down, for a program that does it elsewhere: what is learned, in which steps, at which rate.
//!
//! Two files. `rows.jsonl` has a row a line, by language and key; `settings.json` says how they are learned, and numbers them from 0.
//! Nothing is in them that is not in the key of the stage: no names of the spec, no bounds.

use super::order::Step;
use super::{Example, learning_rate, targets};
use crate::peft::{ModelShape, modules};
use crate::plan::FinetuneWork;
use crate::spec::Lesson;
use serde::Serialize;

/// The file with what is learned.
pub const ROWS_FILE: &str = "rows.jsonl";
/// The file with how.
pub const SETTINGS_FILE: &str = "settings.json";
/// What the files are, and in which version.
const FORMAT: &str = "xlt training 1";
/// What chooses experts is not trained.
const ROUTER: &str = ".ffn_gate_inp.";

#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    language: &'a str,
    prompt: String,
    answer: String,
    prompt_tokens: &'a [i32],
    answer_tokens: &'a [i32],
}

#[derive(Serialize)]
struct Settings<'a> {
    format: &'static str,
    architecture: &'a str,
    lesson: &'static str,
    lora: Shape<'a>,
    /// `None`: the names of the architecture in transformers are not known.
    adapted: Option<Vec<Adapted>>,
    optimizer: Optimizer,
    examples_in_step: u64,
    steps: u64,
    seed: u64,
    course: Vec<OfStep<'a>>,
}

#[derive(Serialize)]
struct Shape<'a> {
    rank: u32,
    alpha: f64,
    dropout: f64,
    targets: &'a [String],
    experts: &'static str,
}

#[derive(Serialize)]
struct Adapted {
    tensor: String,
    modules: Vec<String>,
}

#[derive(Serialize)]
struct Optimizer {
    name: &'static str,
    lr: f64,
    schedule: &'static str,
    warmup: f64,
    weight_decay: f64,
    betas: [f64; 2],
    epsilon: f64,
    clip: Option<f64>,
}

#[derive(Serialize)]
struct OfStep<'a> {
    epoch: u64,
    rate: f64,
    rows: &'a [usize],
}

/// The text of `rows.jsonl`. `spelled` gives the text of tokens, special ones as they are spelled.
///
/// # Errors
/// A sentence, if a row has no JSON form.
pub fn rows(examples: &[Example], spelled: &dyn Fn(&[i32]) -> String) -> Result<String, String> {
    let mut text = String::new();
    for example in examples {
        let (prompt, answer) = example.tokens.split_at(example.asked().start);
        let Example { key, language, .. } = example;
        let row = Row {
            key,
            language,
            prompt: spelled(prompt),
            answer: spelled(answer),
            prompt_tokens: prompt,
            answer_tokens: answer,
        };
        text.push_str(&serde_json::to_string(&row).map_err(|error| error.to_string())?);
        text.push('\n');
    }
    Ok(text)
}

/// The text of `settings.json`, for a model of that shape. `course`: the steps, by numbers of rows.
///
/// # Errors
/// A sentence: targets that match nothing.
pub fn settings(work: &FinetuneWork, shape: &ModelShape, course: &[Step]) -> Result<String, String> {
    let training = &work.training;
    let (lora, optimizer, pace) = (&training.lora, &training.optimizer, training.pace);
    let rate = |number| learning_rate(optimizer, number, course.len() as u64);
    let numbered = (0..).zip(course);
    let steps = numbered.map(|(number, step)| OfStep { epoch: step.epoch, rate: rate(number), rows: &step.examples });
    let settings = Settings {
        format: FORMAT,
        architecture: &shape.architecture,
        lesson: match training.train_on.lesson {
            Lesson::Answer { .. } => "answer",
            Lesson::Text(_) => "text",
        },
        lora: Shape {
            rank: lora.rank,
            alpha: lora.alpha,
            dropout: lora.dropout,
            targets: &lora.targets,
            experts: if lora.train_experts { "train" } else { "frozen" },
        },
        adapted: adapted(work, shape)?,
        optimizer: Optimizer {
            name: "adamw",
            lr: optimizer.lr,
            schedule: optimizer.schedule.word(),
            warmup: optimizer.warmup,
            weight_decay: optimizer.weight_decay,
            betas: optimizer.betas,
            epsilon: optimizer.epsilon,
            clip: optimizer.clip,
        },
        examples_in_step: u64::from(pace.batch_examples) * u64::from(pace.accumulate),
        steps: course.len() as u64,
        seed: work.seed,
        course: steps.collect(),
    };
    serde_json::to_string_pretty(&settings).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// The weights that are adapted, and the modules of transformers that they are.
fn adapted(work: &FinetuneWork, shape: &ModelShape) -> Result<Option<Vec<Adapted>>, String> {
    let Some(modules) = modules(shape) else { return Ok(None) };
    let linear = modules.keys().map(String::as_str).filter(|name| name.starts_with("blk.") && !name.contains(ROUTER));
    let chosen =
        targets::chosen(&work.training.lora, &linear.collect::<Vec<_>>()).map_err(|error| error.to_string())?;
    let adapted = |tensor: &str| Some(Adapted { modules: modules.get(tensor)?.clone(), tensor: tensor.to_owned() });
    Ok(Some(chosen.into_iter().filter_map(adapted).collect()))
}
