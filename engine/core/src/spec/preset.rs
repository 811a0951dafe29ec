//! Prompts of other tools, so that their numbers can be compared with ours.

use super::types::Chat;

/// A prompt by name.
pub(crate) struct Preset {
    name: &'static str,
    pub(crate) body: &'static str,
    pub(crate) labels: &'static [&'static str],
    pub(crate) delimiter: &'static str,
    pub(crate) chat: Chat,
}

/// Every name, for the grammar.
pub(crate) const NAMES: &[&str] = &[LM_EVAL_BELEBELE.name];

/// lm-evaluation-harness 0.4, task `belebele_*`: `doc_to_text` and `doc_to_choice` of its default template, the
/// harness's default `target_delimiter`, no chat template.
const LM_EVAL_BELEBELE: Preset = Preset {
    name: "lm-eval-belebele",
    body: "P: {{ passage }}\nQ: {{ question | trim }}\n{% for option in options %}{{ labels[loop.index0] }}: {{ option }}\n{% endfor %}Answer:",
    labels: &["A", "B", "C", "D"],
    delimiter: " ",
    chat: Chat::None,
};

impl Preset {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        [&LM_EVAL_BELEBELE].into_iter().find(|preset| preset.name == name)
    }
}
