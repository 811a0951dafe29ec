//! Texts with placeholders: `{name}` is filled in, `{{` and `}}` are literal braces.

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Name(String),
}

impl Placeholders {
    /// Parses a text. A lone brace stands for itself: the spec's check has refused it already.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let tail = &rest[at..];
            let close = tail.find('}');
            if tail.starts_with("{{") || tail.starts_with("}}") {
                literal.push_str(&tail[..1]);
                rest = &tail[2..];
            } else if let (true, Some(end)) = (tail.starts_with('{'), close) {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Name(tail[1..end].to_owned()));
                rest = &tail[end + 1..];
            } else {
                literal.push_str(&tail[..1]);
                rest = &tail[1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Self(pieces)
    }

    /// The names that it mentions, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
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
        check("{other} } {", "{other} } {");
        check("", "");
    }
}
