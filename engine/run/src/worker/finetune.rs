//! Trains an adapter: rows become examples, examples steps, and after every few of them there is a checkpoint to go on from.

mod checkpoint;
mod course;
mod targets;

use super::loaded::of_model;
use super::offload::{self, Offload};
use super::{Desk, Product, Trouble, folder, llama};
use crate::protocol::Learning;
use crate::{memory, model_file, question};
use checkpoint::Checkpoints;
pub(super) use course::Course;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use targets::{Fitted, fit};
use xlt_core::lora::Lora;
use xlt_core::plan::FinetuneWork;
use xlt_core::training::log::{Entry, Head};
use xlt_core::training::order::Step;
use xlt_core::training::{Lessons, learning_rate};
use xlt_llama::{AdamW, Layout, Model, Portable, TrainOptions, Trainer, write_lora};

pub(super) fn run(desk: &Desk<'_>, work: &FinetuneWork) -> Result<Product, Trouble> {
    let [model_path, rows @ ..] = desk.inputs else { return Err(Trouble::new("it needs a model and rows")) };
    let lessons = lessons(work, rows)?;
    let mut loaded = desk.worker.llama.borrow_mut();
    let llama = llama::start(desk)?;
    let path = model_file(model_path);
    let Offload { options, training } =
        offload::for_training(desk, &path).map_err(|error| of_model(&work.model, &path, &error))?;
    let model = loaded.base(desk, &llama.backend, &path, &work.model, options)?;
    let kernel_class = model.kernel_class(&llama.backend);
    let course = course(work, model, model.train_context(), lessons).map_err(Trouble::new)?;
    let options = TrainOptions {
        window: course.window,
        answers: course.answers,
        threads: desk.job.threads,
        memory: training.or_else(|| memory::for_training(size(model_path))),
        dropout: work.training.lora.dropout as f32,
        portable: Portable::Neither,
        keep_logits: false,
    };
    let Fitted { trainer, targets, left_out } = fit(work, model, desk.folder, &options).map_err(Trouble::new)?;
    let head = head(&course, &trainer, targets, model.parameters());
    let training = Training { desk, work, course: &course, trainer, log: head.line(), begun: Instant::now(), read: 0 };
    training.say(model, &head, &left_out);
    let checkpoints = Checkpoints { partial: desk.partial, kernel_class: &kernel_class, head: &head };
    let (adapter, log) = training.outcome(&checkpoints)?;
    let outputs = vec![desk.folder.join("adapter.gguf"), desk.folder.join("log.jsonl")];
    write_lora(&adapter, &outputs[0]).map_err(Trouble::new)?;
    fs::write(&outputs[1], log).map_err(|error| Trouble::new(folder::sentence(&outputs[1], &error)))?;
    Ok(Product { outputs, kernel_class: Some(kernel_class), ..Product::default() })
}

/// What is learned, from the files of rows.
pub(super) fn lessons(work: &FinetuneWork, rows: &[PathBuf]) -> Result<Lessons, Trouble> {
    let files = rows.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    Lessons::read(work, &files.iter().map(Vec::as_slice).collect::<Vec<_>>()).map_err(Trouble::new)
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(path).map_err(|error| Trouble::new(folder::sentence(path, &error)))
}

/// The steps of a training. `trained`: tokens of the contexts that the model was trained on.
pub(super) fn course(work: &FinetuneWork, model: &Model, trained: u32, lessons: Lessons) -> Result<Course, String> {
    let allowed = work.training.max_length.unwrap_or(trained) as usize;
    let examples = question::taught(work, model, &lessons.items, allowed)?;
    Course::new(work, examples, lessons.items.len(), lessons.steps, allowed)
}

fn head(course: &Course, trainer: &Trainer<'_>, targets: Vec<String>, parameters: u64) -> Head {
    let trainable = trainer.adapter().parameters() as u64;
    Head {
        targets,
        trainable,
        parameters,
        share: trainable as f64 / parameters.max(1) as f64,
        examples: course.examples.len() as u64,
        window: course.window as u64,
        padding: course.padding,
        steps: course.steps.len() as u64,
    }
}

/// Bytes of a model's files.
fn size(model: &Path) -> u64 {
    let length = |path: &Path| path.metadata().map_or(0, |found| found.len());
    match fs::read_dir(model) {
        Ok(parts) => parts.flatten().map(|part| length(&part.path())).sum(),
        Err(_) => length(model),
    }
}

/// A training under way.
struct Training<'a> {
    desk: &'a Desk<'a>,
    work: &'a FinetuneWork,
    course: &'a Course,
    trainer: Trainer<'a>,
    /// The log so far.
    log: String,
    begun: Instant,
    /// Tokens read since then.
    read: u64,
}

impl Training<'_> {
    /// Tells the stage's log what is trained, and how.
    fn say(&self, model: &Model, head: &Head, left_out: &[String]) {
        let log = &self.desk.log;
        let Head { targets, trainable, parameters, examples, window, padding, steps, share } = head;
        log.say(&format!(
            "{examples} examples in {steps} steps, windows of {window} tokens, {:.1} % of them padding",
            100.0 * padding
        ));
        log.say(&format!(
            "{} weights are adapted: {trainable} numbers, {:.4} % of the model's {parameters}",
            targets.len(),
            100.0 * share
        ));
        if !left_out.is_empty() {
            log.say(&format!("left out, as llama.cpp would ignore an adapter of them: {}", left_out.join(", ")));
        }
        if let Some(example) = self.course.examples.first() {
            let tokens = example.tokens[example.tokens.len() - example.answered..].iter();
            let tokens: Vec<_> = tokens.filter_map(|&id| model.token(id.unsigned_abs())).collect();
            log.say(&format!(
                "of `{}` in {} this is asked for: {:?}",
                example.key,
                example.language,
                model.text(&tokens)
            ));
        }
        let Layout { keeps_transposes, keeps_activations } = self.trainer.layout();
        let kept = |kept| if kept { "kept" } else { "computed again" };
        log.say(&format!(
            "{} MiB beside the model; activations are {}, transposed weights {}",
            self.trainer.bytes().div_ceil(1 << 20),
            kept(keeps_activations),
            kept(keeps_transposes),
        ));
    }

    /// All steps that are left; then the adapter and the whole log.
    fn outcome(mut self, checkpoints: &Checkpoints<'_>) -> Result<(Lora, String), Trouble> {
        if let Some((checkpoint, log)) = checkpoints.read() {
            self.trainer.restore(&checkpoint).map_err(Trouble::new)?;
            self.log = log;
            self.desk.log.say(&format!("{} steps were made by an earlier attempt", checkpoint.step));
        }
        let (course, every) = (self.course, u64::from(self.work.training.checkpoint_every));
        let total = course.steps.len() as u64;
        let mut kept = self.trainer.steps();
        self.desk.worker.trained(kept, total, None);
        for (number, step) in (0..total).zip(&course.steps).skip(usize::try_from(kept).unwrap_or(usize::MAX)) {
            let loss = self.step(number, step)?;
            let done = number + 1;
            let stopped = self.desk.worker.stopped();
            if done < total && (stopped || done - kept >= every) {
                self.keep(checkpoints, step)?;
                kept = done;
            }
            if done < total && stopped {
                return Err(Trouble::Stopped);
            }
            let tokens_per_second = self.read as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
            self.desk.worker.trained(done, total, Some(Learning { loss, tokens_per_second }));
        }
        let adapter = self.trainer.adapter();
        if let (Some(fault), Some(last)) = (adapter.faults().first(), course.steps.last()) {
            return Err(self.lost(&format!("the adapter {fault} behind step {total}"), last));
        }
        Ok((adapter, self.log))
    }

    /// Makes a step and notes it. Returns the loss before it.
    fn step(&mut self, number: u64, step: &Step) -> Result<f64, Trouble> {
        let windows = self.course.windows(step).map_err(Trouble::new)?;
        let answers: usize = windows.iter().map(|window| window.answers.len()).sum();
        let mut sum = 0.0;
        for (at, window) in (0_u64..).zip(&windows) {
            if self.work.training.lora.dropout > 0.0 {
                self.trainer.drop_inputs(self.work.seed, number << 32 | at);
            }
            let heard = self.trainer.accumulate(window, 1.0 / answers.max(1) as f32).map_err(Trouble::new)?;
            sum += heard.iter().sum::<f64>();
        }
        let loss = -sum / answers.max(1) as f64;
        let total = self.course.steps.len() as u64;
        let not_a_number = |what: &str| format!("the {what} of step {} of {total} is not a number", number + 1);
        if !loss.is_finite() {
            return Err(self.lost(&not_a_number("loss"), step));
        }
        let with = self.adamw(learning_rate(&self.work.training.optimizer, number, total));
        let gradient_norm = self.trainer.step(&with).map_err(Trouble::new)?;
        if !gradient_norm.is_finite() {
            return Err(self.lost(&not_a_number("gradient"), step));
        }
        let tokens = self.course.tokens(step) as u64;
        let entry = Entry {
            step: number,
            epoch: step.epoch,
            loss,
            lr: with.rate,
            gradient_norm,
            tokens,
            answer_tokens: answers as u64,
            examples: step.examples.len() as u64,
        };
        self.log.push_str(&entry.line());
        self.read += tokens;
        Ok(loss)
    }

    fn adamw(&self, rate: f64) -> AdamW {
        let optimizer = &self.work.training.optimizer;
        let [first, second] = optimizer.betas;
        AdamW {
            rate,
            betas: (first, second),
            epsilon: optimizer.epsilon,
            decay: optimizer.weight_decay,
            clip: optimizer.clip,
        }
    }

    /// Writes a checkpoint, behind that step.
    fn keep(&self, checkpoints: &Checkpoints<'_>, step: &Step) -> Result<(), Trouble> {
        let checkpoint = self.trainer.checkpoint();
        let loras = [&checkpoint.adapter, &checkpoint.first, &checkpoint.second];
        match loras.iter().find_map(|lora| lora.faults().into_iter().next()) {
            Some(fault) => {
                Err(self.lost(&format!("the training's state {fault} behind step {}", checkpoint.step), step))
            }
            None => checkpoints.write(&checkpoint, &self.log),
        }
    }

    /// The numbers are lost. What was kept before stays.
    fn lost(&self, what: &str, step: &Step) -> Trouble {
        let rows = self.course.rows(step);
        let remedy = if self.trainer.steps() == 0 {
            "nothing was changed yet, so the model's file is damaged or its type cannot hold such numbers: verify the file, or \
             try another quantization"
        } else {
            "set a lower `optimizer.lr`, or a `clip`"
        };
        Trouble::new(format!("{what} (rows {rows})\n  {remedy}"))
    }
}
