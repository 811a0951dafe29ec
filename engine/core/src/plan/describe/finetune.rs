//! What decides an adapter's bytes.
//!
//! Not here: its name, the order of its languages, `checkpoint_every`, and `max_length`, a bound: a longer example is refused,
//! never cut. (A text is cut into pieces of that length, so there it is.) Nor what is only for asking: how likelihoods are
//! compared.

use super::{data, optional, split_of, words};
use crate::key::{Manifest, Value};
use crate::plan::stage::Kind;
use crate::plan::work::{Arm, FinetuneWork};
use crate::spec::{Length, Lesson, Lora, Match, Optimizer, Pace, Quotes, Score, Slot, TrainOn};

pub(super) fn finetune(work: &FinetuneWork, manifest: &mut impl Manifest) {
    let training = &work.training;
    let TrainOn { data: _, part, languages, limit, lesson } = &training.train_on;
    manifest.field("train.part", Value::Text(part));
    manifest.field("train.languages", Value::Texts(languages));
    if let Some(limit) = limit {
        manifest.field("train.limit", Value::Number(*limit));
    }
    data(&work.data, part, manifest);
    match lesson {
        Lesson::Answer { mode: _, gold } => {
            manifest.field("train.answers", Value::Text(gold.word()));
            prompted(work, manifest);
        }
        Lesson::Text(text) => {
            manifest.field("train.text", Value::Text(text));
            if let Some(length) = training.max_length {
                manifest.field("train.max_length", Value::Number(length.into()));
            }
            manifest.field("prompt.labels", Value::Texts(&work.prompt.labels));
            words(&work.prompt, manifest);
        }
    }
    lora(&training.lora, manifest);
    optimizer(&training.optimizer, manifest);
    pace(training.pace, "", manifest);
    if let Some(matched) = training.matched {
        manifest.field("match", Value::Text(matched.word()));
        work.arms.iter().enumerate().for_each(|(at, other)| arm(other, &Arm::input(at), matched, manifest));
    }
    manifest.field("seed", Value::Number(work.seed));
}

/// The same training written down: what changes how it is done here changes what is written.
pub(super) fn rows(work: &FinetuneWork, manifest: &mut impl Manifest) {
    manifest.field("finetune.recipe", Value::Number(Kind::Finetune.recipe()));
    finetune(work, manifest);
}

/// How a row is shown, and what stands behind it. A mode in which something is learned has no reasoning, orders or examples.
fn prompted(work: &FinetuneWork, manifest: &mut impl Manifest) {
    let FinetuneWork { prompt, mode, chat, slot, .. } = work;
    optional(manifest, "prompt.system", prompt.system.as_deref());
    manifest.field("prompt.body", Value::Text(&prompt.body));
    manifest.field("prompt.labels", Value::Texts(&prompt.labels));
    manifest.field("prompt.delimiter", Value::Text(&prompt.delimiter));
    words(prompt, manifest);
    optional(manifest, "mode.instruction", mode.instruction.as_deref());
    manifest.field("mode.score", Value::Text(mode.score.word()));
    match mode.score {
        Score::Texts => optional(manifest, "prompt.continuation", prompt.continuation.as_deref()),
        // What is taught is what these rules read.
        Score::Generate => manifest.field("mode.extract", Value::Text(mode.generate.extract.word())),
        Score::Labels => {}
    }
    optional(manifest, "mode.cue", mode.cue.as_deref());
    manifest.field("model.chat", Value::Text(chat.word()));
    match &mode.slot {
        None | Some(Slot::Final) => optional(manifest, "model.slot", slot.as_deref()),
        Some(Slot::Bare) => manifest.field("mode.slot", Value::Text("")),
        Some(Slot::Text(text)) => manifest.field("mode.slot", Value::Text(text)),
    }
}

fn lora(lora: &Lora, manifest: &mut impl Manifest) {
    manifest.field("lora.rank", Value::Number(lora.rank.into()));
    manifest.field("lora.alpha", Value::Real(lora.alpha));
    manifest.field("lora.dropout", Value::Real(lora.dropout));
    manifest.field("lora.targets", Value::Texts(&lora.targets));
    manifest.field("lora.train_experts", Value::Flag(lora.train_experts));
}

fn optimizer(optimizer: &Optimizer, manifest: &mut impl Manifest) {
    let Optimizer { lr, schedule, warmup, weight_decay, betas: [first, second], epsilon, clip } = optimizer;
    manifest.field("optimizer.lr", Value::Real(*lr));
    manifest.field("optimizer.schedule", Value::Text(schedule.word()));
    manifest.field("optimizer.warmup", Value::Real(*warmup));
    manifest.field("optimizer.weight_decay", Value::Real(*weight_decay));
    manifest.field("optimizer.beta1", Value::Real(*first));
    manifest.field("optimizer.beta2", Value::Real(*second));
    manifest.field("optimizer.epsilon", Value::Real(*epsilon));
    if let Some(clip) = clip {
        manifest.field("optimizer.clip", Value::Real(*clip));
    }
}

fn pace(pace: Pace, of: &str, manifest: &mut impl Manifest) {
    manifest.field(&format!("{of}batch_examples"), Value::Number(pace.batch_examples.into()));
    manifest.field(&format!("{of}accumulate"), Value::Number(pace.accumulate.into()));
    match pace.length {
        Length::Epochs(epochs) => manifest.field(&format!("{of}epochs"), Value::Number(epochs.into())),
        Length::Steps(steps) => manifest.field(&format!("{of}steps"), Value::Number(steps.into())),
    }
}

/// Of another arm, only which questions it has, and, where steps are made equal, how many they make.
fn arm(arm: &Arm, name: &str, matched: Match, manifest: &mut impl Manifest) {
    manifest.field(&format!("{name}.part"), Value::Text(&arm.part));
    if let Some(limit) = arm.limit {
        manifest.field(&format!("{name}.limit"), Value::Number(limit));
    }
    manifest.field(&format!("{name}.data.format"), Value::Text(arm.data.format.word()));
    optional(manifest, &format!("{name}.data.quotes"), arm.data.quotes.map(Quotes::word));
    manifest.field(&format!("{name}.data.key"), Value::Texts(&arm.data.key));
    manifest.field(&format!("{name}.data.group"), Value::Texts(&arm.data.group));
    split_of(&arm.data, &arm.part, &format!("{name}."), manifest);
    if matched.steps() {
        pace(arm.pace, &format!("{name}."), manifest);
    }
}
