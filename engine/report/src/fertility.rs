//! Tokens that the models need, as tables and records have them.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use xlt_core::fertility::{Fertilities, LanguageFertility, Parity, Premium};

/// What the table shows.
const ABOUT: &str = "Tokens that a model needs for the same texts, by its own vocabulary: a passage (of data without \
    passages, a question), a character (Unicode scalar value) and a byte of UTF-8, over all rows of the data, whatever their \
    part.";

/// What premiums are.
const PREMIUM: &str = "The premium over a reference language is the tokens divided by its tokens, over the passages that both \
    have (Petrov et al. 2023).";

/// What is said of ids.
const PARITY: &str = "“Ids” says whether the GGUF makes the same ids of every passage, question and option as the tokenizer \
    that the model was published with.";

/// The tokens of every model and language, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FertilityTable<'a> {
    /// Heads of the columns with numbers.
    pub heads: Vec<String>,
    /// Sorted by model, then language.
    pub rows: Vec<FertilityRow<'a>>,
    /// Whether premiums are among them.
    pub premium: bool,
    /// Whether any row has a parity.
    pub parity: bool,
}

/// One of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FertilityRow<'a> {
    /// Model.
    pub model: &'a str,
    /// Language code.
    pub language: &'a str,
    /// As many as there are heads.
    pub numbers: Vec<String>,
    /// Ids beside those of the model's own tokenizer.
    pub parity: Option<&'a Parity>,
}

impl<'a> FertilityTable<'a> {
    /// Of models by name; there is a column for premiums if there is a reference.
    #[must_use]
    pub fn new(models: &'a BTreeMap<String, Fertilities>) -> Self {
        let mut heads = ["Passages", "Tokens a passage", "a character", "a byte"].map(str::to_owned).to_vec();
        let reference = models.values().find_map(|model| model.reference.as_ref());
        heads.extend(reference.map(|reference| format!("of {reference}")));
        let rows = models.iter().flat_map(|(model, measured)| {
            let row = |of: &'a LanguageFertility| FertilityRow {
                model,
                language: &of.language,
                numbers: numbers(of, reference.is_some()),
                parity: of.parity.as_ref(),
            };
            measured.languages.iter().map(row)
        });
        let rows: Vec<_> = rows.collect();
        Self { heads, premium: reference.is_some(), parity: rows.iter().any(|row| row.parity.is_some()), rows }
    }

    /// What it shows, in sentences.
    pub(crate) fn about(&self) -> String {
        let sentences = [Some(ABOUT), self.premium.then_some(PREMIUM), self.parity.then_some(PARITY)];
        sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// A JSON object for each model and language, sorted by these. `position`, of the first difference, is from 0.
#[must_use]
pub fn fertility_records(models: &BTreeMap<String, Fertilities>) -> Vec<Value> {
    let languages =
        models.iter().flat_map(|(model, measured)| measured.languages.iter().map(move |of| (model, measured, of)));
    let record = |(model, measured, of): (&String, &Fertilities, &LanguageFertility)| {
        json!({
            "model": model,
            "language": of.language,
            "passages": of.fertility.passages,
            "tokens": of.fertility.tokens,
            "characters": of.fertility.characters,
            "bytes": of.fertility.bytes,
            "tokens_per_passage": of.fertility.per_passage(),
            "tokens_per_character": of.fertility.per_character(),
            "tokens_per_byte": of.fertility.per_byte(),
            "reference": measured.reference,
            "premium": of.premium.as_ref().map(Premium::ratio),
            "parallel_passages": of.premium.map(|premium| premium.passages),
            "parity": of.parity,
        })
    };
    languages.map(record).collect()
}

fn numbers(of: &LanguageFertility, premiums: bool) -> Vec<String> {
    let fertility = &of.fertility;
    let mut numbers = vec![
        fertility.passages.to_string(),
        format!("{:.1}", fertility.per_passage()),
        format!("{:.3}", fertility.per_character()),
        format!("{:.3}", fertility.per_byte()),
    ];
    let premium = of.premium.map(|premium| format!("{:.2}x", premium.ratio()));
    numbers.extend(premiums.then(|| premium.unwrap_or_default()));
    numbers
}
