//! Texts with placeholders, parsed once and filled in for every instance of a stage.

use crate::spec::placeholder::{Part, parse};

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Name(String),
}

impl Placeholders {
    /// Parses a text. One that is malformed stands for itself; the spec's check has refused it already.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let Ok(parts) = parse(text) else { return Self(vec![Piece::Literal(text.to_owned())]) };
        let piece = |part| match part {
            Part::Literal(literal) => Piece::Literal(str::to_owned(literal)),
            Part::Name(name, _) => Piece::Name(name.to_owned()),
        };
        Self(parts.into_iter().map(piece).collect())
    }

    /// The text with every name replaced; names that `value` does not know stay as they were written.
    pub fn fill<'a>(&'a self, value: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Name(name) => match value(name) {
                    Some(value) => text.push_str(value),
                    None => {
                        text.push('{');
                        text.push_str(name);
                        text.push('}');
                    }
                },
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    fn check(text: &str, expected: &str) {
        let value = |name: &str| match name {
            "lang" => Some("heb_Hebr"),
            _ => None,
        };
        assert_eq!(Placeholders::parse(text).fill(value), expected, "{text}");
    }

    #[test]
    fn names_are_filled_in_and_doubled_braces_are_literal() {
        check("data/{lang}.txt", "data/heb_Hebr.txt");
        check("{{lang}} {lang}{lang}", "{lang} heb_Hebrheb_Hebr");
        check("awk '{{print}}'", "awk '{print}'");
        check("{other}", "{other}");
        check("", "");
    }
}
