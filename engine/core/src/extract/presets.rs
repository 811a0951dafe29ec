//! The rules of other tools, as published. They read the text as it is.

use super::view::View;
use super::{Choices, Found, Rule};
use std::ops::Range;

/// Where `part` of `text` is.
pub(super) fn span(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// An option and where it was found.
type Hit = (usize, Range<usize>);

/// lm-evaluation-harness 0.4, task `mmlu_flan_cot_zeroshot` (version 3): the pair of filters that its generative
/// multiple-choice tasks share, in one go. `strict-match` first, `flexible-extract` where that names no option; the rule
/// tells which, so that the score of `strict-match` alone can be had.
///
/// Strict: what follows the first `answer is `, `The answer is: `, `The answer: ` or `The final answer: `, to the last
/// character but one of its line, must be the label but for case and ASCII punctuation. Flexible: the last capital letter
/// in parentheses; without one the last option's text (in lower case, without punctuation); without one the last label
/// after a colon, even at the start of a word.
pub(super) fn lm_eval(text: &str, choices: &Choices<'_>) -> Option<Found> {
    let without = || last_text(text, choices).or_else(|| colon(text, choices));
    let (hit, rule) = match strict(text, choices) {
        Some(hit) => (Some(hit), Rule::LmEvalStrict),
        None => (parentheses(text, choices).unwrap_or_else(without), Rule::LmEvalFlexible),
    };
    hit.map(|(option, span)| Found { option, span, rule })
}

/// The first line end that follows one of the phrases, if it is a label.
fn strict(text: &str, choices: &Choices<'_>) -> Option<Hit> {
    let bare = |text: &str| text.to_lowercase().replace(|c: char| c.is_ascii_punctuation(), "");
    let phrases = ["answer is ", "The answer is: ", "The answer: ", "The final answer: "];
    let rests = phrases.iter().filter_map(|phrase| {
        let mut places = text.match_indices(phrase).map(|(at, _)| at + phrase.len());
        places.find(|&at| text[at..].starts_with(|c| c != '\n'))
    });
    let line = text[rests.min()?..].split('\n').next()?;
    let (last, _) = line.char_indices().next_back()?;
    let answer = line[..last].trim();
    let option = choices.labels.iter().position(|label| bare(label) == bare(answer) && !bare(answer).is_empty())?;
    let label = answer.trim_matches(|c: char| c.is_ascii_punctuation() && !choices.labels[option].contains(c));
    Some((option, span(text, label)))
}

/// The last capital letter or label in parentheses: `None` without one, `Some(None)` if it is no label.
fn parentheses(text: &str, choices: &Choices<'_>) -> Option<Option<Hit>> {
    text.rmatch_indices('(').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let closed = |label: &String| rest.strip_prefix(label.as_str()).is_some_and(|rest| rest.starts_with(')'));
        if let Some(option) = choices.labels.iter().position(closed) {
            return Some(Some((option, at + 1..at + 1 + choices.labels[option].len())));
        }
        let mut rest = rest.chars();
        (rest.next()?.is_ascii_uppercase() && rest.next()? == ')').then_some(None)
    })
}

/// The last text of an option, in lower case and without punctuation; texts are looked for from left to right, and the
/// first option wins where several begin.
fn last_text(text: &str, choices: &Choices<'_>) -> Option<Hit> {
    let view = View::bare(text);
    let text = &view.text;
    let options: Vec<String> = choices.options.iter().map(|option| View::bare(option.trim()).text).collect();
    let mut next: Vec<Option<usize>> = options.iter().map(|option| text.find(option.as_str())).collect();
    let mut last = None;
    loop {
        let places = next.iter().enumerate().filter(|&(option, _)| !options[option].is_empty());
        let first = places.filter_map(|(option, place)| Some(((*place)?, option))).min();
        let Some((at, option)) = first else { break };
        let end = at + options[option].len();
        last = Some((option, view.span(&(at..end))));
        for (place, option) in next.iter_mut().zip(&options) {
            if place.is_some_and(|place| place < end) {
                *place = text[end..].find(option.as_str()).map(|at| end + at);
            }
        }
    }
    last
}

/// The last label after a colon.
fn colon(text: &str, choices: &Choices<'_>) -> Option<Hit> {
    let mut colons = text.rmatch_indices(':').map(|(at, _)| text[at + 1..].trim_start());
    colons.find_map(|rest| {
        let option = choices.labels.iter().position(|label| !label.is_empty() && rest.starts_with(label.as_str()))?;
        Some((option, span(text, &rest[..choices.labels[option].len()])))
    })
}

/// What the Belebele repository says of the paper's zero-shot runs (`sample_zero_shot_instructions.md`): parentheses are
/// taken out; what is then no label counts by its first character (`Because` is B), and "sometimes" the prefix
/// `The correct answer is ` is removed before that.
///
/// Our reading: white space before the text is dropped, and the prefix is always removed where the text does not begin
/// with a label.
pub(super) fn belebele(text: &str, choices: &Choices<'_>) -> Option<Found> {
    let open = |rest: &str| text.len() - rest.trim_start_matches(['(', ')']).len();
    let label = |from: usize| {
        let labels = choices.labels.iter().enumerate();
        let labels = labels.filter(|(_, label)| !label.is_empty() && text[from..].starts_with(label.as_str()));
        let label = labels.max_by_key(|(_, label)| label.len());
        label.map(|(option, label)| Found { option, span: from..from + label.len(), rule: Rule::Belebele })
    };
    let answer = text.trim_start();
    let rest = answer.strip_prefix("The correct answer is ").unwrap_or(answer);
    label(open(answer)).or_else(|| label(open(rest)))
}
