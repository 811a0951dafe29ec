//! Our own rules, for all languages. In this order, the first that finds something counts:
//!
//! 1. the last *statement*: a cue that a copula, a colon or a new line links to a label or an option's text (`The answer
//!    is B`), a cue that itself says `correct` or `final`, `\boxed{}`, a verdict. If it names two options, none counts;
//! 2. a label alone on the last line, else on the first ([`Rule::Line`]), else [`Rule::Head`];
//! 3. the last *mention*: a label beside a cue (`Option B`) or in bold. Three or more options mentioned are a discussion,
//!    and none of them is the answer;
//! 4. the one option whose text is quoted.
//!
//! What is taken back (`not B`, `Bではなく`, `B is wrong`) is passed over; `not B but C` is C.

use super::labels::{Labels, Left, Pick};
use super::view::{Phrases, View, in_word};
use super::words::{AND, ANSWERS, BUT, COPULAS, FINAL, LINKERS, NEGATORS, NOUNS, OR, REBUTTALS, TAILS, VERDICTS};
use super::{Found, Rule};
use std::ops::Range;

/// How far from its cue a label may be, in bytes. With it the work on each cue is bounded.
const REACH: usize = 160;

/// How many words that say nothing may stand there.
const LINKS: usize = 6;

/// What may stand between a label and the next word of its sentence.
const CLOSERS: &[char] =
    &[' ', '*', '_', '`', ')', ']', '}', '"', '\'', '“', '”', '»', '」', '』', '】', '<', '\\', '$'];

/// What may stand before a label.
const OPENERS: &[char] = &[' ', '*', '_', '`', '(', '[', '{', '"', '\'', '„', '“', '«', '「', '『', '【', '\\', '$'];

/// What parts a label from the option's text on a line.
const DELIMITERS: &[char] = &['.', ')', ']', '}', ':', ',', ';', '،', '、', '。', '׃', '፦', '፡', '။'];

/// What says that an answer follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    Boxed,
    Final,
    Answer,
    Noun,
}

/// An option that is called somewhere, or several at once.
struct Call {
    pick: Pick,
    rule: Rule,
    /// Whether it is a statement and no mention.
    statement: bool,
    /// Where the label of another option ends that is named with it.
    other: Option<usize>,
}

struct Reader<'a> {
    view: &'a View,
    labels: &'a Labels,
}

/// The option that a text names.
pub(super) fn read(view: &View, labels: &Labels, truncated: bool) -> Option<Found> {
    let reader = Reader { view, labels };
    let calls = reader.calls();
    let found = |pick: Pick, rule| Some(Found { option: pick.option, span: view.span(&pick.span), rule });
    if let Some(call) = calls.iter().rev().find(|call| call.statement) {
        return if call.other.is_some() { None } else { found(call.pick.clone(), call.rule) };
    }
    let lines = reader.lines();
    let alone: Vec<_> = lines.iter().map(|line| reader.alone(line)).collect();
    let list = alone.windows(2).any(|pair| matches!(pair, [Some(a), Some(b)] if a.option != b.option));
    let mut ends = alone.last().into_iter().chain(alone.first()).flatten();
    if let Some(pick) = ends.find(|_| !list) {
        return found(pick.clone(), Rule::Line);
    }
    if let Some(pick) = reader.head(&lines, truncated) {
        return found(pick, Rule::Head);
    }
    if let Some(last) = calls.last() {
        let mentioned = |option: &usize| calls.iter().any(|call| call.pick.option == *option);
        if last.other.is_some() {
            return None;
        } else if (0..labels.len()).filter(mentioned).count() < 3 {
            return found(last.pick.clone(), last.rule);
        }
    }
    let negated = |span: &Range<usize>| reader.negated_before(span.start) || reader.negated_after(span.end);
    labels.quoted(view, negated).and_then(|pick| found(pick, Rule::Quote))
}

impl Reader<'_> {
    /// All statements and mentions, in the order of their cues.
    fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        let mut at = 0;
        while let Some(c) = self.view.after(at) {
            let rest = &self.view.text[at..];
            let next = at + c.len_utf8();
            let bold = ["**", "__"].iter().any(|mark| rest.starts_with(mark)) && self.view.before(at) != Some(c);
            let (end, call) = match self.cue(at) {
                Some((cue, end)) => (end, self.reach(cue, at, end)),
                None if bold => (next, self.bold(at)),
                None if VERDICTS.at(self.view, at).is_some() => (next, self.verdict(at)),
                None => (next, None),
            };
            at = call.as_ref().and_then(|call| call.other).unwrap_or(end);
            calls.extend(call);
        }
        calls
    }

    /// The cue at `at`, and its end. That of a closing tag is none.
    fn cue(&self, at: usize) -> Option<(Cue, usize)> {
        let boxed = ["\\boxed{", "\\fbox{"].iter().find(|boxed| self.view.text[at..].starts_with(**boxed));
        let cue = |phrases: &Phrases, cue| phrases.at(self.view, at).map(|end| (cue, end));
        let found = boxed.map(|boxed| (Cue::Boxed, at + boxed.len())).or_else(|| cue(&FINAL, Cue::Final));
        let found = found.or_else(|| cue(&ANSWERS, Cue::Answer)).or_else(|| cue(&NOUNS, Cue::Noun));
        found.filter(|_| !self.view.text[..at].ends_with("</"))
    }

    /// The label, or the option's text, that the cue from `start` to `at` is about.
    ///
    /// It follows at once or after words that say nothing; or, in the same sentence, after a copula or a colon, and then
    /// only where it plainly stands for itself.
    fn reach(&self, cue: Cue, start: usize, mut at: usize) -> Option<Call> {
        let end = self.view.text.len().min(at + REACH);
        let (mut statement, mut negated) = (matches!(cue, Cue::Boxed | Cue::Final), self.negated_before(start));
        let (mut armed, mut strayed, mut links) = (true, false, 0);
        while at < end {
            let c = self.view.after(at)?;
            if !in_word(c) {
                match c {
                    '\n' if strayed || cue == Cue::Noun => return None,
                    '\n' | ':' | '=' | '፦' | '፥' | '>' => (armed, statement) = (!negated || armed, true),
                    '-' | '–' | '—' | '→' => statement = true,
                    ';' if negated => {}
                    '.' | '!' | '?' | ';' | '。' | '।' | '۔' | '።' | '؟' | '؛' | '။' => return None,
                    _ => {}
                }
                at += c.len_utf8();
                continue;
            }
            let pick = if armed { self.labels.pick(self.view, at, Left::Cue, strayed) } else { None };
            if let Some(pick) = pick {
                if negated || self.negated_after(pick.span.end) {
                    (negated, armed, at) = (true, false, pick.span.end);
                    continue;
                }
                let rule = match cue {
                    Cue::Boxed => Rule::Boxed,
                    _ if pick.by_text => Rule::CueText,
                    _ => Rule::Cue,
                };
                return Some(Call { other: self.other(&pick), pick, rule, statement });
            }
            if let Some(end) = BUT.at(self.view, at).filter(|_| negated) {
                (negated, armed, strayed, statement, at) = (false, true, false, true, end);
            } else if let Some(end) = COPULAS.at(self.view, at) {
                (armed, statement, at) = (true, true, end);
            } else if let Some(end) = LINKERS.at(self.view, at).filter(|_| links < LINKS) {
                (links, at) = (links + 1, end);
            } else if let Some(end) = NEGATORS.at(self.view, at) {
                (negated, at) = (true, end);
            } else if matches!(cue, Cue::Boxed | Cue::Noun) || self.cue(at).is_some() {
                return None;
            } else {
                (armed, strayed, at) = (false, true, self.view.word_end(at));
            }
        }
        None
    }

    /// The label before a verdict.
    fn verdict(&self, at: usize) -> Option<Call> {
        let end = self.view.text[..at].trim_end_matches(CLOSERS).len();
        let starts = self.view.text[..end].char_indices().rev().take(12).map(|(start, _)| start);
        let picks = starts.filter_map(|start| self.labels.label(self.view, start, Left::Open, false));
        let pick = picks.into_iter().find(|pick| pick.span.end == end)?;
        let whole = !self.negated_before(pick.span.start);
        whole.then_some(Call { pick, rule: Rule::Verdict, statement: true, other: None })
    }

    /// The label that is in bold alone, or with its option's text after a delimiter.
    fn bold(&self, at: usize) -> Option<Call> {
        let (mark, rest) = self.view.text[at..].split_at(2);
        let start = self.view.skip(at + 2, &OPENERS[1..]);
        let pick = self.labels.label(self.view, start, Left::Open, false)?;
        let body = rest[pick.span.end - at - 2..].char_indices().take_while(|&(index, c)| index < REACH && c != '\n');
        let len = body.map(|(index, c)| index + c.len_utf8()).last()?;
        let close = pick.span.end + self.view.text[pick.span.end..pick.span.end + len].find(mark)?;
        let tail = &self.view.text[pick.span.end..close];
        let fits = tail.starts_with(DELIMITERS) || !tail.contains(in_word);
        let negated = self.negated_before(pick.span.start) || self.negated_after(close);
        let other = self.other(&pick);
        (fits && !negated).then_some(Call { pick, rule: Rule::Bold, statement: false, other })
    }

    /// Whether a word right before `at` takes back what stands there.
    fn negated_before(&self, at: usize) -> bool {
        NEGATORS.until(self.view, self.view.text[..at].trim_end_matches(OPENERS).len())
    }

    /// Whether what follows `at` takes back what stands before it.
    fn negated_after(&self, at: usize) -> bool {
        REBUTTALS.prefix(&self.view.text[self.view.skip(at, CLOSERS)..]).is_some()
    }

    /// The end of the label of another option that is named together with this one.
    fn other(&self, pick: &Pick) -> Option<usize> {
        let skip = |at| self.view.skip(self.view.skip(at, CLOSERS), OPENERS);
        let (mut at, mut or, mut joined) = (skip(pick.span.end), false, false);
        loop {
            let sign = || self.view.after(at).filter(|&c| !joined && ",،、/&وו".contains(c)).map(|c| at + c.len_utf8());
            let either = OR.at(self.view, at);
            let Some(end) = either.or_else(|| AND.at(self.view, at)).or_else(sign) else { break };
            (at, or, joined) = (skip(end), or || either.is_some(), true);
        }
        // `B or option C`
        let places = std::iter::successors(Some(at), |&at| LINKERS.at(self.view, at).map(skip));
        let other = places.take(4).find_map(|at| self.labels.pick(self.view, at, Left::Cue, !or)).filter(|_| joined);
        let other = other.filter(|other| other.option != pick.option)?.span.end;
        let sentence = COPULAS.at(self.view, self.view.skip(other, CLOSERS)).is_some() || self.negated_after(other);
        (or || !sentence).then_some(other)
    }

    /// The lines that hold a letter or a digit.
    fn lines(&self) -> Vec<Range<usize>> {
        let start = |line: &str| line.as_ptr() as usize - self.view.text.as_ptr() as usize;
        let lines = self.view.text.split('\n').filter(|line| line.contains(in_word));
        lines.map(|line| start(line)..start(line) + line.len()).collect()
    }

    /// Where the first letter or digit of a line is.
    fn first(&self, line: &Range<usize>) -> usize {
        line.start + self.view.text[line.clone()].find(in_word).unwrap_or_default()
    }

    /// The label that is all that a line holds.
    fn alone(&self, line: &Range<usize>) -> Option<Pick> {
        let end = line.start + self.view.text[line.clone()].trim_end_matches(|c| !in_word(c)).len();
        let pick = self.labels.label(self.view, self.first(line), Left::Open, false)?;
        let rest = &self.view.text[pick.span.end..end];
        (rest.is_empty() || TAILS.prefix(rest) == Some(rest.len())).then_some(pick)
    }

    /// The label with which the first or the last line begins, if no other line begins with one. Where the text was cut
    /// off it may be the number of a list: there its option's text must follow.
    fn head(&self, lines: &[Range<usize>], truncated: bool) -> Option<Pick> {
        let head = |line: &Range<usize>| {
            let pick = self.labels.pick(self.view, self.first(line), Left::Open, false).filter(|pick| !pick.by_text)?;
            let rest = &self.view.text[pick.span.end..line.end];
            let rest = rest.trim_start_matches(['*', '_', '`', '"', '\'', ' ']);
            rest.starts_with(|c| DELIMITERS.contains(&c) || "-–—".contains(c)).then_some((pick, rest.to_owned()))
        };
        let mut heads = lines.iter().enumerate().filter_map(|(index, line)| Some((index, head(line)?)));
        let (index, (pick, rest)) = heads.next()?;
        let place = index == 0 || index + 1 == lines.len();
        let follows = !truncated || self.labels.begins_text(pick.option, rest.trim_matches(|c| !in_word(c)));
        (heads.next().is_none() && place && follows && self.other(&pick).is_none()).then_some(pick)
    }
}
