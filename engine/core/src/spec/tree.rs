//! A TOML document whose every node knows where it was written.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Faults;
use super::text::{Place, TextId, Texts, Word};

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What TOML knows.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i128),
    /// Its value, and its digits as written.
    Float(f64, String),
    Boolean(bool),
    Date,
    /// A number that cannot be read, which has been reported.
    Malformed,
    List(Vec<Node>),
    Table(Table),
}

/// Entries in the order written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

impl Entry {
    pub(crate) fn name(&self) -> Word<'_> {
        Word { text: &self.key, place: self.key_place }
    }
}

/// Reads a document; `None` if it is no TOML, which is reported.
pub(crate) fn parse(texts: &Texts, id: TextId, faults: &mut Faults) -> Option<Node> {
    let (document, errors) = DeTable::parse_recoverable(texts.content(id));
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let label = if error.message() == "duplicate key" { "written above already" } else { "not TOML" };
        faults.at(Place::new(id, span), error.message()).label(label);
    }
    let place = &|span| Place::new(id, span);
    errors.is_empty().then(|| {
        let at = place(document.span());
        Node { value: Value::Table(table(document.into_inner(), place, faults)), place: at }
    })
}

/// Reads one value, which is said to stand at `place`.
pub(crate) fn parse_value(text: &str, place: Place) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    Some(node(value, &|_| place, &mut Faults::default()))
}

fn node(value: Spanned<DeValue<'_>>, place: &dyn Fn(Range<usize>) -> Place, faults: &mut Faults) -> Node {
    let at = place(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(digits) => match i128::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(integer) => Value::Integer(integer),
            Err(_) => {
                faults.at(at, "number out of range").label("too many digits");
                Value::Malformed
            }
        },
        DeValue::Float(digits) => match digits.as_str().parse() {
            Ok(float) => Value::Float(float, digits.as_str().to_owned()),
            Err(_) => {
                faults.at(at, "malformed number");
                Value::Malformed
            }
        },
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(list) => Value::List(list.into_iter().map(|item| node(item, place, faults)).collect()),
        DeValue::Table(entries) => Value::Table(table(entries, place, faults)),
    };
    Node { value, place: at }
}

fn table(entries: DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place, faults: &mut Faults) -> Table {
    let entries = entries.into_iter().map(|(key, value)| Entry {
        key_place: place(key.span()),
        key: key.into_inner().into_owned(),
        node: node(value, place, faults),
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| entry.key_place.start);
    Table { entries }
}

impl Node {
    pub(crate) fn word(&self) -> Option<Word<'_>> {
        match &self.value {
            Value::Text(text) => Some(Word { text, place: self.place }),
            _ => None,
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The items of a list; a single value counts as a list of itself.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Every string in the list, or the one string.
    pub(crate) fn words(&self) -> impl Iterator<Item = Word<'_>> {
        self.items().iter().filter_map(Node::word)
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self.value {
            #[expect(clippy::cast_precision_loss, reason = "a setting, not a count")]
            Value::Integer(integer) => Some(integer as f64),
            Value::Float(float, _) => Some(float),
            _ => None,
        }
    }

    /// The text form of a string, number or truth value.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(integer) => Some(integer.to_string()),
            Value::Float(_, digits) => Some(digits.clone()),
            Value::Boolean(boolean) => Some(boolean.to_string()),
            Value::Date | Value::Malformed | Value::List(_) | Value::Table(_) => None,
        }
    }

    /// What the value is, as it stands in "…, not a string".
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "a whole number",
            Value::Float(..) | Value::Malformed => "a number",
            Value::Boolean(_) => "a truth value",
            Value::Date => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Getters for the resolver. A value of another type reads as absent: the shape check has reported it already.
impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at).node)
    }

    pub(crate) fn word(&self, key: &str) -> Option<Word<'_>> {
        self.get(key)?.word()
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.word(key).map(|word| word.text.to_owned())
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table> {
        self.get(key)?.table()
    }

    pub(crate) fn integer<T: TryFrom<i128>>(&self, key: &str) -> Option<T> {
        match self.get(key)?.value {
            Value::Integer(integer) => T::try_from(integer).ok(),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.number()
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Node { value: Value::Boolean(true), .. }))
    }

    /// The strings of a list, or the one string.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        self.get(key).map(|node| node.words().map(|word| word.text.to_owned()).collect()).unwrap_or_default()
    }

    /// The entries of the table at `key`, sorted by name.
    pub(crate) fn sorted(&self, key: &str) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.table(key).map(|table| table.entries.iter().collect()).unwrap_or_default();
        entries.sort_by(|a: &&Entry, b| a.key.cmp(&b.key));
        entries
    }

    /// The names in the table at `key`.
    pub(crate) fn names(&self, key: &str) -> Vec<&str> {
        self.sorted(key).into_iter().map(|entry| entry.key.as_str()).collect()
    }
}
