use super::*;
use crate::items::Item;
use std::collections::BTreeMap;

const LABELS: [&str; 2] = ["A", "B"];

fn labels() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

/// An answer under `labels` that predicts the likelier one.
fn answer(key: &str, logprobs: [f64; 2]) -> Answer {
    let item = Item {
        key: key.to_owned(),
        group: key.to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: None,
        question: String::new(),
        options: labels(),
        answer: 0,
        extra: BTreeMap::new(),
        part: None,
    };
    let prediction = Some(usize::from(logprobs[1] > logprobs[0]));
    Answer { logprobs: logprobs.to_vec(), ..Answer::predicted(&item, &labels(), prediction) }
}

fn found(alone: &[Answer], answered: &[Answer], doubled: &[Answer]) -> Result<Probe, String> {
    compare(Ways { alone, answered, doubled }, &labels())
}

fn place(key: &str, option: &str, between: [Way; 2]) -> Option<Place> {
    Some(Place { key: key.to_owned(), option: option.to_owned(), between })
}

#[test]
fn a_sample_is_the_same_whatever_the_order() {
    let keys: Vec<String> = (0..50).map(|number| format!("item {number}")).collect();
    let some = sample(keys.iter().map(String::as_str), 5);
    assert_eq!(some.len(), 5);
    assert_eq!(some, sample(keys.iter().rev().map(String::as_str), 5));
    let largest = some.iter().map(|key| Digest::of(key.as_bytes())).max().expect("five");
    let smaller = keys.iter().filter(|key| Digest::of(key.as_bytes()) <= largest).count();
    assert_eq!(smaller, 5, "those with the smallest hashes");
    assert!(sample(keys.iter().map(String::as_str), 6).is_superset(&some), "a larger sample holds a smaller one");
    assert_eq!(sample(["b", "a"].into_iter(), 5), ["a", "b"].map(str::to_owned).into());
}

#[test]
fn the_greatest_difference_is_found_between_whichever_ways_it_is() {
    let same = [-0.5, -1.0];
    let plain = || [answer("1", same), answer("2", same)];
    let other = |logprobs| [answer("1", same), answer("2", logprobs)];
    let (alone, answered, doubled) = (Way::Alone, Way::Answered, Way::Doubled);
    let cases = [
        (found(&other([-0.5, -1.25]), &plain(), &plain()), "B", [alone, answered]),
        (found(&plain(), &other([-0.75, -1.0]), &plain()), "A", [alone, answered]),
        (found(&plain(), &plain(), &other([-0.5, -0.75])), "B", [alone, doubled]),
        (found(&plain(), &other([-0.5, -1.125]), &other([-0.5, -0.875])), "B", [answered, doubled]),
    ];
    for (probe, option, between) in cases {
        let probe = probe.expect("comparable");
        assert_eq!((probe.greatest_difference, probe.place), (0.25, place("2", option, between)));
        assert_eq!((probe.items, probe.flipped.len()), (2, 0));
    }
}

#[test]
fn predictions_that_are_not_the_same_in_every_way_flip() {
    let (first, second) = ([-0.5, -1.0], [-1.0, -0.5]);
    let all = |logprobs: [[f64; 2]; 4]| -> Vec<Answer> {
        ["1", "2", "3", "4"].into_iter().zip(logprobs).map(|(key, logprobs)| answer(key, logprobs)).collect()
    };
    let alone = all([first, second, first, second]);
    let probe = found(&alone, &all([first, first, first, second]), &all([first, second, second, second]));
    let probe = probe.expect("comparable");
    assert_eq!((&probe.flipped[..], probe.flips_per_100()), (&["2".to_owned(), "3".to_owned()][..], 50.0));
}

#[test]
fn digits_beyond_those_of_an_artifact_are_no_difference() {
    let stored = answers_read(&[answer("1", [-0.5, -1.0 / 3.0])]);
    let probe = found(&[answer("1", [-0.5, -1.0 / 3.0])], &stored, &[answer("1", [-0.5, -1.0 / 3.0 - 1e-15])]);
    let probe = probe.expect("comparable");
    assert_eq!((probe.greatest_difference, probe.place), (0.0, None));
}

fn answers_read(answers: &[Answer]) -> Vec<Answer> {
    let asked: Vec<Answer> =
        answers.iter().map(|answer| Answer { argmax_token: 1, answer_mass: Some(1.0), ..answer.clone() }).collect();
    crate::answers::read(&crate::answers::write(&asked)).expect("answers")
}

#[test]
fn answers_to_other_questions_are_not_compared() {
    let one = || [answer("1", [-0.5, -1.0])];
    assert!(found(&[], &[], &[]).expect_err("nothing").contains("no items"));
    let missing = found(&one(), &[], &one()).expect_err("one is missing");
    assert!(missing.contains("1 items") && missing.contains("0 of them"), "{missing}");
    assert!(found(&one(), &one(), &[]).is_err());
    let other = found(&one(), &[answer("2", [-0.5, -1.0])], &one()).expect_err("another item");
    assert!(other.contains("item 1"), "{other}");
    let short = Answer { logprobs: vec![-0.5], ..answer("1", [-0.5, -1.0]) };
    assert!(found(&one(), &[short], &one()).is_err(), "with other options");
}

#[test]
fn an_artifact_is_read_as_it_was_written() {
    let probe = Probe {
        items: 8,
        greatest_difference: 0.25,
        place: place("1", "A", [Way::Answered, Way::Doubled]),
        flipped: vec!["1".to_owned()],
    };
    let text = probe.write().expect("JSON");
    assert!(text.contains("\"where\": {") && text.contains("\"answered\"") && text.ends_with("}\n"), "{text}");
    assert_eq!(Probe::read(&text).expect("a probe"), probe);
    let place = probe.place.map(|place| place.to_string());
    assert_eq!(place.as_deref(), Some("option A of item 1, as answered and in units twice as large"));
    assert!(Probe::read(&text.replace("items", "item")).is_err());
}
