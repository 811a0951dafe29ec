//! What an adapter learns of a question: the same prompt, and behind the slot what the loss asks for.

use super::exhibit::{Word, Words};
use super::json::tokens;
use super::page::{SLOT, WIDTH, flowing, headed, lines};
use crate::loader::Loader;
use serde_json::json;
use std::path::PathBuf;
use xlt_core::items::Item;
use xlt_core::plan::{FinetuneWork, Plan, StageId, Verdict};
use xlt_core::training::{Example, Lessons};
use xlt_llama::Model;
use xlt_run::{World, model_file, question};

/// A training whose model and rows are in the cache.
pub(super) struct Teaches<'a> {
    stage: &'a str,
    work: &'a FinetuneWork,
    status: &'static str,
    model: PathBuf,
    pub(super) items: Vec<Item>,
}

/// A row as it is learned; of a text that is cut, a piece.
pub(super) struct Lesson<'a> {
    stage: &'a str,
    work: &'a FinetuneWork,
    status: &'static str,
    key: String,
    language: String,
    /// The prompt, and what the loss asks for behind it; or a sentence why it cannot be learned.
    pub(super) words: Result<[Vec<Word>; 2], String>,
}

impl<'a> Teaches<'a> {
    /// Looks for a training's model and rows, or says what is missing.
    pub(super) fn read(world: &World, plan: &'a Plan, id: StageId, work: &'a FinetuneWork) -> Result<Self, String> {
        let stage = plan.stage(id);
        let inputs = world.artifacts(plan, stage)?;
        let [model, rows @ ..] = inputs.as_slice() else { return Err(format!("{} reads nothing", stage.name)) };
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        let files = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let lessons = Lessons::read(work, &files).map_err(|why| format!("{}: {why}", stage.name))?;
        let cached = matches!(plan.verdicts[id.index()], Verdict::Cached { .. });
        let status = if cached { "cached" } else { "not run yet" };
        Ok(Self { stage: &stage.name, work, status, model: model_file(model), items: lessons.items })
    }

    /// What is learned of the question with that key, in these languages; in all if none is named.
    pub(super) fn lessons(&self, loader: &mut Loader, key: &str, languages: &[String]) -> Vec<Lesson<'a>> {
        let meant = |item: &&Item| item.key == key && (languages.is_empty() || languages.contains(&item.language));
        self.items.iter().filter(meant).flat_map(|item| self.of_item(loader, item)).collect()
    }

    fn of_item(&self, loader: &mut Loader, item: &Item) -> Vec<Lesson<'a>> {
        let Self { stage, work, status, .. } = *self;
        let lesson = |key: &str, words| {
            let (key, language) = (key.to_owned(), item.language.clone());
            Lesson { stage, work, status, key, language, words }
        };
        let found = loader.model(&self.model, &work.model).and_then(|model| {
            let allowed = work.training.max_length.unwrap_or_else(|| model.train_context()) as usize;
            let examples = question::taught(work, model, std::slice::from_ref(item), allowed)?;
            Ok(examples.iter().map(|example| lesson(&example.key, Ok(words(model, example)))).collect())
        });
        found.unwrap_or_else(|why| vec![lesson(&item.key, Err(why))])
    }
}

fn words(model: &Model, example: &Example) -> [Vec<Word>; 2] {
    let (prompt, answer) = example.tokens.split_at(example.tokens.len() - example.answered);
    [prompt, answer].map(|tokens| {
        let tokens = tokens.iter().filter_map(|&id| model.token(id.unsigned_abs()));
        tokens.map(|token| Word::of(model, token)).collect()
    })
}

impl Lesson<'_> {
    /// For a person to read.
    pub(super) fn page(&self, by_token: bool) -> String {
        let rule = "─".repeat(WIDTH);
        let head = headed(self.stage, self.status);
        let [prompt, answer] = match &self.words {
            Ok(words) => words,
            Err(why) => return format!("{head}\n{}\n{rule}\n{why}\n", self.key),
        };
        let places = prompt.len() + answer.len();
        let body = if by_token {
            let (prompt, answer) = (lines(prompt, 0, places), lines(answer, prompt.len(), places));
            format!("{prompt}{SLOT}\n{}", answer.trim_end())
        } else {
            format!("{}{SLOT}{}", flowing(prompt), flowing(answer))
        };
        format!("{head}\n{} · {places} tokens, {} of them learned\n{rule}\n{body}\n{rule}\n", self.key, answer.len())
    }

    /// As a line of JSON.
    pub(super) fn line(&self) -> String {
        let (words, problem) = match &self.words {
            Ok(words) => (Some(words), None),
            Err(why) => (None, Some(why)),
        };
        json!({
            "stage": self.stage,
            "model": self.work.model,
            "adapter": self.work.adapter,
            "language": self.language,
            "mode": self.work.mode.name,
            "status": self.status,
            "problem": problem,
            "key": self.key,
            "prompt": words.map(|[prompt, _]| Words::text(prompt)),
            "prompt_tokens": words.map(|[prompt, _]| tokens(prompt)),
            "taught": words.map(|[_, answer]| Words::text(answer)),
            "taught_tokens": words.map(|[_, answer]| tokens(answer)),
        })
        .to_string()
    }
}
