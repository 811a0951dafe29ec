//! Placeholders in the texts of a command stage: `out/{language}.json`, with `{{` and `}}` for braces.

use std::ops::Range;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands for itself; one brace where two were written.
    Literal(&'a str),
    /// The name between braces, and where the name stands.
    Name(&'a str, Range<usize>),
}

/// A brace without its other half.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a brace without its other half")]
pub struct LoneBrace {
    /// Where it stands.
    pub at: usize,
}

/// Cuts a text into its parts.
///
/// # Errors
/// If a brace is not closed, or was not opened.
pub fn parse(text: &str) -> Result<Vec<Part<'_>>, LoneBrace> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            parts.push(Part::Literal(&text[at..=brace]));
            at = brace + 2;
            continue;
        }
        let name = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
        let Some(name) = name.filter(|name| !name.contains('{')) else { return Err(LoneBrace { at: brace }) };
        if at < brace {
            parts.push(Part::Literal(&text[at..brace]));
        }
        parts.push(Part::Name(name, brace + 1..brace + 1 + name.len()));
        at = brace + name.len() + 2;
    }
    if at < text.len() {
        parts.push(Part::Literal(&text[at..]));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Part::{Literal, Name};

    #[test]
    fn texts_are_cut_at_placeholders() {
        assert_eq!(
            parse("a{x}/{in.y}.z"),
            Ok(vec![Literal("a"), Name("x", 2..3), Literal("/"), Name("in.y", 6..10), Literal(".z")])
        );
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse("{}"), Ok(vec![Name("", 1..1)]));
    }

    #[test]
    fn doubled_braces_stand_for_themselves() {
        assert_eq!(parse("{{\"a\": {x}}}"), Ok(vec![Literal("{"), Literal("\"a\": "), Name("x", 8..9), Literal("}")]));
    }

    #[test]
    fn lone_braces_are_found() {
        assert_eq!(parse("ä{x"), Err(LoneBrace { at: 2 }));
        assert_eq!(parse("x}"), Err(LoneBrace { at: 1 }));
        assert_eq!(parse("{a{b}"), Err(LoneBrace { at: 0 }));
    }
}
