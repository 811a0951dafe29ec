//! A text as the rules read it: one spelling for what means the same, word bounds for all scripts, the way back to bytes.

use super::words;
use std::collections::BTreeMap;
use std::ops::Range;
use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// A text in lower case, composed (NFC), with compatibility forms such as full-width letters resolved (NFKC). Marks that
/// only steer or decorate the display are left out ([`words::ignored`]), letters that are written in two ways are one
/// ([`words::fold`]), and white space is a space or a new line.
pub(super) struct View {
    pub(super) text: String,
    /// For each byte of `text` the bytes of the source that it comes from.
    source: Vec<Range<usize>>,
}

impl View {
    pub(super) fn new(text: &str) -> Self {
        let mut view = Self { text: String::with_capacity(text.len()), source: Vec::with_capacity(text.len()) };
        for (start, c) in text.char_indices() {
            let range = start..start + c.len_utf8();
            if c.is_ascii() || words::circled(c).is_some() {
                view.push(c, range);
            } else {
                decompose_compatible(c, |part| view.push(part, range.clone()));
            }
        }
        view
    }

    /// A text in lower case without its punctuation, otherwise as it is.
    pub(super) fn bare(text: &str) -> Self {
        let mut view = Self { text: String::new(), source: Vec::new() };
        for (start, c) in text.char_indices().filter(|&(_, c)| !words::punctuation(c)) {
            c.to_lowercase().for_each(|lower| view.put(lower, start..start + c.len_utf8()));
        }
        view
    }

    fn push(&mut self, c: char, range: Range<usize>) {
        if words::ignored(c) {
            return;
        }
        let last = self.text.chars().next_back().filter(|_| !c.is_ascii());
        if let Some(joined) = last.and_then(|last| compose(last, c)) {
            let start = self.source[self.text.len() - 1].start;
            self.text.pop();
            self.source.truncate(self.text.len());
            self.put(joined, start..range.end);
        } else if !words::accent(c) {
            c.to_lowercase().for_each(|c| self.put(words::fold(c), range.clone()));
        }
    }

    fn put(&mut self, c: char, range: Range<usize>) {
        self.text.push(c);
        self.source.resize(self.text.len(), range);
    }

    /// The bytes of the source behind a part of the view that is not empty.
    pub(super) fn span(&self, part: &Range<usize>) -> Range<usize> {
        self.source[part.start].start..self.source[part.end - 1].end
    }

    pub(super) fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    pub(super) fn after(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// `at`, moved past what is of `skipped`, a few dozen characters at most.
    pub(super) fn skip(&self, at: usize, skipped: &[char]) -> usize {
        let skipped = self.text[at..].chars().take(32).take_while(|c| skipped.contains(c));
        at + skipped.map(char::len_utf8).sum::<usize>()
    }

    /// The end of the word that begins at `at`; in scripts without spaces each character is one.
    pub(super) fn word_end(&self, at: usize) -> usize {
        let mut last = None;
        let rest = &self.text[at..];
        let end = rest.find(|c| last.replace(c).is_some_and(|last| unspaced(last) || !joined(last, c)));
        at + end.unwrap_or(rest.len())
    }

    /// Whether a word may begin at `at`: also after one letter that Arabic and Hebrew write together with the next word.
    pub(super) fn begins_word(&self, at: usize) -> bool {
        let (Some(last), Some(next)) = (self.before(at), self.after(at)) else { return true };
        let proclitic = || {
            let before = self.before(at - last.len_utf8());
            words::PROCLITICS.contains(last) && before.is_none_or(|before| !joined(before, last))
        };
        !joined(last, next) || unspaced(next) || proclitic()
    }

    /// Whether a word may end at `at`.
    pub(super) fn ends_word(&self, at: usize) -> bool {
        let (Some(last), Some(next)) = (self.before(at), self.after(at)) else { return true };
        !joined(last, next) || unspaced(last)
    }
}

/// Whether a character belongs to words: letters, digits, and the marks on them.
pub(super) fn in_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether two neighbouring characters are of one word. Where the script changes a word ends (`答えはB`), except between
/// digits and letters of the alphabets that are written together with them (`B12`, `3rd`).
pub(super) fn joined(a: char, b: char) -> bool {
    if !in_word(a) || !in_word(b) {
        return false;
    }
    let script = |c| words::digit(c).map_or_else(|| words::script(c), |_| words::DIGITS);
    match (script(a), script(b)) {
        (words::DIGITS, other) | (other, words::DIGITS) => words::binds_digits(other),
        (a, b) => a == b,
    }
}

/// Whether a character is of a script that is written without spaces, or with words that take endings without one.
pub(super) fn unspaced(c: char) -> bool {
    words::digit(c).is_none() && words::is_unspaced(words::script(c))
}

/// Phrases, found by their first character.
pub(super) struct Phrases(BTreeMap<char, Vec<String>>);

impl Phrases {
    /// From lines of phrases, `|` between them; of each first character the longest come first.
    pub(super) fn new(lines: &[&str]) -> Self {
        let mut phrases: BTreeMap<char, Vec<String>> = BTreeMap::new();
        for phrase in lines.iter().flat_map(|line| line.split('|')).map(|phrase| View::new(phrase).text) {
            if let Some(first) = phrase.chars().next() {
                phrases.entry(first).or_default().push(phrase);
            }
        }
        phrases.values_mut().for_each(|list| list.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
        Self(phrases)
    }

    fn starting<'a>(&'a self, rest: &'a str) -> impl Iterator<Item = &'a String> {
        let list = rest.chars().next().and_then(|first| self.0.get(&first));
        list.into_iter().flatten().filter(move |phrase| rest.starts_with(phrase.as_str()))
    }

    /// The length of the longest phrase with which `rest` begins, even if a word goes on after it.
    pub(super) fn prefix(&self, rest: &str) -> Option<usize> {
        self.starting(rest).next().map(String::len)
    }

    /// The end of the longest phrase that stands at `at` as whole words.
    pub(super) fn at(&self, view: &View, at: usize) -> Option<usize> {
        let mut ends = self.starting(&view.text[at..]).map(|phrase| at + phrase.len());
        ends.find(|&end| view.ends_word(end) && view.begins_word(at))
    }

    /// Whether a phrase stands right before `at`.
    pub(super) fn until(&self, view: &View, at: usize) -> bool {
        let text = &view.text[..at];
        let ends = |phrase: &String| text.ends_with(phrase.as_str()) && view.begins_word(at - phrase.len());
        self.0.values().flatten().any(ends)
    }

    /// Whether a phrase is anywhere in the text, even if its last word goes on.
    pub(super) fn anywhere(&self, view: &View) -> bool {
        view.text.char_indices().any(|(at, _)| self.prefix(&view.text[at..]).is_some() && view.begins_word(at))
    }
}
