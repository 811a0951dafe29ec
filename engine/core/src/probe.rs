//! The noise floor: how far scores depend on what is decoded beside an item.
//!
//! A sample of a cell's items is scored in three ways which differ in nothing but their company. What then differs between the
//! answers is the arithmetic's, not the model's: a gain that is no greater may be nothing else.
//!
//! Knows answers, and nothing of how they were computed.

use crate::answers::{Answer, twelve_digits};
use crate::key::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

/// In which company an item was scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// By itself: one item a unit.
    Alone,
    /// As the evaluation has it.
    Answered,
    /// In units of twice the evaluation's size.
    Doubled,
}

/// What a probe of one cell found: the artifact of a probe stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Number of items that were scored in every way, at least 1.
    pub items: usize,
    /// Greatest absolute difference of an option's log-likelihood between any two ways, in nats.
    pub greatest_difference: f64,
    /// Where that is; `None` where nothing differs. Of equal differences the first by key, then option, then ways.
    #[serde(rename = "where")]
    pub place: Option<Place>,
    /// Keys of the items whose prediction is not the same in every way, sorted.
    pub flipped: Vec<String>,
}

/// Which number differs, and between which ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Key of the item.
    pub key: String,
    /// Label of the option.
    pub option: String,
    /// The two ways.
    pub between: [Way; 2],
}

/// The answers to the same items, each way's in the order of their keys.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'a> {
    /// Of [`Way::Alone`].
    pub alone: &'a [Answer],
    /// Of [`Way::Answered`].
    pub answered: &'a [Answer],
    /// Of [`Way::Doubled`].
    pub doubled: &'a [Answer],
}

/// `option 2 of item 17, alone and as answered`.
impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [one, other] = self.between.map(Way::words);
        write!(f, "option {} of item {}, {one} and {other}", self.option, self.key)
    }
}

impl Way {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Answered => "as answered",
            Self::Doubled => "in units twice as large",
        }
    }
}

impl Probe {
    /// Predictions that flip, of 100 items.
    #[must_use]
    pub fn flips_per_100(&self) -> f64 {
        100.0 * self.flipped.len() as f64 / self.items as f64
    }

    /// As the bytes of an artifact: indented JSON with a line feed at the end.
    ///
    /// # Errors
    /// Never: no value of it is one that JSON does not have.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// From the bytes of an artifact.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The items that are probed: those whose keys have the smallest hashes, whatever the order they come in. All where there are
/// no more than `items`.
#[must_use]
pub fn sample<'a>(keys: impl Iterator<Item = &'a str>, items: usize) -> BTreeSet<String> {
    let mut keys: Vec<(Digest, &str)> = keys.map(|key| (Digest::of(key.as_bytes()), key)).collect();
    keys.sort_unstable();
    keys.into_iter().take(items).map(|(_, key)| key.to_owned()).collect()
}

/// Compares what the ways give. Numbers count with the digits that answers are written with. `labels`: one for each option.
///
/// # Errors
/// A sentence: no items at all; an item that one way has answered and another has not, or with other options.
pub fn compare(ways: Ways<'_>, labels: &[String]) -> Result<Probe, String> {
    let Ways { alone, answered, doubled } = ways;
    if alone.len() != answered.len() || alone.len() != doubled.len() {
        return Err(format!(
            "{} items were probed alone, {} in larger units, and {} of them are among the stored answers",
            alone.len(),
            doubled.len(),
            answered.len()
        ));
    }
    if alone.is_empty() {
        return Err("there are no items to probe".to_owned());
    }
    let mut probe = Probe { items: alone.len(), greatest_difference: 0.0, place: None, flipped: Vec::new() };
    for ((alone, answered), doubled) in alone.iter().zip(answered).zip(doubled) {
        probe.item([(Way::Alone, alone), (Way::Answered, answered), (Way::Doubled, doubled)], labels)?;
    }
    Ok(probe)
}

impl Probe {
    /// Takes in one item.
    fn item(&mut self, ways: [(Way, &Answer); 3], labels: &[String]) -> Result<(), String> {
        let [(_, first), ..] = ways;
        let like_first =
            |(_, answer): &(Way, &Answer)| answer.key == first.key && answer.logprobs.len() == labels.len();
        if !ways.iter().all(like_first) {
            return Err(format!(
                "item {}: its stored answer is to another question; run the evaluation again",
                first.key
            ));
        }
        for (option, label) in labels.iter().enumerate() {
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                let [one, other] = [ways[one], ways[other]];
                let [a, b] = [one, other].map(|(_, answer)| twelve_digits(answer.logprobs[option]));
                self.difference(twelve_digits((a - b).abs()), || Place {
                    key: first.key.clone(),
                    option: label.clone(),
                    between: [one.0, other.0],
                });
            }
        }
        if ways.iter().any(|(_, answer)| answer.prediction != first.prediction) {
            self.flipped.push(first.key.clone());
        }
        Ok(())
    }

    fn difference(&mut self, difference: f64, place: impl FnOnce() -> Place) {
        if difference > self.greatest_difference {
            (self.greatest_difference, self.place) = (difference, Some(place()));
        }
    }
}

#[cfg(test)]
mod tests;
