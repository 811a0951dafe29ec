//! The answers of all cells as numbers: what statistics need of them, and no more.

use std::collections::BTreeMap;

use crate::results::{CellId, Evaluations};
use crate::spec::Drawn;
use crate::stats::paired::Pair;

/// Number of a question in a [`Frame`], the same in all cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub u32);

/// Number of a passage in a [`Frame`]; the questions on one passage are a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassageId(pub u32);

/// One item of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// Key of the item.
    pub key: &'a str,
    /// Its number.
    pub question: QuestionId,
    /// Its passage; where the data have none, the item itself.
    pub passage: PassageId,
    /// Whether the answer was right; no answer is not.
    pub correct: bool,
    /// Index of the predicted label; `None`: no answer.
    pub prediction: Option<usize>,
}

/// How many answers to a passage, or a question, there are in a cell, and how many of them are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// Number of the passage or question.
    pub number: u32,
    /// Right answers.
    pub right: u32,
    /// Answers.
    pub items: u32,
}

/// The answers of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFrame<'a> {
    /// Sorted by key.
    pub outcomes: Vec<Outcome<'a>>,
    passages: Vec<Cluster>,
    questions: Vec<Cluster>,
    right: u32,
}

/// The answers of all cells. Passages and questions are numbered in the order of their names, the same in all cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    cells: BTreeMap<&'a CellId, CellFrame<'a>>,
}

impl<'a> Frame<'a> {
    /// Cells without answers are left out.
    #[must_use]
    pub fn new(evaluations: &'a Evaluations) -> Self {
        let all = || evaluations.values().flatten();
        let passages = numbered(all().map(|answer| answer.group.as_str()));
        let questions = numbered(all().map(|answer| answer.key.as_str()));
        let cells = evaluations.iter().filter(|(_, answers)| !answers.is_empty()).map(|(id, answers)| {
            let mut outcomes: Vec<Outcome<'_>> = answers
                .iter()
                .map(|answer| Outcome {
                    key: &answer.key,
                    question: QuestionId(questions[answer.key.as_str()]),
                    passage: PassageId(passages[answer.group.as_str()]),
                    correct: answer.correct(),
                    prediction: answer.prediction,
                })
                .collect();
            outcomes.sort_by_key(|outcome| outcome.key);
            (id, CellFrame::new(outcomes))
        });
        Self { cells: cells.collect() }
    }

    /// A cell; `None` where it has no answers.
    #[must_use]
    pub fn cell(&self, id: &CellId) -> Option<&CellFrame<'a>> {
        self.cells.get(id)
    }

    /// All cells, sorted.
    pub fn cells(&self) -> impl Iterator<Item = (&'a CellId, &CellFrame<'a>)> {
        self.cells.iter().map(|(id, cell)| (*id, cell))
    }
}

impl<'a> CellFrame<'a> {
    fn new(outcomes: Vec<Outcome<'a>>) -> Self {
        let passages = clusters(outcomes.iter().map(|outcome| (outcome.passage.0, outcome.correct)));
        let questions = clusters(outcomes.iter().map(|outcome| (outcome.question.0, outcome.correct)));
        let right = passages.iter().map(|cluster| cluster.right).sum();
        Self { outcomes, passages, questions, right }
    }

    /// Its answers by what is drawn, sorted by number.
    #[must_use]
    pub fn clusters(&self, drawn: Drawn) -> &[Cluster] {
        match drawn {
            Drawn::Passages => &self.passages,
            Drawn::Questions => &self.questions,
        }
    }

    /// Number of items; at least one.
    #[must_use]
    pub fn items(&self) -> u32 {
        u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX)
    }

    /// Share of right answers, 0 to 1.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        f64::from(self.right) / f64::from(self.items())
    }

    /// The items that both cells have, this one's answers before and the other's after.
    #[must_use]
    pub fn paired(&self, after: &Self) -> Vec<Pair> {
        let pair = |(before, after): (&Outcome<'_>, &Outcome<'_>)| Pair {
            before: before.correct,
            after: after.correct,
            cluster: before.passage.0 as usize,
        };
        self.beside(after).map(pair).collect()
    }

    /// Items that both cells have, in the order of their keys, each with its outcome here and there.
    pub fn beside<'b>(&'b self, other: &'b Self) -> impl Iterator<Item = (&'b Outcome<'a>, &'b Outcome<'a>)> {
        let mut others = other.outcomes.iter().peekable();
        self.outcomes.iter().filter_map(move |here| {
            while others.peek().is_some_and(|there| there.key < here.key) {
                others.next();
            }
            others.next_if(|there| there.key == here.key).map(|there| (here, there))
        })
    }
}

/// Names with their numbers, in the order of the names.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u32> {
    let mut numbers: BTreeMap<&str, u32> = names.map(|name| (name, 0)).collect();
    numbers.values_mut().zip(0..).for_each(|(number, at)| *number = at);
    numbers
}

fn clusters(outcomes: impl Iterator<Item = (u32, bool)>) -> Vec<Cluster> {
    let mut clusters: BTreeMap<u32, Cluster> = BTreeMap::new();
    for (number, correct) in outcomes {
        let cluster = clusters.entry(number).or_insert(Cluster { number, right: 0, items: 0 });
        cluster.items += 1;
        cluster.right += u32::from(correct);
    }
    clusters.into_values().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::answers::Answer;
    use crate::items::Item;
    use crate::results::Column;

    /// A cell's name.
    pub(crate) fn id(model: &str, condition: &str, language: &str) -> CellId {
        let (model, condition, mode) = (model.to_owned(), condition.to_owned(), "direct".to_owned());
        CellId { column: Column { model, condition, mode, seed: None }, language: language.to_owned() }
    }

    /// Answers to two questions on each passage: `+` is right, `-` wrong, `.` none.
    pub(crate) fn answers(pattern: &str) -> Vec<Answer> {
        let labels = ["1".to_owned(), "2".to_owned()];
        let answered = |(at, mark): (usize, char)| {
            let item = Item {
                key: format!("q{at:03}"),
                group: format!("p{:03}", at / 2),
                language: String::new(),
                passage: None,
                question: String::new(),
                options: labels.to_vec(),
                answer: 0,
                extra: BTreeMap::new(),
                part: None,
            };
            let prediction = match mark {
                '+' => Some(0),
                '-' => Some(1),
                _ => None,
            };
            Answer::predicted(&item, &labels, prediction)
        };
        pattern.chars().enumerate().map(answered).collect()
    }

    #[test]
    fn a_cell_counts_by_passage_and_by_question() {
        let evaluations = BTreeMap::from([(id("m", "base", "heb"), answers("+-++."))]);
        let frame = Frame::new(&evaluations);
        let (_, cell) = frame.cells().next().expect("one cell");
        let counts = |drawn| cell.clusters(drawn).iter().map(|it| (it.number, it.right, it.items)).collect::<Vec<_>>();
        assert_eq!(counts(Drawn::Passages), [(0, 1, 2), (1, 2, 2), (2, 0, 1)]);
        assert_eq!(counts(Drawn::Questions), [(0, 1, 1), (1, 0, 1), (2, 1, 1), (3, 1, 1), (4, 0, 1)]);
        assert_eq!((cell.items(), cell.accuracy()), (5, 0.6));
        assert_eq!(cell.outcomes.iter().filter(|outcome| outcome.prediction.is_some()).count(), 4);
    }

    #[test]
    fn items_meet_by_key_and_what_one_cell_lacks_is_passed_over() {
        let mut fewer = answers("+-+-");
        fewer.remove(1);
        fewer.reverse();
        let evaluations = BTreeMap::from([(id("m", "a", "heb"), answers("++--")), (id("m", "b", "heb"), fewer)]);
        let frame = Frame::new(&evaluations);
        let cells: Vec<_> = frame.cells().map(|(_, cell)| cell).collect();
        let pairs = |one: &CellFrame<'_>, other: &CellFrame<'_>| -> Vec<String> {
            one.beside(other).map(|(one, other)| format!("{}{}{}", one.key, one.correct, other.correct)).collect()
        };
        assert_eq!(pairs(cells[0], cells[1]), ["q000truetrue", "q002falsetrue", "q003falsefalse"]);
        assert_eq!(pairs(cells[1], cells[0]), ["q000truetrue", "q002truefalse", "q003falsefalse"]);
    }

    #[test]
    fn a_cell_without_answers_is_none() {
        let evaluations = BTreeMap::from([(id("m", "a", "heb"), answers("+")), (id("m", "b", "heb"), Vec::new())]);
        let frame = Frame::new(&evaluations);
        assert_eq!((frame.cells().count(), frame.cell(&id("m", "b", "heb"))), (1, None));
    }
}
