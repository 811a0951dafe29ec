//! Compares a tree with the grammar: unknown keys, missing keys, wrong types, values out of range. All of them.

use super::error::Faults;
use super::shape::{Bound, Key, Need, Shape, TableShape};
use super::suggest::{nearest, suggest};
use super::text::Place;
use super::tree::{Entry, Node, Table, Value, parse_value};

/// Whether required keys must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// A part that will be laid over a whole.
    Part,
}

/// Checks the value that stands at `path` (empty for the spec itself).
pub(crate) fn check(node: &Node, shape: &Shape, path: &str, extent: Extent, faults: &mut Faults) {
    Checker { extent, faults }.value(node, shape, path);
}

/// Puts in the defaults of everything that was left out, as if it had been written where its table stands.
pub(crate) fn fill(table: &mut Table, place: Place, shape: &TableShape) {
    for key in shape.keys() {
        let toml = match key.need {
            Need::Default(toml) => toml,
            Need::DefaultBeside(other, toml) if table.get(other).is_some() => toml,
            _ => continue,
        };
        if table.get(key.name).is_none()
            && let Some(node) = parse_value(toml, place)
        {
            table.entries.push(Entry { key: key.name.to_owned(), key_place: place, node });
        }
    }
    for entry in &mut table.entries {
        if let Some(key) = shape.key(&entry.key) {
            fill_value(&mut entry.node, &key.shape);
        }
    }
}

fn fill_value(node: &mut Node, shape: &Shape) {
    match (shape, &mut node.value) {
        (Shape::Table(shape), Value::Table(table)) => fill(table, node.place, shape),
        (Shape::Map { item, .. }, Value::Table(table)) => {
            table.entries.iter_mut().for_each(|entry| fill_value(&mut entry.node, item));
        }
        (Shape::List { item, .. }, Value::List(items)) => items.iter_mut().for_each(|node| fill_value(node, item)),
        _ => {}
    }
}

struct Checker<'a> {
    extent: Extent,
    faults: &'a mut Faults,
}

impl Checker<'_> {
    fn table(&mut self, table: &Table, place: Place, shape: &TableShape, path: &str) {
        for entry in &table.entries {
            match shape.key(&entry.key) {
                Some(key) => self.value(&entry.node, &key.shape, &join(path, key.name)),
                None => self.unknown(entry, shape, path),
            }
        }
        if self.extent == Extent::Whole {
            let absent = shape.keys().filter(|key| table.get(key.name).is_none());
            for key in absent {
                match key.need {
                    Need::Required => self.missing(key, None, place, path),
                    Need::Without(other) if table.get(other).is_none() => {
                        self.missing(key, shape.key(other), place, path);
                    }
                    Need::Without(_)
                    | Need::Optional
                    | Need::Default(_)
                    | Need::DefaultBeside(..)
                    | Need::Derived(_) => {}
                }
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, shape: &TableShape, path: &str) {
        let known: Vec<_> = shape.keys().map(|key| key.name).collect();
        self.faults
            .at(entry.key_place, format!("unknown key `{}` in {}", entry.key, heading(path)))
            .label("not a key of this table")
            .help(suggest(&entry.key, "its keys", &known));
    }

    fn missing(&mut self, key: &Key, instead: Option<&Key>, place: Place, path: &str) {
        let instead = instead.map(|key| format!("\nor `{}`, {}", key.name, key.doc)).unwrap_or_default();
        self.faults
            .at(place, format!("missing key `{}` in {}", key.name, heading(path)))
            .label(format!("has no `{}`", key.name))
            .help(format!("add `{}`: {}{instead}", key.name, key.doc));
    }

    fn value(&mut self, node: &Node, shape: &Shape, path: &str) {
        match (shape, &node.value) {
            (Shape::Table(shape), Value::Table(table)) => self.table(table, node.place, shape, path),
            (Shape::Map { what, names, item }, Value::Table(table)) => {
                for entry in &table.entries {
                    if !names.allow(&entry.key) {
                        self.faults
                            .at(entry.key_place, format!("`{}` cannot be the name of {what}", entry.key))
                            .label("not a valid name")
                            .help(names.rule());
                    }
                    if !self.dotted_name(entry, item, path) {
                        self.value(&entry.node, item, &join(path, &entry.key));
                    }
                }
            }
            (Shape::List { item, min, max }, Value::List(items)) => {
                if !(*min..=*max).contains(&items.len()) {
                    let label = if items.is_empty() { "empty".to_owned() } else { format!("{} of them", items.len()) };
                    self.faults.at(node.place, format!("`{path}` needs {}", amount(*min, *max))).label(label);
                }
                items.iter().for_each(|node| self.value(node, item, path));
            }
            (Shape::Texts, Value::List(items)) => items.iter().for_each(|node| self.value(node, &Shape::Text, path)),
            (Shape::Choice(words), Value::Text(word)) => self.choice(node, words, word, path),
            (Shape::Integer { min, max }, Value::Integer(n)) => self.integer(node, *n, *min, *max, path),
            (Shape::Number { above }, Value::Integer(_) | Value::Float(..)) => self.number(node, *above, path),
            (Shape::Text | Shape::Texts | Shape::Scalar | Shape::Bytes, Value::Text(_))
            | (Shape::Boolean | Shape::Scalar, Value::Boolean(_))
            | (Shape::Scalar | Shape::Bytes, Value::Integer(_))
            | (Shape::Scalar, Value::Float(..))
            | (_, Value::Malformed) => {}
            _ => self.wrong_type(node, shape, path),
        }
    }

    /// TOML reads `llama-3.1-8b = {…}` as `1-8b` in `llama-3`. Whether that happened; reported.
    fn dotted_name(&mut self, entry: &Entry, item: &Shape, path: &str) -> bool {
        let (Shape::Table(shape), Some(table)) = (item, entry.node.table()) else { return false };
        let keys = || shape.keys().map(|key| key.name);
        let strange = |inner: &Entry| inner.node.table().is_some() && nearest(&inner.key, keys()).is_none();
        if table.entries.is_empty() || !table.entries.iter().all(strange) {
            return false;
        }
        for inner in &table.entries {
            self.faults
                .at(inner.key_place, format!("`{}` is read as a key of `{}`", inner.key, join(path, &entry.key)))
                .label("after the dot another table begins")
                .help(format!("a name with a dot goes in quotes: `\"{}.{}\"`", entry.key, inner.key));
        }
        true
    }

    fn wrong_type(&mut self, node: &Node, shape: &Shape, path: &str) {
        let message = match (shape, &node.value) {
            (Shape::Table(TableShape { instead_of_text: Some(message), .. }), Value::Text(_)) => (*message).to_owned(),
            _ => format!("`{path}` must be {}, not {}", wanted(shape), node.kind()),
        };
        let fault = self.faults.at(node.place, message);
        fault.label(node.kind());
        if let Shape::Table(shape) = shape {
            fault.help(format!("write {}", shape.example));
        }
    }

    fn choice(&mut self, node: &Node, words: &[&str], word: &str, path: &str) {
        if !words.contains(&word) {
            self.faults
                .at(node.place, format!("`{word}` is not a value of `{path}`"))
                .label("unknown value")
                .help(suggest(word, "its values", words));
        }
    }

    fn integer(&mut self, node: &Node, n: i128, min: i128, max: i128, path: &str) {
        if n < min {
            self.faults.at(node.place, format!("`{path}` must be at least {min}")).label("too small");
        } else if n > max {
            self.faults.at(node.place, format!("`{path}` must be at most {max}")).label("too large");
        }
    }

    fn number(&mut self, node: &Node, above: Bound, path: &str) {
        let number = match node.value {
            Value::Float(float, _) => float,
            Value::Integer(n) if n > 0 => 1.0,
            Value::Integer(n) if n < 0 => -1.0,
            _ => 0.0,
        };
        if !number.is_finite() {
            self.faults.at(node.place, format!("`{path}` must be a finite number")).label("not finite");
        } else if above == Bound::AboveZero && number <= 0.0 {
            self.faults.at(node.place, format!("`{path}` must be more than zero")).label("too small");
        } else if above == Bound::AtLeastZero && number < 0.0 {
            self.faults.at(node.place, format!("`{path}` must not be negative")).label("too small");
        } else if above == Bound::BelowOne && !(0.0..1.0).contains(&number) {
            let label = if number < 0.0 { "too small" } else { "too large" };
            self.faults.at(node.place, format!("`{path}` must be at least 0 and less than 1")).label(label);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn heading(path: &str) -> String {
    match path {
        "" => "the spec".to_owned(),
        path => format!("`{path}`"),
    }
}

fn amount(min: usize, max: usize) -> String {
    match (min, max) {
        (1, usize::MAX) => "at least one value".to_owned(),
        (min, max) if min == max => format!("{min} values"),
        (min, usize::MAX) => format!("at least {min} values"),
        (min, max) => format!("{min} to {max} values"),
    }
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Choice(_) => "a string",
        Shape::Integer { .. } => "a whole number",
        Shape::Number { .. } => "a number",
        Shape::Boolean => "`true` or `false`",
        Shape::Scalar => "a string, a number, `true` or `false`",
        Shape::Bytes => "a number of bytes or a string such as \"4GB\"",
        Shape::List { .. } => "a list",
        Shape::Texts => "a string or a list of strings",
        Shape::Table(_) | Shape::Map { .. } => "a table",
    }
}
