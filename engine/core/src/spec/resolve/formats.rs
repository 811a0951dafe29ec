//! `[formats.NAME]`: other ways to show the same question.

use super::families::Family;
use super::{Context, FORMAT, prompts, template, uses};
use crate::spec::text::Word;
use crate::spec::{Mode, Normalize, Score, Shown, Spec};

/// The format that is none: the prompt as `[prompt]` has it.
pub(super) const AS_PROMPT: &str = "prompt";

/// What a format says.
pub(super) struct PromptFormat {
    name: String,
    instruction: Option<String>,
    score: Option<Score>,
    normalize: Option<Normalize>,
    shown: Shown,
}

impl PromptFormat {
    /// The mode in this format.
    pub(super) fn laid_over(&self, mode: Mode) -> Mode {
        Mode {
            instruction: self.instruction.clone().or(mode.instruction),
            score: self.score.unwrap_or(mode.score),
            normalize: self.normalize.unwrap_or(mode.normalize),
            shown: self.shown.clone(),
            ..mode
        }
    }
}

pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<PromptFormat> {
    let formats = cx.root.sorted("formats").into_iter().filter_map(|entry| {
        if entry.key == AS_PROMPT {
            cx.faults
                .at(entry.name().place, "`prompt` cannot be the name of a format")
                .label("means `[prompt]` as it is");
        }
        let table = entry.node.table()?;
        for key in ["body", "instruction"] {
            table.word(key).into_iter().for_each(|word| template::check(word, template::Scope::Item, cx));
        }
        table.word("continuation").into_iter().for_each(|word| template::check(word, template::Scope::Option, cx));
        table.word("system").into_iter().for_each(|word| template::check(word, template::Scope::Study, cx));
        prompts::labels(table, cx);
        let labels = table.get("labels").map(|_| table.texts("labels"));
        Some(PromptFormat {
            name: entry.key.clone(),
            instruction: table.text("instruction"),
            score: table.word("score").and_then(|word| Score::named(word.text)),
            normalize: table.word("normalize").and_then(|word| Normalize::named(word.text)),
            shown: Shown {
                system: table.text("system"),
                body: table.text("body"),
                continuation: table.text("continuation"),
                labels,
                delimiter: table.text("delimiter"),
            },
        })
    });
    formats.collect()
}

/// The format that a word names; reported if there is none.
pub(super) fn named<'f>(word: Word<'_>, formats: &'f [PromptFormat], cx: &mut Context<'_>) -> Option<&'f PromptFormat> {
    if !cx.known(FORMAT, word) {
        return None;
    }
    formats.iter().find(|format| format.name == word.text)
}

/// Every format has as many labels as the prompt: the questions are the same. Where nothing is asked in it and something is
/// learned, the questions are those of training.
pub(super) fn fit(spec: &Spec, families: &[Family], cx: &mut Context<'_>) {
    let labels = prompts::shown_labels(&spec.data, cx);
    for entry in cx.root.sorted("formats") {
        let Some(node) = entry.node.table().and_then(|table| table.get("labels")) else { continue };
        let own = node.items().len();
        let mut modes = uses::in_format(&entry.key, families).peekable();
        let taught = modes.peek().is_some() && modes.all(|mode| uses::only_taught(mode, spec));
        if own != labels.len() && !taught {
            cx.faults
                .at(node.place, format!("{own} labels, where the prompt has {}", labels.len()))
                .label("not as many")
                .help("the questions are the same, so each option needs a label");
        }
    }
}
