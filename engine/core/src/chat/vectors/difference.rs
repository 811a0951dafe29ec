//! Where two texts part, for a reader.

use std::fmt;

/// Characters shown before and after the place.
const AROUND: usize = 24;

/// The first place at which a text is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What was expected there, with some characters around.
    pub expected: String,
    /// What is there, with some characters around.
    pub got: String,
}

impl Difference {
    /// `None` for the same text.
    pub(super) fn first(expected: &str, got: &str) -> Option<Self> {
        if expected == got {
            return None;
        }
        let same = expected.chars().zip(got.chars()).take_while(|(one, other)| one == other);
        let at: usize = same.map(|(character, _)| character.len_utf8()).sum();
        let before = &expected[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Some(Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            expected: around(expected, at),
            got: around(got, at),
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, expected, got } = self;
        write!(f, "the prompt differs at its line {line}, column {column}: expected {expected}, got {got}")
    }
}

/// The end of a text, in quotes.
pub(super) fn end(text: &str) -> String {
    around(text, text.len())
}

/// What stands at a place, in quotes, line breaks and the like as escapes; dots where the text goes on.
fn around(text: &str, at: usize) -> String {
    let start = text[..at].char_indices().rev().nth(AROUND - 1).map_or(0, |(start, _)| start);
    let end = text[at..].char_indices().nth(AROUND).map_or(text.len(), |(length, _)| at + length);
    let dots = |cut: bool| if cut { "..." } else { "" };
    format!("{}{:?}{}", dots(start > 0), &text[start..end], dots(end < text.len()))
}
