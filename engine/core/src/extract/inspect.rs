//! The rules of `inspect_ai`, as published: `parse_answers` of its solver `multiple_choice`, version 0.3.285.

use super::presets::span;
use super::words::digit;
use super::{Choices, Found, Rule};
use std::ops::Range;

/// Reads a text with one correct answer.
///
/// What an answer is wrapped in comes off first: `$B$`, `**B**`; and `(B)` at the start of the text or after a colon or comma,
/// before a comma, a full stop, a line break or the end. Then the last line `ANSWER: LETTER` counts, with nothing after it but
/// white space or a full stop; without one the last `ANSWER: LETTER` anywhere. Between the commas of all letters, digits, spaces
/// and commas after the colon there must be one thing, the label. Case does not count.
pub(super) fn read(text: &str, choices: &Choices<'_>) -> Option<Found> {
    let bare = Bare::new(text).out_of("$").out_of("**").out_of_parentheses();
    let answer = last_answer(&bare.text, true).or_else(|| last_answer(&bare.text, false))?;
    let mut names = answer.trim().split(',').filter(|name| !name.is_empty());
    let (Some(name), None) = (names.next(), names.next()) else { return None };
    let option = choices.labels.iter().position(|label| label.to_uppercase() == name.to_uppercase())?;
    Some(Found { option, span: bare.span(name), rule: Rule::Inspect })
}

/// A text without what answers are wrapped in, and the way back.
struct Bare {
    text: String,
    /// For each byte of `text` its place in the source.
    source: Vec<usize>,
}

impl Bare {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), source: (0..text.len()).collect() }
    }

    /// Without a mark on both sides of a label or a list of them, and the white space between.
    fn out_of(self, mark: &str) -> Self {
        let mut cut = Vec::new();
        let mut at = 0;
        while let Some(found) = self.text[at..].find(mark) {
            let open = at + found;
            let rest = self.text[open + mark.len()..].trim_start();
            let kept = list(rest).trim_end_matches(' ');
            match rest[kept.len()..].trim_start().strip_prefix(mark) {
                Some(rest) if kept.starts_with(of_name) => {
                    let kept = span(&self.text, kept);
                    at = self.text.len() - rest.len();
                    cut.extend([open..kept.start, kept.end..at]);
                }
                Some(_) | None => at = open + 1,
            }
        }
        self.without(&cut)
    }

    fn out_of_parentheses(self) -> Self {
        let mut cut = Vec::new();
        for (open, _) in self.text.match_indices('(') {
            let mut rest = self.text[open + 1..].chars();
            if !(rest.next().is_some_and(of_name) && rest.next() == Some(')')) {
                continue;
            }
            let (before, after) = (self.text[..open].trim_end(), rest.as_str());
            if (before.is_empty() || before.ends_with([':', ','])) && ends(after, &[',', '.']) {
                let close = self.text.len() - after.len() - 1;
                cut.extend([open..open + 1, close..close + 1]);
            }
        }
        self.without(&cut)
    }

    fn without(self, cut: &[Range<usize>]) -> Self {
        if cut.is_empty() {
            return self;
        }
        let starts = [0].into_iter().chain(cut.iter().map(|cut| cut.end));
        let ends = cut.iter().map(|cut| cut.start).chain([self.text.len()]);
        let mut bare = Self { text: String::new(), source: Vec::new() };
        for (start, end) in starts.zip(ends) {
            bare.text.push_str(&self.text[start..end]);
            bare.source.extend_from_slice(&self.source[start..end]);
        }
        bare
    }

    /// The bytes of the source behind a part of the text that is not empty.
    fn span(&self, part: &str) -> Range<usize> {
        let Range { start, end } = span(&self.text, part);
        self.source[start]..self.source[end - 1] + 1
    }
}

/// What the last `ANSWER:` captures; strict: the last one that is a line of its own.
fn last_answer(text: &str, strict: bool) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let (mut last, mut done) = (None, 0);
    for (at, word) in lower.match_indices("answer") {
        if at < done || (strict && !text[..at].is_empty() && !text[..at].ends_with('\n')) {
            continue;
        }
        let Some(rest) = text[at + word.len()..].trim_start().strip_prefix(':') else { continue };
        if let Some(answer) = if strict { of_line(rest) } else { anywhere(rest) } {
            (last, done) = (Some(answer), span(text, answer).end);
        }
    }
    last
}

/// `\s*([A-Za-z\d ,]+)\s*` and the end of the line or a full stop.
fn of_line(rest: &str) -> Option<&str> {
    let (space, answer, after) = parts(rest);
    if !answer.is_empty() && ends(after, &['.']) {
        return Some(answer);
    }
    // The expression then gives a space back, and captures no more than that.
    let blank = space.find(' ')?;
    ends(&rest[blank..], &['.']).then_some(&rest[..0])
}

/// `\s*([A-Za-z\d ,]+)` and then `[^\w]` or the end.
fn anywhere(rest: &str) -> Option<&str> {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let (space, answer, after) = parts(rest);
    if !answer.is_empty() && !goes_on(after) {
        return Some(answer);
    }
    match answer.rfind([' ', ',']) {
        Some(cut) if cut > 0 => Some(&answer[..cut]),
        _ => space.match_indices(' ').any(|(at, _)| !goes_on(&rest[at + 1..])).then_some(&rest[..0]),
    }
}

/// White space, what an answer may consist of, and what follows.
fn parts(rest: &str) -> (&str, &str, &str) {
    let (space, rest) = rest.split_at(rest.len() - rest.trim_start().len());
    let (answer, after) = rest.split_at(list(rest).len());
    (space, answer, after)
}

/// Letters, digits, spaces and commas at the start of a text.
fn list(text: &str) -> &str {
    &text[..text.find(|c| !of_name(c) && c != ' ' && c != ',').unwrap_or(text.len())]
}

fn of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || digit(c).is_some()
}

/// Whether after white space the line or the text ends, or one of these follows.
fn ends(rest: &str, marks: &[char]) -> bool {
    let after = rest.trim_start();
    rest[..rest.len() - after.len()].contains('\n') || after.is_empty() || after.starts_with(marks)
}
