//! The texts a spec is made of, numbered, so that a place in one of them is a few bytes.

use std::ops::Range;
use std::sync::Arc;

/// Number of a text in [`Texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextId(u32);

/// A range of bytes in one of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) text: TextId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    pub(crate) fn new(text: TextId, span: Range<usize>) -> Self {
        Self { text, start: span.start, end: span.end }
    }
}

/// A name or other short text, with its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) place: Place,
}

/// Every text read so far: the spec, the files it extends, each `--set`.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    list: Vec<(String, Arc<str>)>,
}

impl Texts {
    /// Adds a text; `path` is how the user knows it.
    pub(crate) fn add(&mut self, path: &str, content: &str) -> TextId {
        self.list.push((path.to_owned(), Arc::from(content)));
        TextId(u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX))
    }

    pub(crate) fn path(&self, id: TextId) -> &str {
        &self.list[id.0 as usize].0
    }

    pub(crate) fn content(&self, id: TextId) -> &Arc<str> {
        &self.list[id.0 as usize].1
    }

    /// The folder of the file that `place` lies in, joined with `path`. Purely textual: `./` is dropped, `..` stays.
    pub(crate) fn join(&self, place: Place, path: &str) -> String {
        join(folder(self.path(place.text)), path)
    }

    /// The place of `range` of the decoded string `text`, whose literal stands at `place`.
    ///
    /// Where the literal has escapes the decoded text is not found in it; then the whole literal is meant.
    pub(crate) fn inside(&self, place: Place, text: &str, range: Range<usize>) -> Place {
        let literal = self.content(place.text).get(place.start..place.end).unwrap_or_default();
        match literal.find(text) {
            Some(offset) if range.end <= text.len() => {
                Place { start: place.start + offset + range.start, end: place.start + offset + range.end, ..place }
            }
            _ => place,
        }
    }
}

/// Everything before the last slash; empty for a bare file name.
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(slash) => &path[..slash],
        None => "",
    }
}

/// `folder/path`, unless `path` is absolute.
fn join(folder: &str, path: &str) -> String {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    match folder {
        _ if path.starts_with('/') => path.to_owned(),
        "" => path.to_owned(),
        _ if folder.ends_with('/') => format!("{folder}{path}"),
        _ => format!("{folder}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_to_the_folder_of_the_file_that_names_them() {
        let joined = |spec: &str, path: &str| {
            let mut texts = Texts::default();
            let text = texts.add(spec, "");
            texts.join(Place::new(text, 0..0), path)
        };
        assert_eq!(joined("specs/paper.toml", "data/x.jsonl"), "specs/data/x.jsonl");
        assert_eq!(joined("paper.toml", "./data/x.jsonl"), "data/x.jsonl");
        assert_eq!(joined("/paper.toml", "x"), "/x");
        assert_eq!(joined("a/b.toml", "/x"), "/x");
        assert_eq!(joined("a/b.toml", "../x"), "a/../x");
    }

    #[test]
    fn a_place_inside_a_string_is_found_unless_it_has_escapes() {
        let mut texts = Texts::default();
        let text = texts.add("s.toml", r#"a = "gain(x)" b = "\u0067ain""#);
        let inside = |span: Range<usize>, decoded, range| {
            let place = texts.inside(Place::new(text, span), decoded, range);
            (place.start, place.end)
        };
        assert_eq!(inside(4..13, "gain(x)", 5..6), (10, 11));
        assert_eq!(inside(18..29, "gain", 0..1), (18, 29));
    }
}
