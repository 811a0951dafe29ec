//! What a part of a spec may look like: the vocabulary in which the grammar is written down.

/// A table with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct TableShape {
    /// How the documentation calls it, e.g. `models.NAME`.
    pub(crate) name: &'static str,
    /// What it is for, in a sentence.
    pub(crate) doc: &'static str,
    /// Its keys; several tables share some of them, hence the groups.
    pub(crate) keys: &'static [&'static [Key]],
    /// The help where something else than a table stands in its place.
    pub(crate) example: &'static str,
    /// What is wrong about a string in its place, if there is more to say than that.
    pub(crate) instead_of_text: Option<&'static str>,
}

impl TableShape {
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    /// Completes "what it says", in a line.
    pub(crate) doc: &'static str,
}

/// What happens when a key is left out.
#[derive(Debug)]
pub(crate) enum Need {
    /// It is an error.
    Required,
    /// It is an error, unless this key is there.
    Without(&'static str),
    /// Nothing.
    Optional,
    /// This value, in TOML, is taken.
    Default(&'static str),
    /// The same where that other key is there; else nothing.
    DefaultBeside(&'static str, &'static str),
    /// A value is worked out from the rest of the spec, in the way said.
    Derived(&'static str),
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    /// One of a few words.
    Choice(&'static [&'static str]),
    Integer {
        min: i128,
        max: i128,
    },
    Number {
        /// Which numbers; infinite ones never.
        above: Bound,
    },
    Boolean,
    /// A string, number or truth value.
    Scalar,
    /// A number of bytes: a whole number, or a string with a unit.
    Bytes,
    List {
        item: &'static Shape,
        min: usize,
        max: usize,
    },
    /// A string, or a list of them.
    Texts,
    Table(&'static TableShape),
    /// A table whose keys are the user's names for `what`.
    Map {
        what: &'static str,
        names: Names,
        item: &'static Shape,
    },
}

/// Bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    None,
    AtLeastZero,
    AboveZero,
    /// From 0 to below 1.
    BelowOne,
}

/// Rules for the names that users give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// They become parts of paths.
    Path,
    /// They become environment variables.
    Environment,
    /// They become variables of templates.
    Variable,
}

impl Names {
    pub(crate) fn allow(self, name: &str) -> bool {
        let mut bytes = name.bytes();
        let first = bytes.next();
        match self {
            Self::Path => {
                first.is_some_and(|b| b.is_ascii_alphanumeric())
                    && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            }
            Self::Environment | Self::Variable => {
                first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                    && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
            }
        }
    }

    /// The rule as a regular expression, for the schema.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Path => "^[A-Za-z0-9][A-Za-z0-9._-]*$",
            Self::Environment | Self::Variable => "^[A-Za-z_][A-Za-z0-9_]*$",
        }
    }

    /// The rule in words.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Path => "a name has letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
            Self::Environment | Self::Variable => {
                "a variable's name has letters, digits and `_`, and does not begin with a digit"
            }
        }
    }
}

/// Any whole number from `min` on that the resolved types can hold.
pub(crate) const fn from(min: i128) -> Shape {
    Shape::Integer { min, max: u32::MAX as i128 }
}

/// A seed, a count or a size.
pub(crate) const COUNT: Shape = Shape::Integer { min: 0, max: i64::MAX as i128 };

/// A list of strings.
pub(crate) const fn texts(min: usize, max: usize) -> Shape {
    Shape::List { item: &Shape::Text, min, max }
}

/// A table of tables, one for each name.
pub(crate) const fn tables(what: &'static str, item: &'static Shape) -> Shape {
    Shape::Map { what, names: Names::Path, item }
}

/// A key, in one line.
pub(crate) const fn key(name: &'static str, shape: Shape, need: Need, doc: &'static str) -> Key {
    Key { name, shape, need, doc }
}
