//! The language of estimates: `gain(tuned, relatives) - gain(tuned, controls)`. Knows no names, only the form.

use std::ops::Range;

use crate::spec::Quantity;

/// A term as written, and where its names stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term<'a> {
    pub(super) negative: bool,
    pub(super) quantity: Quantity,
    pub(super) span: Range<usize>,
    pub(super) condition: (&'a str, Range<usize>),
    pub(super) languages: (&'a str, Range<usize>),
}

/// Where a text stops being an estimate, and what should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) at: Range<usize>,
    pub(super) what: &'static str,
}

/// Reads a signed sum of terms.
pub(super) fn parse(text: &str) -> Result<Vec<Term<'_>>, Expected> {
    let mut cursor = Cursor { text, at: 0 };
    let mut terms = Vec::new();
    let mut negative = cursor.take("-");
    loop {
        terms.push(term(&mut cursor, negative)?);
        cursor.skip_space();
        negative = match cursor.rest().chars().next() {
            None => return Ok(terms),
            Some('-') => true,
            Some('+') => false,
            Some(_) => return Err(cursor.expected("`+`, `-` or the end")),
        };
        cursor.at += 1;
    }
}

fn term<'a>(cursor: &mut Cursor<'a>, negative: bool) -> Result<Term<'a>, Expected> {
    cursor.skip_space();
    let start = cursor.at;
    let quantity = match cursor.name() {
        Some(("gain", _)) => Quantity::Gain,
        Some(("accuracy", _)) => Quantity::Accuracy,
        _ => {
            cursor.at = start;
            return Err(cursor.expected("`gain(…)` or `accuracy(…)`"));
        }
    };
    cursor.need("(", "`(`")?;
    let condition = cursor.name().ok_or_else(|| cursor.expected("a condition"))?;
    cursor.need(",", "`,` and languages")?;
    let languages = cursor.name().ok_or_else(|| cursor.expected("languages"))?;
    cursor.need(")", "`)`")?;
    Ok(Term { negative, quantity, span: start..cursor.at, condition, languages })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn need(&mut self, sign: &str, what: &'static str) -> Result<(), Expected> {
        if self.take(sign) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn name(&mut self) -> Option<(&'a str, Range<usize>)> {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len());
        let range = self.at..self.at + end;
        self.at = range.end;
        (end > 0).then_some((&rest[..end], range))
    }

    /// Points at the next word, or at the end.
    fn expected(&self, what: &'static str) -> Expected {
        let rest = self.rest();
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match rest.chars().next() {
            Some(first) if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            Some(first) => first.len_utf8(),
            None => 0,
        };
        Expected { at: self.at..self.at + end, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_gains() {
        let terms = parse("gain(tuned, relatives) - gain(tuned,controls)").expect("well formed");
        let read: Vec<_> = terms.iter().map(|t| (t.negative, t.quantity, t.condition.0, t.languages.0)).collect();
        assert_eq!(read, [(false, Quantity::Gain, "tuned", "relatives"), (true, Quantity::Gain, "tuned", "controls")]);
        assert_eq!(terms[1].languages.1, 36..44);
        assert_eq!(terms[1].span, 25..45);
    }

    #[test]
    fn signs_and_names_with_dashes() {
        let terms = parse(" - accuracy( llama-3.1 , heb_Hebr )+gain(a,b)").expect("well formed");
        assert_eq!((terms[0].negative, terms[0].condition.0), (true, "llama-3.1"));
        assert!(!terms[1].negative);
    }

    #[test]
    fn the_first_wrong_word_is_pointed_at() {
        let check = |text, at, what| assert_eq!(parse(text), Err(Expected { at, what }), "{text}");
        check("", 0..0, "`gain(…)` or `accuracy(…)`");
        check("loss(a, b)", 0..4, "`gain(…)` or `accuracy(…)`");
        check("gain tuned", 5..10, "`(`");
        check("gain(, b)", 5..6, "a condition");
        check("gain(a)", 6..7, "`,` and languages");
        check("gain(a, )", 8..9, "languages");
        check("gain(a, b", 9..9, "`)`");
        check("gain(a, b) gain(c, d)", 11..15, "`+`, `-` or the end");
        check("gain(a, b) -", 12..12, "`gain(…)` or `accuracy(…)`");
        check("gain(ä, b)", 5..7, "a condition");
    }
}
