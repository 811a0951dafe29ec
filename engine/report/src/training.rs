//! How adapters were trained, as tables and records have it.

use serde_json::{Value, json};
use xlt_core::plan::TrainedAdapter;
use xlt_core::results::{Point, SMOOTHING, Training, TrainingSummary};
use xlt_core::training::log::Entry;

/// What the table shows.
const ABOUT: &str = "The examples of a pass, the tokens read in all steps, and the loss: the negative log-likelihood of a token \
    that was asked for, in nats, on average over a step, before it was taken, so that the first is that of the model as it was. \
    A low loss says that the rows were learned, not that anything was learned of a language.";

/// Trainings, ready to be printed.
pub(crate) struct TrainingTable<'a> {
    /// Heads of the columns with numbers.
    pub(crate) heads: [&'static str; 8],
    /// Sorted by model, adapter and seed.
    pub(crate) rows: Vec<TrainingRow<'a>>,
}

/// One of its rows.
pub(crate) struct TrainingRow<'a> {
    /// The training.
    pub(crate) of: &'a TrainedAdapter,
    /// As many as there are heads; empty where no step was taken.
    pub(crate) numbers: [String; 8],
}

impl<'a> TrainingTable<'a> {
    pub(crate) fn new(trainings: &'a [Training]) -> Self {
        let row = |training: &'a Training| TrainingRow { of: &training.of, numbers: numbers(training) };
        Self {
            heads: ["Steps", "Examples", "Tokens", "First loss", "Last", "Smoothed", "Lowest", "Trained"],
            rows: trainings.iter().map(row).collect(),
        }
    }

    /// What it shows, in sentences.
    pub(crate) fn about(&self) -> String {
        format!(
            "{ABOUT} Smoothed is the mean in which every step counts {SMOOTHING} times the next. Trained is the share of the \
             numbers that are learned in those of the model."
        )
    }
}

fn numbers(Training { head, curve, summary, .. }: &Training) -> [String; 8] {
    let loss =
        |of: fn(&TrainingSummary) -> f64| summary.as_ref().map(|of_it| format!("{:.3}", of(of_it))).unwrap_or_default();
    [
        curve.len().to_string(),
        head.examples.to_string(),
        summary.map(|summary| summary.tokens.to_string()).unwrap_or_default(),
        loss(|summary| summary.first_loss),
        loss(|summary| summary.last_loss),
        loss(|summary| summary.smoothed_loss),
        loss(|summary| summary.lowest_loss),
        format!("{:.4} %", head.share * 100.0),
    ]
}

/// A JSON object for each training, sorted by model, adapter and seed. Its `curve` has a list for each number of a step.
pub(crate) fn training_records(trainings: &[Training]) -> Vec<Value> {
    trainings.iter().map(record).collect()
}

fn record(Training { of: TrainedAdapter { model, adapter, seed }, head, curve, summary }: &Training) -> Value {
    let summary = summary.as_ref();
    json!({
        "model": model,
        "adapter": adapter,
        "seed": seed,
        "steps": curve.len(),
        "examples": head.examples,
        "window": head.window,
        "padding": head.padding,
        "trainable": head.trainable,
        "parameters": head.parameters,
        "share": head.share,
        "targets": head.targets,
        "tokens": summary.map(|summary| summary.tokens),
        "answer_tokens": summary.map(|summary| summary.answer_tokens),
        "first_loss": summary.map(|summary| summary.first_loss),
        "last_loss": summary.map(|summary| summary.last_loss),
        "smoothed_loss": summary.map(|summary| summary.smoothed_loss),
        "lowest_loss": summary.map(|summary| summary.lowest_loss),
        "lowest_step": summary.map(|summary| summary.lowest_step),
        "highest_lr": summary.map(|summary| summary.highest_lr),
        "greatest_gradient_norm": summary.map(|summary| summary.greatest_gradient_norm),
        "curve": {
            "step": steps(curve, |step| step.step.into()),
            "epoch": steps(curve, |step| step.epoch.into()),
            "loss": steps(curve, |step| step.loss.into()),
            "smoothed": curve.iter().map(|point| point.smoothed).collect::<Vec<_>>(),
            "lr": steps(curve, |step| step.lr.into()),
            "gradient_norm": steps(curve, |step| step.gradient_norm.into()),
            "tokens": steps(curve, |step| step.tokens.into()),
            "answer_tokens": steps(curve, |step| step.answer_tokens.into()),
            "examples": steps(curve, |step| step.examples.into()),
        },
    })
}

fn steps(curve: &[Point], of: fn(&Entry) -> Value) -> Vec<Value> {
    curve.iter().map(|point| of(&point.step)).collect()
}
