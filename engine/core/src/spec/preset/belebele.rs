//! The prompt of the Belebele paper for instructed models.

use super::{Labels, Preset};
use crate::spec::types::{Chat, Normalize, Rules, Score};

/// `facebookresearch/belebele`, `sample_zero_shot_instructions.md` (b60250e): the instruction in English, answers generated.
/// Its pattern has a line break behind `Answer:`, its full example has none; here there is none.
pub(super) const ZERO_SHOT: Preset = Preset {
    name: "belebele",
    body: "Given the following passage, query, and answer choices, output the letter corresponding to the correct answer.\n\
           ###\nPassage:\n{{ passage }}\n###\nQuery:\n{{ question }}\n###\nChoices:\n\
           {% for option in options %}({{ labels[loop.index0] }}) {{ option }}\n{% endfor %}###\nAnswer:",
    continuation: None,
    labels: Labels::These(&["A", "B", "C", "D"]),
    delimiter: "",
    chat: Chat::Model,
    score: Score::Generate,
    normalize: Normalize::Byte,
    extract: Rules::Belebele,
    languages: &[],
};
