//! The protocol `generate`: from the text that a model wrote to the option that it chose.
//!
//! Takes the answer's text without its reasoning block, in any language, and never fails: a text that names no option is
//! an outcome and is counted. Every rule reads the text a bounded number of times, so the work grows with its length
//! (times the length of the options), whatever it holds.

mod inspect;
mod labels;
mod presets;
mod view;
mod words;
mod xlt;

use crate::spec::Rules;
use labels::Labels;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use view::View;

/// What a question offers; lists are in the order shown.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a> {
    /// What the prompt shows before each option.
    pub labels: &'a [String],
    /// The options' texts.
    pub options: &'a [String],
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extraction {
    /// Whether an option was found, and else why not.
    pub outcome: Outcome,
    /// Index of the option, from 0; only where parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<usize>,
    /// What found it; only where parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The label, or the option's text, that was read: bytes of the text, on the bounds of characters; only where parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
}

/// An enumeration and its words: part of artifacts and keys, so they never change.
macro_rules! words {
    ($(#[$doc:meta])* enum $type:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $type { $($(#[$about])* #[serde(rename = $word)] $variant,)+ }

        impl $type {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word for it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words! {
/// What a text came to.
enum Outcome {
    /// It names one option.
    Parsed = "parsed",
    /// It names none, or several.
    Unparsed = "unparsed",
    /// It names none and was cut off by the token limit.
    Truncated = "truncated",
    /// It names none, is whole, and says that it will not or cannot answer.
    Refused = "refused",
}
}

words! {
/// What found the option.
enum Rule {
    /// A label after an answer cue: `Answer: B`, `Option B`, `{"answer": "B"}`, `الإجابة هي ب`.
    Cue = "cue",
    /// An option's text after an answer cue: `The answer is Paris.`
    CueText = "cue-text",
    /// `\boxed{B}`.
    Boxed = "boxed",
    /// A label before a verdict: `B is correct`, `Bが正解です`.
    Verdict = "verdict",
    /// A label in bold: `**B**`, `**B) Paris**`.
    Bold = "bold",
    /// A label alone on the last line, else on the first.
    Line = "line",
    /// The one line that begins with a label and goes on, first or last of the text: `B. Paris`.
    Head = "head",
    /// The one option whose text stands in the text.
    Quote = "quote",
    /// lm-evaluation-harness, `strict-match`.
    LmEvalStrict = "lm-eval-strict",
    /// lm-evaluation-harness, `flexible-extract`.
    LmEvalFlexible = "lm-eval-flexible",
    /// `inspect_ai`, `ANSWER: B`.
    Inspect = "inspect",
    /// Belebele's own processing.
    Belebele = "belebele",
}
}

/// The option that `text` names; `truncated` says that the token limit cut it off.
///
/// The rules of other tools are theirs as published, faults included, so that numbers compare; where a question's labels
/// are not `A`, `B`, ..., its labels take the letters' places. What each set does is told in `extract/xlt.rs`,
/// `extract/presets.rs` and `extract/inspect.rs`.
///
/// A text of which nothing can be parsed is [`Outcome::Truncated`] if it was, else [`Outcome::Refused`] if it holds a
/// phrase of refusal, under all rules.
#[must_use]
pub fn extract(text: &str, choices: &Choices<'_>, truncated: bool, rules: Rules) -> Extraction {
    let view = View::new(text);
    let found = match rules {
        Rules::Xlt => xlt::read(&view, &Labels::new(choices), truncated),
        Rules::LmEval => presets::lm_eval(text, choices),
        Rules::Inspect => inspect::read(text, choices),
        Rules::Belebele => presets::belebele(text, choices),
    };
    match found {
        Some(Found { option, span, rule }) => {
            Extraction { outcome: Outcome::Parsed, option: Some(option), rule: Some(rule), span: Some(span) }
        }
        None => {
            let outcome = match truncated {
                true => Outcome::Truncated,
                false if words::REFUSALS.anywhere(&view) => Outcome::Refused,
                false => Outcome::Unparsed,
            };
            Extraction { outcome, option: None, rule: None, span: None }
        }
    }
}

/// An answer as a model that learned these rules' format would write it: [`extract`] reads that label.
#[must_use]
pub fn written(label: &str, rules: Rules) -> String {
    match rules {
        Rules::Xlt | Rules::Belebele => label.to_owned(),
        Rules::LmEval => format!("The answer is {label}."),
        Rules::Inspect => format!("ANSWER: {label}"),
    }
}

/// An option found in a text; the span is in bytes of the text.
struct Found {
    option: usize,
    span: Range<usize>,
    rule: Rule,
}

#[cfg(test)]
mod tests;
