//! Prompts of lm-evaluation-harness, as its version 0.4.13 asks them without a chat template (files under `lm_eval/tasks`).
//!
//! White space at the end of its context is scored with the answer there, too (`_encode_pair` in `api/model.py`), so it stands in
//! the delimiter, before the harness's `target_delimiter`, a space.

use super::{Labels, Preset};
use crate::spec::types::{Chat, Normalize, Rules, Score};

/// What its multiple-choice tasks have in common.
const TASK: Preset = Preset {
    name: "",
    body: "",
    continuation: None,
    labels: Labels::These(&["A", "B", "C", "D"]),
    delimiter: " ",
    chat: Chat::None,
    score: Score::Labels,
    normalize: Normalize::Byte,
    extract: Rules::Xlt,
    languages: &[],
};

/// Tasks whose answers are texts; of these the metric `acc` compares the sums.
const TEXTS: Preset = Preset { score: Score::Texts, normalize: Normalize::Sum, ..TASK };

const TOPICS: Labels = Labels::These(&["1", "2", "3", "4", "5", "6", "7"]);

/// `belebele/_default_template_yaml`, tasks `belebele_*`.
pub(super) const BELEBELE: Preset = Preset {
    name: "lm-eval-belebele",
    body: "P: {{ passage }}\nQ: {{ question | trim }}\n{% for option in options %}{{ labels[loop.index0] }}: {{ option }}\n{% endfor %}Answer:",
    ..TASK
};

/// `global_mmlu/*/*/_*_template_yaml`, tasks `global_mmlu_*` and `global_mmlu_full_*`: the same in every language.
pub(super) const GLOBAL_MMLU: Preset = Preset {
    name: "lm-eval-global-mmlu",
    body: "{{ question | trim }}\n{% for option in options %}{{ labels[loop.index0] }}. {{ option }}\n{% endfor %}Answer:",
    ..TASK
};

/// `afrobench/sib/prompt_1`, tasks `sib_*_prompt_1`.
pub(super) const SIB200_1: Preset = Preset {
    name: "lm-eval-sib200-1",
    body: "Given the categories science/technology, travel, politics, sports, health, entertainment, or geography; what \
           category does the text: '{{ question }}' belong to:",
    labels: TOPICS,
    delimiter: " \n\n ",
    ..TEXTS
};

/// `afrobench/sib/prompt_4`, tasks `sib_*_prompt_4`.
pub(super) const SIB200_4: Preset = Preset {
    name: "lm-eval-sib200-4",
    body: "Label the following text as science/technology, travel, politics, sports, health, entertainment, or geography. \
           Provide only the category as your response. \n\ntext: {{ question }} \\category:",
    labels: TOPICS,
    delimiter: " \n\n ",
    ..TEXTS
};

/// `xcopa/utils.py`, tasks `xcopa_*`: the premise without its last character, a connective, and the choice with its first letter
/// in lower case. FLORES has one Quechua, `quy_Latn`; the data set's `qu` is that of Cusco.
pub(super) const XCOPA: Preset = Preset {
    name: "lm-eval-xcopa",
    body: concat!(
        "{% set connectives = {",
        r#""est_Latn": {"cause": "sest", "effect": "seetõttu"}, "#,
        r#""hat_Latn": {"cause": "poukisa", "effect": "donk sa"}, "#,
        r#""ita_Latn": {"cause": "perché", "effect": "quindi"}, "#,
        r#""ind_Latn": {"cause": "karena", "effect": "maka"}, "#,
        r#""quy_Latn": {"cause": "imataq", "effect": "chaymi"}, "#,
        r#""swh_Latn": {"cause": "kwa sababu", "effect": "kwa hiyo"}, "#,
        r#""zho_Hans": {"cause": "因为", "effect": "所以"}, "#,
        r#""tam_Taml": {"cause": "காரணமாக", "effect": "எனவே"}, "#,
        r#""tha_Thai": {"cause": "เพราะ", "effect": "ดังนั้น"}, "#,
        r#""tur_Latn": {"cause": "çünkü", "effect": "bu yüzden"}, "#,
        r#""vie_Latn": {"cause": "bởi vì", "effect": "vì vậy"}"#,
        "} %}\n{{ (question | trim)[:-1] }} {{ connectives[language][asks_for] }}",
    ),
    labels: Labels::These(&["1", "2"]),
    continuation: Some("{{ option[:1] | lower }}{{ option[1:] }}"),
    languages: &[
        "est_Latn", "hat_Latn", "ita_Latn", "ind_Latn", "quy_Latn", "swh_Latn", "zho_Hans", "tam_Taml", "tha_Thai",
        "tur_Latn", "vie_Latn",
    ],
    ..TEXTS
};
