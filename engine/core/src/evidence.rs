//! What lies behind the numbers: the items of each language, what each column answered to them, and what the model read.
//!
//! Nothing is copied that is there already, and nothing is computed: whoever shows it decides how.

#[cfg(test)]
mod tests;

use crate::answers::Answer;
use crate::exact::Exact;
use crate::items::Item;
use crate::results::{CellId, Column, Evaluations};
use std::collections::{BTreeMap, BTreeSet};

/// What lies behind the numbers of a study.
#[derive(Debug, Clone, Default)]
pub struct Evidence<'a> {
    /// The columns of the results, sorted.
    pub columns: Vec<&'a Column>,
    /// The languages, sorted by code.
    pub languages: Vec<Sheet<'a>>,
}

/// What was asked and answered in one language.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// Language code.
    pub language: String,
    /// The items that were answered in any column, sorted by key.
    pub items: Vec<Item>,
    /// One for each column, in their order; `None` where the language was not asked.
    pub cells: Vec<Option<Behind<'a>>>,
}

/// What lies behind one cell.
#[derive(Debug, Clone)]
pub struct Behind<'a> {
    /// One for each item of the sheet, in their order; `None` where the cell has none.
    pub answers: Vec<Option<&'a Answer>>,
    /// The prompts, where they are known: of answers from elsewhere they are not.
    pub exact: Option<Exact>,
    /// The labels of the options, in their order: those that were shown, or else those that answers name; `None` for one that no
    /// answer names.
    pub labels: Vec<Option<String>>,
}

impl<'a> Evidence<'a> {
    /// Of the answers of all cells. `rows`: all items of each language's file, a language once, sorted by its code, read when it
    /// is its turn; `exact`: the prompts of the cells that have some. Items that no cell answered are left out, and so is an
    /// answer to an item that the rows do not have.
    ///
    /// # Errors
    /// The first of `rows`.
    pub fn new<E>(
        evaluations: &'a Evaluations,
        rows: impl IntoIterator<Item = Result<(String, Vec<Item>), E>>,
        mut exact: BTreeMap<CellId, Exact>,
    ) -> Result<Self, E> {
        let columns: BTreeSet<&Column> = evaluations.keys().map(|id| &id.column).collect();
        let columns: Vec<&Column> = columns.into_iter().collect();
        let mut sheet = |(language, mut items): (String, Vec<Item>)| {
            let at = |column: &&Column| CellId { column: (*column).clone(), language: language.clone() };
            let ids: Vec<CellId> = columns.iter().map(at).collect();
            let answers: Vec<BTreeMap<&str, &Answer>> =
                ids.iter().map(|id| by_key(evaluations.get(id).map_or(&[], Vec::as_slice))).collect();
            items.retain(|item| answers.iter().any(|answers| answers.contains_key(item.key.as_str())));
            items.sort_by(|a, b| a.key.cmp(&b.key));
            let cell = |(id, answers): (&CellId, &BTreeMap<&str, &'a Answer>)| {
                evaluations.contains_key(id).then(|| Behind::new(&items, answers, exact.remove(id)))
            };
            let cells = ids.iter().zip(&answers).map(cell).collect();
            Sheet { language, items, cells }
        };
        let languages = rows.into_iter().map(|rows| rows.map(&mut sheet)).collect::<Result<_, E>>()?;
        Ok(Self { columns, languages })
    }
}

fn by_key(answers: &[Answer]) -> BTreeMap<&str, &Answer> {
    answers.iter().map(|answer| (answer.key.as_str(), answer)).collect()
}

impl<'a> Behind<'a> {
    fn new(items: &[Item], answers: &BTreeMap<&str, &'a Answer>, exact: Option<Exact>) -> Self {
        let answers: Vec<Option<&'a Answer>> =
            items.iter().map(|item| answers.get(item.key.as_str()).copied()).collect();
        let labels = match &exact {
            Some(exact) => exact.labels.iter().cloned().map(Some).collect(),
            None => named(&answers, items.iter().map(|item| item.options.len()).max().unwrap_or(0)),
        };
        Self { answers, exact, labels }
    }
}

/// The labels of so many options, as answers name them.
fn named(answers: &[Option<&Answer>], options: usize) -> Vec<Option<String>> {
    let mut labels = vec![None; options];
    for answer in answers.iter().flatten() {
        let predicted = answer.prediction.zip(answer.predicted_label.as_ref());
        for (index, label) in predicted.into_iter().chain([(answer.gold, &answer.gold_label)]) {
            if let Some(named) = labels.get_mut(index) {
                *named = Some(label.clone());
            }
        }
    }
    labels
}
