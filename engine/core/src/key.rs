//! Keys: a stage's inputs and parameters, listed once, read by two readers.
//!
//! Whoever describes a stage calls `Manifest::field` for everything that can change its bytes. [`KeyHasher`] hashes
//! that list, [`ManifestText`] writes it down for people, so the reason given for a rerun cannot disagree with the key.
//! Encoding after jj's `content_hash`: little-endian, a length before every variable part, an ordinal before every variant.

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// BLAKE3 of some content: a file's bytes, or a folder's listing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// BLAKE3 of a stage's manifest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

macro_rules! hex_text {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($what, "({})"), &blake3::Hash::from_bytes(self.0).to_hex()[..12])
            }
        }
        impl FromStr for $name {
            type Err = NotADigest;
            fn from_str(text: &str) -> Result<Self, NotADigest> {
                blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| NotADigest)
            }
        }
    };
}
hex_text!(Digest, "Digest");
hex_text!(Key, "Key");

/// A text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NotADigest;

impl Digest {
    /// Digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

/// One value of a manifest.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Number(u64),
    /// A real number, hashed by its bits.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// Texts in order.
    Texts(&'a [String]),
    /// Content of an input.
    Content(Digest),
    /// Contents of several inputs: (name, digest), in the order given.
    Contents(&'a [(&'a str, Digest)]),
    /// An input whose content is not known yet. Never hashed into a key that is used.
    Unknown,
}

/// A reader of manifests.
pub trait Manifest {
    /// Reads one field. Names are unique within a manifest; the order of fields is part of the key.
    fn field(&mut self, name: &str, value: Value<'_>);
}

/// Hashes a manifest to a [`Key`].
#[derive(Debug, Default)]
pub struct KeyHasher {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    unknown: bool,
}

impl KeyHasher {
    /// The key, or `None` where some input's content was unknown.
    #[must_use]
    pub fn finish(mut self) -> Option<Key> {
        if self.unknown {
            return None;
        }
        self.hasher.update(&self.buffer);
        Some(Key(*self.hasher.finalize().as_bytes()))
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > 1 << 16 {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }
}

impl Manifest for KeyHasher {
    fn field(&mut self, name: &str, value: Value<'_>) {
        self.bytes(name.as_bytes());
        match value {
            Value::Text(text) => {
                self.buffer.push(0);
                self.bytes(text.as_bytes());
            }
            Value::Number(number) => {
                self.buffer.push(1);
                self.buffer.extend_from_slice(&number.to_le_bytes());
            }
            Value::Real(real) => {
                self.buffer.push(2);
                self.buffer.extend_from_slice(&real.to_bits().to_le_bytes());
            }
            Value::Flag(flag) => self.buffer.extend_from_slice(&[3, u8::from(flag)]),
            Value::Texts(texts) => {
                self.buffer.push(4);
                self.buffer.extend_from_slice(&(texts.len() as u64).to_le_bytes());
                texts.iter().for_each(|text| self.bytes(text.as_bytes()));
            }
            Value::Content(digest) => {
                self.buffer.push(5);
                self.buffer.extend_from_slice(&digest.0);
            }
            Value::Contents(contents) => {
                self.buffer.push(6);
                self.buffer.extend_from_slice(&(contents.len() as u64).to_le_bytes());
                for (part, digest) in contents {
                    self.bytes(part.as_bytes());
                    self.buffer.extend_from_slice(&digest.0);
                }
            }
            Value::Unknown => self.unknown = true,
        }
    }
}

/// Writes a manifest as text: one `name = value` line per field, texts in JSON's quotes, lists one element a line.
#[derive(Debug, Default)]
pub struct ManifestText(String);

impl ManifestText {
    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, name: &str, value: impl fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name} = {value}");
    }
}

impl Manifest for ManifestText {
    fn field(&mut self, name: &str, value: Value<'_>) {
        match value {
            Value::Text(text) => self.line(name, quoted(text)),
            Value::Number(number) => self.line(name, number),
            Value::Real(real) => self.line(name, format_args!("{real:?}")),
            Value::Flag(flag) => self.line(name, flag),
            Value::Texts(texts) => {
                let list: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                self.line(name, format_args!("[{}]", list.join(", ")));
            }
            Value::Content(digest) => self.line(name, format_args!("blake3:{digest}")),
            Value::Contents(contents) => {
                for (part, digest) in contents {
                    self.line(&format!("{name}.{part}"), format_args!("blake3:{digest}"));
                }
            }
            Value::Unknown => self.line(name, "?"),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One field in which two manifests differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field.
    pub field: String,
    /// Its value in the older manifest, if it had one.
    pub before: Option<String>,
    /// Its value in the newer manifest, if it has one.
    pub after: Option<String>,
}

/// Fields in which two manifest texts differ, in the order of the newer, then those that are gone.
#[must_use]
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let parse = |text: &str| -> Vec<(String, String)> {
        let pairs = text.lines().filter_map(|line| line.split_once(" = "));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (old, new) = (parse(before), parse(after));
    let old_by_name: std::collections::BTreeMap<&str, &str> =
        old.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let new_names: std::collections::BTreeSet<&str> = new.iter().map(|(name, _)| name.as_str()).collect();
    let changed = new.iter().filter_map(|(name, value)| {
        let before = old_by_name.get(name.as_str()).copied();
        (before != Some(value.as_str())).then(|| Difference {
            field: name.clone(),
            before: before.map(str::to_owned),
            after: Some(value.clone()),
        })
    });
    let gone = old.iter().filter(|(name, _)| !new_names.contains(name.as_str()));
    let gone = gone.map(|(name, value)| Difference { field: name.clone(), before: Some(value.clone()), after: None });
    changed.chain(gone).collect()
}
