//! Forms: that they give the exact prompts, and that what they do not give is kept.

use super::*;

fn item(key: &str, passage: Option<&str>) -> Item {
    Item {
        key: key.to_owned(),
        group: key.to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: passage.map(str::to_owned),
        question: format!("which of {key}?"),
        options: vec!["one".to_owned(), "two".to_owned()],
        answer: 0,
        extra: BTreeMap::from([("subject".to_owned(), "tea".to_owned())]),
        part: None,
    }
}

/// A chat format around a template, as a model would make tokens of it.
fn asked(item: &Item) -> Vec<Piece> {
    let passage = item.passage.as_ref().map(|passage| format!("{passage}\n")).unwrap_or_default();
    let Item { key, question, options, .. } = item;
    let body = format!("{} {key}: {passage}{question}\n1. {}\n2. {}", item.extra["subject"], options[0], options[1]);
    let special = |text: &str| Piece::Special(text.to_owned());
    vec![
        special("<|begin|>"),
        special("<|user|>"),
        Piece::Text(body),
        special("<|end|>"),
        Piece::Text("\nA:".to_owned()),
    ]
}

fn exact(items: &[Item]) -> Exact {
    let marked = sentinel(&items[0]);
    let prompt = asked(&marked);
    Exact::new(vec!["1".to_owned()], Some((&marked, prompt)), None, items.iter().map(|item| (item, asked(item))))
}

#[test]
fn one_form_gives_the_prompts_of_all_items() {
    let items = [item("a", Some("שלום")), item("b", Some("two\nlines {{ of }} it"))];
    let exact = exact(&items);
    assert_eq!(exact.whole, BTreeMap::new());
    let places: Vec<&Piece> = exact.form.iter().filter(|piece| matches!(piece, Piece::Place(_))).collect();
    let all = [
        Place::Extra("subject".to_owned()),
        Place::Key,
        Place::Passage,
        Place::Question,
        Place::Option(0),
        Place::Option(1),
    ];
    assert_eq!(places, all.map(Piece::Place).iter().collect::<Vec<_>>());
    for item in &items {
        assert_eq!(exact.prompt(item), Some(joined(asked(item))));
    }
}

#[test]
fn neighbours_of_one_kind_are_one_piece() {
    let exact = exact(&[item("a", Some("p"))]);
    assert_eq!(exact.form[0], Piece::Special("<|begin|><|user|>".to_owned()));
}

#[test]
fn a_prompt_that_the_form_does_not_give_is_kept_whole() {
    let items = [item("a", Some("p")), item("b", None), item("c", Some("q"))];
    let exact = exact(&items);
    assert_eq!(exact.whole.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(exact.prompt(&items[1]), Some(joined(asked(&items[1]))));
}

#[test]
fn without_a_form_all_prompts_are_kept_whole_and_an_unknown_item_has_none() {
    let items = [item("a", Some("p")), item("b", Some("q"))];
    let exact = Exact::new(Vec::new(), None, None, items.iter().map(|item| (item, asked(item))));
    assert_eq!((exact.form.len(), exact.whole.len()), (0, 2));
    assert_eq!(exact.prompt(&item("c", None)), None);
}

#[test]
fn a_text_that_holds_a_mark_is_no_place() {
    let mut odd = item("a", Some("p"));
    odd.question = "\u{F0000}".to_owned();
    let exact = exact(&[odd.clone()]);
    assert_eq!(exact.prompt(&odd), Some(joined(asked(&odd))));
}

#[test]
fn what_is_written_is_read_and_damage_is_told() {
    let lead = Lead { after_end: Vec::new(), after_cut: vec![Piece::Special("<|end|>".to_owned())] };
    let exact = Exact { lead: Some(lead), ..exact(&[item("a", Some("p")), item("b", None)]) };
    let text = exact.write();
    assert_eq!(Exact::read(&text), Ok(exact));
    let error = Exact::read(&text[..40]).expect_err("half of it");
    assert!(error.to_string().contains("EOF") && error.to_string().contains("evaluate again"), "{error}");
    assert_eq!(
        Exact::default().write(),
        "{\"labels\":[],\"form\":[],\"whole\":{}}\n",
        "what has no lead says nothing of one"
    );
}
