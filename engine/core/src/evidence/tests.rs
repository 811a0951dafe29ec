//! That items, answers and columns meet.

use super::*;
use crate::exact::Piece;
use std::convert::Infallible;

fn item(key: &str) -> Item {
    Item {
        key: key.to_owned(),
        group: key.to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: None,
        question: "?".to_owned(),
        options: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
        answer: 0,
        extra: BTreeMap::new(),
        part: None,
    }
}

fn id(condition: &str, language: &str) -> CellId {
    let (model, mode) = ("m".to_owned(), "direct".to_owned());
    CellId {
        column: Column { model, condition: condition.to_owned(), mode, seed: None },
        language: language.to_owned(),
    }
}

fn answers(keys: &[&str], prediction: usize) -> Vec<Answer> {
    let labels = ["A".to_owned(), "B".to_owned(), "C".to_owned()];
    keys.iter().map(|key| Answer::predicted(&item(key), &labels, Some(prediction))).collect()
}

fn gather(evaluations: &Evaluations, rows: Vec<(String, Vec<Item>)>, exact: BTreeMap<CellId, Exact>) -> Evidence<'_> {
    let Ok(evidence) = Evidence::new(evaluations, rows.into_iter().map(Ok::<_, Infallible>), exact);
    evidence
}

#[test]
fn every_column_has_its_answers_in_the_order_of_the_items() {
    let evaluations = BTreeMap::from([
        (id("tuned", "heb_Hebr"), answers(&["b", "c"], 1)),
        (id("base", "heb_Hebr"), answers(&["a", "b"], 1)),
        (id("base", "mlt_Latn"), answers(&["a"], 1)),
    ]);
    let rows = ["heb_Hebr", "mlt_Latn"].map(|code| (code.to_owned(), ["d", "c", "a", "b"].map(item).to_vec()));
    let piece = vec![Piece::Text("p".to_owned())];
    let labels = ["1", "2", "3"].map(str::to_owned).to_vec();
    let known = Exact::new(labels, None, None, [(&item("a"), piece)]);
    let exact = BTreeMap::from([(id("base", "heb_Hebr"), known.clone())]);
    let evidence = gather(&evaluations, rows.to_vec(), exact);
    let conditions: Vec<&str> = evidence.columns.iter().map(|column| column.condition.as_str()).collect();
    assert_eq!(conditions, ["base", "tuned"]);
    let [hebrew, maltese] = &evidence.languages[..] else { panic!("two languages") };
    let keys: Vec<&str> = hebrew.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"], "what nobody answered is left out");
    let answered = |cell: &Option<Behind<'_>>| {
        let behind = cell.as_ref().expect("it was asked");
        behind.answers.iter().map(|answer| answer.map(|answer| answer.key.clone())).collect::<Vec<_>>()
    };
    assert_eq!(answered(&hebrew.cells[0]), [Some("a".to_owned()), Some("b".to_owned()), None]);
    assert_eq!(answered(&hebrew.cells[1]), [None, Some("b".to_owned()), Some("c".to_owned())]);
    assert_eq!(hebrew.cells[0].as_ref().and_then(|behind| behind.exact.clone()), Some(known));
    assert!(maltese.cells[1].is_none(), "it was not asked there");
}

#[test]
fn rows_that_cannot_be_read_are_an_error() {
    let rows = [Err("damaged"), Ok(("heb_Hebr".to_owned(), Vec::new()))];
    assert_eq!(Evidence::new(&Evaluations::new(), rows, BTreeMap::new()).err(), Some("damaged"));
}

#[test]
fn labels_are_those_shown_or_else_those_that_answers_name() {
    let evaluations =
        BTreeMap::from([(id("base", "heb_Hebr"), answers(&["a"], 1)), (id("tuned", "heb_Hebr"), answers(&["a"], 1))]);
    let rows = vec![("heb_Hebr".to_owned(), vec![item("a")])];
    let shown = Exact { labels: vec!["1".to_owned()], ..Exact::default() };
    let exact = BTreeMap::from([(id("base", "heb_Hebr"), shown)]);
    let evidence = gather(&evaluations, rows, exact);
    let labels = |column: usize| evidence.languages[0].cells[column].as_ref().map(|behind| behind.labels.clone());
    assert_eq!(labels(0), Some(vec![Some("1".to_owned())]));
    assert_eq!(labels(1), Some(vec![Some("A".to_owned()), Some("B".to_owned()), None]));
}
