//! A template's text before it is parsed: a tag that only Hugging Face knows, and bounds on what the parser is given.
//!
//! Knows where tags, strings, comments and raw blocks begin and end, and nothing of what they mean.

/// Bytes of a template. The longest of those in use have some 30,000.
const BYTES: usize = 256 * 1024;
/// Names, texts, numbers and signs in one tag. The parser and all after it call themselves once for each operator of an
/// expression; the longest tags in use have some hundred.
const WORDS: usize = 1000;
/// `elif`s of a template: each is a branch inside the one before.
const ELIFS: usize = 200;

/// Why a template is not given to the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unparsable {
    /// Line of the template, from 1.
    pub(crate) line: usize,
    /// What there is too much of, and the limit.
    pub(crate) message: &'static str,
}

/// Refuses what the parser could not take: it calls itself for every level, and a stack ends without a word.
pub(crate) fn check(template: &str) -> Result<(), Unparsable> {
    prepare(template).map(drop)
}

/// The template as minijinja can parse it; lines stay where they are.
///
/// `{% generation %}` marks which text is the model's, for training. It renders what is inside, and names set there end
/// there: what `{% with %}` does.
pub(crate) fn prepare(template: &str) -> Result<String, Unparsable> {
    let fault = |at: usize, message| Err(Unparsable { line: 1 + template[..at].matches('\n').count(), message });
    if template.len() > BYTES {
        return fault(0, "the template is longer than 256 KiB");
    }
    let mut text = String::with_capacity(template.len());
    let (mut done, mut elifs) = (0, 0);
    let mut raw = false;
    while let Some(tag) = Tag::next(template, done, raw) {
        if tag.words > WORDS {
            return fault(tag.start, "more than 1000 words in one tag");
        }
        elifs += usize::from(tag.name == "elif");
        if elifs > ELIFS {
            return fault(tag.start, "more than 200 `elif`s in one template");
        }
        let tag_text = &template[tag.start..tag.end];
        text.push_str(&template[done..tag.start]);
        match tag.name {
            "generation" | "endgeneration" if tag.words == 1 => {
                text.push_str(&tag_text.replacen("generation", "with", 1));
            }
            _ => text.push_str(tag_text),
        }
        raw = tag.name == "raw";
        done = tag.end;
    }
    text.push_str(&template[done..]);
    Ok(text)
}

/// `{{ ... }}` or `{% ... %}`.
struct Tag<'a> {
    start: usize,
    end: usize,
    /// First word of a `{% %}`, else empty.
    name: &'a str,
    /// Names, texts, numbers and signs.
    words: usize,
}

impl<'a> Tag<'a> {
    /// The next tag from `from` on; in a raw block nothing counts before the tag that ends it.
    fn next(template: &'a str, from: usize, raw: bool) -> Option<Self> {
        let mut at = from;
        loop {
            at += template[at..].find('{')?;
            let rest = &template[at..];
            if raw {
                let word =
                    rest.strip_prefix("{%").map(|rest| rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start());
                if word.is_some_and(|word| word.starts_with("endraw")) {
                    return Self::at(template, at);
                }
            } else if rest.starts_with("{#") {
                at += rest.find("#}")? + 2;
                continue;
            } else if rest.starts_with("{%") || rest.starts_with("{{") {
                return Self::at(template, at);
            }
            at += 1;
        }
    }

    /// The tag that begins here; `None` if it has no end.
    fn at(template: &'a str, start: usize) -> Option<Self> {
        let block = template[start..].starts_with("{%");
        let end_sign = if block { "%}" } else { "}}" };
        let inside = template[start + 2..].strip_prefix(['-', '+']).unwrap_or(&template[start + 2..]);
        let mut tag = Self { start, end: 0, name: "", words: 0 };
        let (mut rest, mut open) = (inside, 0_usize);
        loop {
            rest = rest.trim_start();
            let after_sign = rest.strip_prefix(['-', '+']).unwrap_or(rest);
            if open == 0
                && let Some(after) = after_sign.strip_prefix(end_sign)
            {
                tag.end = template.len() - after.len();
                return Some(tag);
            }
            let first = rest.chars().next()?;
            let length = match first {
                '\'' | '"' => text_length(rest, first)?,
                _ if is_name(first) => rest.find(|character| !is_name(character)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            match first {
                '{' => open += 1,
                '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if block && tag.words == 0 {
                tag.name = &rest[..length];
            }
            tag.words += 1;
            rest = &rest[length..];
        }
    }
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Bytes of the text in quotes that begins here; `None` if it has no end.
fn text_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
