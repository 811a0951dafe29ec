//! Languages: what is known of each that a study may name, how near they are to each other, and which of them a claim speaks of.
//!
//! Knows nothing of models and answers. Sources stand in the table's own comment.

#[cfg(test)]
mod document;
mod population;
mod relatedness;
mod table;
#[cfg(test)]
mod tests;

pub use population::{PopulationError, RESERVED, Relation, population, relations};
pub use relatedness::{Covariates, Nearest, covariates, distance, is_relative, nearest};

/// A language in a script, as FLORES-200 and Belebele tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// ISO 639-3, an underscore, ISO 15924: `heb_Hebr`.
    pub code: &'static str,
    /// English name.
    pub name: &'static str,
    /// How much text of it there is in the world; `None` for a romanized variant, of which the source does not speak.
    pub resource: Option<Resource>,
    /// Whether Belebele has it; FLORES-200 has all but five romanized variants.
    pub belebele: bool,
    /// The nodes of Glottolog's tree that contain it, from the family to the smallest; at least one. Languages that no node
    /// tells apart have the same, such as Croatian and Serbian, French and Haitian Creole, and all scripts of one language.
    pub path: &'static [&'static str],
}

/// How much text of a language there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// All that is neither of the others.
    Low,
    /// Some dozens of languages, such as Hebrew.
    Medium,
    /// Arabic, English, French, German, Japanese, Mandarin and Spanish.
    High,
}

/// Where lines of text start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// On the left.
    LeftToRight,
    /// On the right.
    RightToLeft,
}

/// Every language, sorted by code.
#[must_use]
pub const fn all() -> &'static [Language] {
    table::ALL
}

/// The 122 languages of Belebele, sorted by code.
pub fn belebele() -> impl Iterator<Item = &'static Language> {
    all().iter().filter(|language| language.belebele)
}

/// The language of a code; `None` if the code is unknown.
#[must_use]
pub fn find(code: &str) -> Option<&'static Language> {
    all().binary_search_by_key(&code, |language| language.code).ok().map(|at| &all()[at])
}

/// Nodes by which linguists speak of a language where its family is too large to say much.
const BRANCHES: &[&str] = &[
    "Albanian",
    "Armenian",
    "Berber",
    "Bodic",
    "Brahmaputran",
    "Burmo-Qiangic",
    "Celtic",
    "Chadic",
    "Cushitic",
    "Eastern Baltic",
    "Finnic",
    "Germanic",
    "Greater Barito",
    "Greater Central Philippine",
    "Greek",
    "Gur",
    "Igboid",
    "Indo-Aryan",
    "Iranian",
    "Javanesic",
    "Kuki-Chin-Naga",
    "Kwa Volta-Congo",
    "Malayo-Sumbawan",
    "Mundaic",
    "Narrow Bantu",
    "North-Central Atlantic",
    "Northern Luzon",
    "Oceanic",
    "Romance",
    "Semitic",
    "Sinitic",
    "Slavic",
    "South Sulawesi",
    "Ubangi",
    "Vietic",
    "Yoruboid",
];

impl Language {
    /// The largest node that contains it: `Afro-Asiatic`. An isolate is a family of its own.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.path.first().copied().unwrap_or(self.name)
    }

    /// The node by which it is usually called, such as `Semitic` or `Narrow Bantu`; the family where that is usual. A choice of
    /// ours, for readers; no distance depends on it.
    #[must_use]
    pub fn branch(&self) -> &'static str {
        self.path.iter().copied().find(|node| BRANCHES.contains(node)).unwrap_or(self.family())
    }

    /// Its script by ISO 15924: `Hebr`.
    #[must_use]
    pub fn script(&self) -> &'static str {
        self.code.split_once('_').map_or("", |(_, script)| script)
    }

    /// Where its lines start: on the right in the scripts `Arab` and `Hebr`, the only ones of the table (Unicode, *Bidirectional
    /// Algorithm*, UAX #9).
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.script() {
            "Arab" | "Hebr" => Direction::RightToLeft,
            _ => Direction::LeftToRight,
        }
    }
}

impl Resource {
    /// `low`, `medium` or `high`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Direction {
    /// `ltr` or `rtl`, as HTML's `dir` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}
