//! Which languages a word of an estimate means, seen from the languages that an adapter was trained on.

use super::{Nearest, find, is_relative, nearest};
use crate::spec::LanguageGroup;
use std::collections::BTreeSet;
use thiserror::Error;

/// In an estimate: the evaluated languages that are related to what an adapter was trained on.
const RELATIVES: &str = "relatives";

/// In an estimate: the evaluated languages that are not.
const CONTROLS: &str = "controls";

/// In an estimate: all evaluated languages.
const ALL: &str = "all";

/// Words that mean something else in an estimate than a group of that name.
pub const RESERVED: [&str; 3] = [RELATIVES, CONTROLS, ALL];

/// What an evaluated language is to the languages that an adapter was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Code of the evaluated language.
    pub target: String,
    /// The nearest source; the target itself where it is one.
    pub nearest: Nearest,
    /// Whether that source is of the target's family.
    pub relative: bool,
    /// Whether the target is itself a source: neither a relative nor a control, as nothing is carried over.
    pub is_source: bool,
}

/// Why a word means no languages.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PopulationError {
    /// Neither a reserved word, nor a group, nor an evaluated language.
    #[error("`{word}` is neither `relatives`, `controls` or `all`, nor a language group, nor an evaluated language")]
    Unknown {
        /// The word.
        word: String,
    },
    /// Relatedness without languages to be related to.
    #[error("`{word}` of what: no language that the table knows was trained on")]
    NoSources {
        /// The word.
        word: String,
    },
}

/// What each evaluated language is to the `sources` of an adapter, in the order of `evaluated`. Empty without sources: there is
/// nothing to be related to. Codes that the table does not know are passed over.
#[must_use]
pub fn relations(sources: &[String], evaluated: &[String]) -> Vec<Relation> {
    let relation = |target: &String| {
        let nearest = nearest(target, sources)?;
        Some(Relation {
            target: target.clone(),
            relative: is_relative(&nearest.code, target) == Some(true),
            is_source: sources.contains(target),
            nearest,
        })
    };
    evaluated.iter().filter_map(relation).collect()
}

/// The languages that a word of an estimate means, in the order of `evaluated`, each once:
///
/// - `relatives`: those of a family of the sources, the sources left out;
/// - `controls`: those of other families;
/// - `all`: every evaluated one, sources too, so that it means the same with and without an adapter;
/// - a group: those of it that are evaluated, sources too, as they are asked for by name;
/// - a code: itself.
///
/// # Errors
/// The word is not known or not evaluated, or speaks of relatedness where nothing was trained on.
pub fn population(
    word: &str,
    groups: &[LanguageGroup],
    sources: &[String],
    evaluated: &[String],
) -> Result<Vec<String>, PopulationError> {
    let mut seen = BTreeSet::new();
    let evaluated: Vec<String> = evaluated.iter().filter(|code| seen.insert(*code)).cloned().collect();
    match word {
        RELATIVES => by_relation(word, sources, &evaluated, |relation| relation.relative && !relation.is_source),
        CONTROLS => by_relation(word, sources, &evaluated, |relation| !relation.relative),
        ALL => Ok(evaluated),
        _ => match groups.iter().find(|group| group.name == word) {
            Some(group) => Ok(evaluated.into_iter().filter(|code| group.codes.contains(code)).collect()),
            None if evaluated.iter().any(|code| code == word) => Ok(vec![word.to_owned()]),
            None => Err(PopulationError::Unknown { word: word.to_owned() }),
        },
    }
}

fn by_relation(
    word: &str,
    sources: &[String],
    evaluated: &[String],
    wanted: impl Fn(&Relation) -> bool,
) -> Result<Vec<String>, PopulationError> {
    if sources.iter().all(|code| find(code).is_none()) {
        return Err(PopulationError::NoSources { word: word.to_owned() });
    }
    let relations = relations(sources, evaluated).into_iter();
    Ok(relations.filter(wanted).map(|relation| relation.target).collect())
}
