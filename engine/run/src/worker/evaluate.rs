//! Asks a model: items, prompts, tokens, logits, scores. One prompt an item.

use super::{Desk, Product, Trouble, folder};
use crate::protocol::Unit;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use xlt_core::answers::{self, Answer};
use xlt_core::chat::{self, ChatInput, Date, Message, Role, Segment};
use xlt_core::items::{self, Item};
use xlt_core::plan::EvaluateWork;
use xlt_core::prompt::{Renderer, check_distinct};
use xlt_core::spec::{Chat, Source};
use xlt_core::{score, split};
use xlt_llama::{Backend, Context, ContextOptions, LlamaError, LoadOptions, Model, Token, kernel_class};

/// Tokens decoded at once: part of the recipe, since it changes the last bits of logits.
const BATCH: u32 = 512;
/// What templates that print today's date are told, so that a prompt is the same tomorrow.
const DATE: Date = Date::FIXED;

/// The model that this worker has loaded.
#[derive(Default)]
pub(super) struct Loaded {
    model: Option<(String, Model)>,
}

impl Loaded {
    /// The model with that digest, loaded from `path` if it is not there already.
    fn model(&mut self, blake3: &str, path: &Path, log: &Arc<Mutex<Vec<String>>>) -> Result<&Model, LlamaError> {
        if self.model.as_ref().is_none_or(|(loaded, _)| loaded != blake3) {
            self.model = None;
            let lines = Arc::clone(log);
            let backend = Backend::start(move |line| {
                if let Ok(mut lines) = lines.lock() {
                    lines.push(line.to_owned());
                }
                // What llama.cpp says last, before it aborts, reaches the engine this way.
                let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
            })?;
            let model = Model::load(&backend, path, &LoadOptions::default())?;
            self.model = Some((blake3.to_owned(), model));
        }
        match &self.model {
            Some((_, model)) => Ok(model),
            None => Err(LlamaError::EmptyPrompt),
        }
    }
}

pub(super) fn run(desk: &Desk<'_>, work: &EvaluateWork) -> Result<Product, Trouble> {
    let [model_path, .., rows] = desk.inputs else { return Err(Trouble::new("it needs a model and rows")) };
    let items = read_items(work, rows)?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut loaded = desk.worker.llama.borrow_mut();
    let model = loaded.model(&desk.job.inputs[0].blake3, model_path, &lines).map_err(|error| {
        let shown =
            |error: &LlamaError| error.to_string().replace(&model_path.display().to_string(), "the model's file");
        Trouble::new(format!("model `{}`: {}", work.cell.model, shown(&error)))
    });
    if let Ok(lines) = lines.lock() {
        lines.iter().for_each(|line| desk.log.say(line));
    }
    let answers = Evaluation { desk, work, model: model? }.answers(&items)?;
    let path = desk.folder.join("answers.jsonl");
    fs::write(&path, answers::write(&answers)).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
    Ok(Product { outputs: vec![path], fetched: None, kernel_class: Some(kernel_class()) })
}

fn read_items(work: &EvaluateWork, rows: &Path) -> Result<Vec<Item>, Trouble> {
    let language = &work.cell.language;
    let name = match &work.data.file.source {
        Source::Local { path } => path.replace("{language}", language),
        source => source.to_string().replace("{language}", language),
    };
    let bytes = fs::read(rows).map_err(|error| Trouble::new(folder::sentence(rows, &error)))?;
    let items = items::read(&name, &bytes, &work.data, language, work.prompt.labels.len()).map_err(Trouble::new)?;
    split::select(items, &work.data, &work.evaluate.part, work.evaluate.limit).map_err(Trouble::new)
}

struct Evaluation<'a> {
    desk: &'a Desk<'a>,
    work: &'a EvaluateWork,
    model: &'a Model,
}

impl Evaluation<'_> {
    fn answers(&self, items: &[Item]) -> Result<Vec<Answer>, Trouble> {
        let prompts = self.prompts(items)?;
        let Some(first) = prompts.first() else { return Ok(Vec::new()) };
        let labels = self.label_tokens(first)?;
        let options =
            ContextOptions { n_ctx: self.work.evaluate.context, n_batch: BATCH, threads: self.desk.job.threads };
        let mut context = Context::new(self.model, &options).map_err(Trouble::new)?;
        let mut answers = Vec::with_capacity(items.len());
        for (item, prompt) in items.iter().zip(&prompts) {
            answers.push(self.answer(item, prompt, &labels, &mut context)?);
            self.desk.worker.progress(answers.len() as u64, Some(items.len() as u64), Unit::Items);
        }
        Ok(answers)
    }

    /// The prompts of all items, checked before anything is computed: that they differ, and that each fits.
    fn prompts(&self, items: &[Item]) -> Result<Vec<Prompt>, Trouble> {
        let renderer = Renderer::new(&self.work.prompt, &self.work.mode).map_err(Trouble::new)?;
        let mut bodies = Vec::new();
        for item in items {
            bodies.push(renderer.render(item).map_err(Trouble::new)?);
        }
        check_distinct(items.iter().map(|item| item.key.as_str()).zip(bodies.iter().map(String::as_str)))
            .map_err(Trouble::new)?;
        let mut prompts = Vec::new();
        for (item, body) in items.iter().zip(bodies) {
            let segments = self.segments(body)?;
            let tokens = self.tokens(&segments)?;
            let context = self.work.evaluate.context as usize;
            if tokens.len() > context {
                return Err(Trouble::new(format!(
                    "the prompt of item {} ({}) has {} tokens, and the context only {context}; a prompt is never cut: set \
                     `evaluate.context` to {} or more",
                    item.key,
                    item.language,
                    tokens.len(),
                    tokens.len().next_multiple_of(256)
                )));
            }
            prompts.push(Prompt { segments, tokens });
        }
        Ok(prompts)
    }

    fn segments(&self, body: String) -> Result<Vec<Segment>, Trouble> {
        let model = self.model;
        let mut messages = Vec::new();
        messages
            .extend(self.work.prompt.system.iter().map(|text| Message { role: Role::System, content: text.clone() }));
        messages.push(Message { role: Role::User, content: body });
        let (bos, eos) = (model.bos_text().unwrap_or_default(), model.eos_text().unwrap_or_default());
        let input = ChatInput {
            messages: &messages,
            add_generation_prompt: true,
            bos: &bos,
            eos: &eos,
            variables: &chat::without_thinking(),
            date: DATE,
            slot: self.work.slot.as_deref(),
        };
        match self.work.chat {
            Chat::None => Ok(chat::plain(&ChatInput { bos: "", ..input })),
            Chat::Model => {
                let template = model.chat_template().ok_or_else(|| {
                    Trouble::new(format!(
                        "model `{}` has no chat template in its GGUF; set `chat = \"none\"` for a base model, or take a file that has one",
                        self.work.cell.model
                    ))
                })?;
                chat::render(&template, &input)
                    .map_err(|error| Trouble::new(format!("model `{}`: {error}", self.work.cell.model)))
            }
        }
    }

    fn tokens(&self, segments: &[Segment]) -> Result<Vec<Token>, Trouble> {
        let pieces: Vec<(&str, bool)> = segments.iter().map(|segment| (segment.text.as_str(), segment.data)).collect();
        self.model.tokenize_segments(&pieces).map_err(Trouble::new)
    }

    /// The token by which each label begins at the answer slot of a prompt.
    fn label_tokens(&self, prompt: &Prompt) -> Result<Vec<i32>, Trouble> {
        let mut ids = Vec::new();
        for label in &self.work.prompt.labels {
            let mut segments = prompt.segments.clone();
            segments.push(Segment { text: label.clone(), data: true });
            let with_label = self.tokens(&segments)?;
            let Some(token) = with_label.strip_prefix(prompt.tokens.as_slice()).and_then(|rest| rest.first()) else {
                return Err(Trouble::new(format!(
                    "label {label:?} merges with the end of the prompt in the vocabulary of model `{}`, so it cannot be scored there; \
                     choose other labels, or another `slot`",
                    self.work.cell.model
                )));
            };
            ids.push(i32::try_from(token.id()).unwrap_or(i32::MAX));
        }
        score::check_labels(&ids, &self.work.prompt.labels).map_err(Trouble::new)?;
        Ok(ids)
    }

    fn answer(
        &self,
        item: &Item,
        prompt: &Prompt,
        labels: &[i32],
        context: &mut Context<'_>,
    ) -> Result<Answer, Trouble> {
        let trouble =
            |error: &dyn std::fmt::Display| Trouble::new(format!("item {} ({}): {error}", item.key, item.language));
        let logits = context.logits_after(&prompt.tokens).map_err(|error| trouble(&error))?;
        let score = score::labels(logits, labels).map_err(|error| trouble(&error))?;
        let argmax = u32::try_from(score.argmax_token).ok().and_then(|id| self.model.token(id));
        Ok(Answer {
            key: item.key.clone(),
            group: item.group.clone(),
            language: item.language.clone(),
            prediction: score.prediction,
            predicted_label: self.work.prompt.labels[score.prediction].clone(),
            gold: item.answer,
            gold_label: self.work.prompt.labels[item.answer].clone(),
            logprobs: score.logprobs,
            answer_mass: score.answer_mass,
            argmax_token: score.argmax_token,
            argmax_text: argmax.map(|token| self.model.token_text(token)).unwrap_or_default(),
            n_tokens: prompt.tokens.len() as u32,
        })
    }
}

/// A prompt, as text and as tokens.
struct Prompt {
    segments: Vec<Segment>,
    tokens: Vec<Token>,
}
