//! Prompts of `inspect_ai`.

use super::{Labels, Preset};
use crate::spec::types::{Chat, Normalize, Rules, Score};

/// `inspect_ai` 0.3.285, `solver/_multiple_choice.py`: `SINGLE_ANSWER_TEMPLATE` as `prompt` fills it in. How a passage comes before
/// a question is left to whoever makes a data set for it; here with a blank line between.
pub(super) const MULTIPLE_CHOICE: Preset = Preset {
    name: "inspect",
    body: "Answer the following multiple choice question. The entire content of your response should be of the following \
           format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of {{ labels | join(',') }}.\n\n\
           {% if passage %}{{ passage }}\n\n{% endif %}{{ question }}\n\n\
           {% for option in options %}{{ labels[loop.index0] }}) {{ option }}\n{% endfor %}",
    continuation: None,
    labels: Labels::Letters,
    delimiter: "",
    chat: Chat::Model,
    score: Score::Generate,
    normalize: Normalize::Byte,
    extract: Rules::Inspect,
    languages: &[],
};
