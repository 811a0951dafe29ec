//! What models wrote, as the tables for people say it.

use xlt_core::results::{CUT_OFF_ABOVE, Generation, Reasoning};
use xlt_core::stats::Proportion;

/// `1 of 20 (5.0 %)`.
pub(crate) fn share(of: Proportion) -> String {
    format!("{} of {} ({:.1} %)", of.successes(), of.trials(), of.rate() * 100.0)
}

/// `Latn 97.1 %`; nothing where there are no letters.
pub(crate) fn script(reasoning: &Reasoning) -> String {
    let script = reasoning.script();
    script.map(|share| format!("{} {:.1} %", share.script, share.letters.rate() * 100.0)).unwrap_or_default()
}

/// Mean tokens, as far as they are known.
pub(crate) fn tokens(reasoning: &Reasoning) -> String {
    reasoning.mean_tokens.map(|tokens| format!("{tokens:.1}")).unwrap_or_default()
}

/// `cue 2, boxed 1`, by the order in which the rules are documented.
pub(crate) fn rules(generation: &Generation) -> String {
    let rules = generation.rules.iter().map(|(rule, count)| format!("{} {count}", rule.word()));
    rules.collect::<Vec<_>>().join(", ")
}

/// What ‡ means.
pub(crate) fn cannot_tell() -> String {
    format!(
        "Cannot tell: in more than {:.0} % of the items the budget of tokens cut off the reasoning or the answer, so the \
         number says as much about the budget as about the model.",
        CUT_OFF_ABOVE * 100.0,
    )
}

/// What the table of reasoning shows.
pub(crate) const REASONING: &str = "What the model wrote before it answered: how often the budget cut it off, its mean \
    length in the model's own tokens, and the script of most of its letters with its share of all. “Changed” counts the \
    answers that differ from those in a mode without reasoning, named before it, among the items that were asked in both.";

/// What the table of generated answers shows.
pub(crate) const GENERATION: &str = "What became of the texts in which the model answered: parsed, if one option was \
    found; else truncated, if the budget cut the text off, refused, if it says that it will not or cannot answer, or \
    unparsed. “Cut off” also counts those that were parsed all the same. An answer that is not parsed is wrong in every \
    other table; here the accuracy over the parsed ones stands beside it, with its own interval.";
