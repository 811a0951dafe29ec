//! Prompts of other tools, so that their numbers can be compared with ours.

mod belebele;
mod inspect;
mod lm_eval;

use super::types::{Chat, Normalize, Rules, Score};

/// A prompt by name. White space at the end of a body counts for nothing here; where a tool scores it, it is the delimiter's.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) body: &'static str,
    pub(crate) continuation: Option<&'static str>,
    pub(crate) labels: Labels,
    pub(crate) delimiter: &'static str,
    pub(crate) chat: Chat,
    /// What modes do unless they say otherwise.
    pub(crate) score: Score,
    pub(crate) normalize: Normalize,
    pub(crate) extract: Rules,
    /// The languages that it has words in; none: it has the same words in all.
    pub(crate) languages: &'static [&'static str],
}

/// What stands for the options.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Labels {
    /// These, whatever the data.
    These(&'static [&'static str]),
    /// As many letters as there are options.
    Letters,
}

/// Every preset.
const ALL: &[Preset] = &[
    lm_eval::BELEBELE,
    lm_eval::XCOPA,
    lm_eval::SIB200_1,
    lm_eval::SIB200_4,
    lm_eval::GLOBAL_MMLU,
    inspect::MULTIPLE_CHOICE,
    belebele::ZERO_SHOT,
];

/// Every name, for the grammar.
pub(crate) const NAMES: &[&str] = &{
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ALL[at].name;
        at += 1;
    }
    names
};

impl Preset {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|preset| preset.name == name)
    }
}

impl Labels {
    /// The labels for so many options, at most ten.
    pub(crate) fn of(self, options: usize) -> Vec<String> {
        match self {
            Self::These(labels) => labels.iter().map(|&label| label.to_owned()).collect(),
            Self::Letters => ('A'..='Z').take(options).map(String::from).collect(),
        }
    }
}
