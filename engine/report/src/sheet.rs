//! A table of names and numbers, which every format for people renders in its own way.

use crate::languages::english_name;

/// A table, with what is needed to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sheet {
    /// What it is of.
    pub(crate) title: &'static str,
    /// How it is read, in a sentence or two.
    pub(crate) about: String,
    /// Heads of the columns; the first is of names.
    pub(crate) heads: Vec<Head>,
    /// At least one.
    pub(crate) rows: Vec<Row>,
    /// What the marks in it mean.
    pub(crate) notes: Vec<String>,
}

/// Head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Head {
    /// Of names and words, set left.
    Words(String),
    /// Of numbers, set right.
    Numbers(String),
}

/// A row: as many fields as there are heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Empty where there is nothing to say.
    pub(crate) fields: Vec<Field>,
    /// Whether it goes on with what the row above it is of.
    pub(crate) continues: bool,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    /// Code of a language, which formats write with its name.
    Language(String),
    /// Words or numbers.
    Text(String),
}

impl Sheet {
    /// The same without the columns of that name.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        let kept: Vec<bool> = self.heads.iter().map(|head| !names.contains(&head.text())).collect();
        let mut of_heads = kept.iter();
        self.heads.retain(|_| of_heads.next() == Some(&true));
        for row in &mut self.rows {
            let mut of_fields = kept.iter();
            row.fields.retain(|_| of_fields.next() == Some(&true));
        }
        self
    }
}

impl Head {
    /// Its text.
    pub(crate) fn text(&self) -> &str {
        let (Self::Words(text) | Self::Numbers(text)) = self;
        text
    }

    /// A column of words.
    pub(crate) fn words(text: &str) -> Self {
        Self::Words(text.to_owned())
    }

    /// A column of numbers.
    pub(crate) fn numbers(text: &str) -> Self {
        Self::Numbers(text.to_owned())
    }
}

impl Row {
    /// A row of its own.
    pub(crate) fn new(fields: impl IntoIterator<Item = String>) -> Self {
        Self { fields: fields.into_iter().map(Field::Text).collect(), continues: false }
    }

    /// A row of a language.
    pub(crate) fn of_language(code: &str, fields: impl IntoIterator<Item = String>) -> Self {
        let mut row = Self::new(fields);
        row.fields.insert(0, Field::Language(code.to_owned()));
        row
    }
}

/// The English name, or the code where there is none.
pub(crate) fn short(code: &str) -> String {
    english_name(code).unwrap_or(code).to_owned()
}
