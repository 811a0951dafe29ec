use super::*;
use crate::spec::{AnswerAs, Fields, FileRef, Source};
use proptest::prelude::*;

fn data(split: Option<Split>) -> Data {
    Data {
        name: "demo".to_owned(),
        file: FileRef { source: Source::Local { path: "x".to_owned() }, sha256: None, size: None },
        codes: BTreeMap::new(),
        format: crate::spec::Format::Jsonl,
        quotes: None,
        key: Vec::new(),
        group: Vec::new(),
        fields: Fields {
            passage: None,
            question: String::new(),
            options: Vec::new(),
            choices: Vec::new(),
            answer: String::new(),
            answer_as: AnswerAs::Number,
            extra: BTreeMap::new(),
        },
        split,
    }
}

fn drawn(by: SplitBy, train: u64, test: u64, seed: u64) -> Data {
    data(Some(Split::Drawn { by, train, test, seed, allow_shared_passages: true }))
}

/// Question `number` of passage `number / 2`.
fn item(number: usize, part: Option<&str>) -> Item {
    Item {
        key: format!("k{number:03}"),
        group: format!("g{:03}", number / 2),
        language: String::new(),
        passage: None,
        question: String::new(),
        options: Vec::new(),
        answer: 0,
        extra: BTreeMap::new(),
        part: part.map(str::to_owned),
    }
}

fn items(count: usize) -> Vec<Item> {
    (0..count).map(|number| item(number, None)).collect()
}

fn keys(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.key.as_str()).collect()
}

fn selected(count: usize, data: &Data, part: &str) -> Vec<Item> {
    select(items(count), data, part, None).expect(part)
}

/// Computed with Python's `blake3` from the rule in the module's documentation.
const PINNED_TEST: [&str; 3] = ["k010", "k017", "k019"];
const PINNED_TRAIN: [&str; 3] = ["k003", "k005", "k008"];

#[test]
fn the_draw_is_pinned() {
    let data = drawn(SplitBy::Question, 3, 3, 17);
    assert_eq!(keys(&selected(20, &data, "test")), PINNED_TEST);
    assert_eq!(keys(&selected(20, &data, "train")), PINNED_TRAIN);
    assert_ne!(keys(&selected(20, &drawn(SplitBy::Question, 3, 3, 18), "test")), PINNED_TEST);
}
#[test]
fn passages_come_whole_and_are_what_is_counted() {
    let data = drawn(SplitBy::Passage, 4, 3, 5);
    let (test, train) = (selected(20, &data, "test"), selected(20, &data, "train"));
    assert_eq!((test.len(), train.len()), (6, 8));
    let groups = |items: &[Item]| items.iter().map(|item| item.group.clone()).collect::<BTreeSet<_>>();
    assert!(groups(&test).is_disjoint(&groups(&train)));
    assert_eq!((groups(&test).len(), groups(&train).len()), (3, 4));
}

#[test]
fn more_training_data_leaves_the_test_part_alone() {
    let test = |train| selected(30, &drawn(SplitBy::Question, train, 7, 1), "test");
    assert_eq!(test(0), test(23));
}

#[test]
fn all_is_every_item_by_key() {
    let reversed = || items(5).into_iter().rev().collect::<Vec<_>>();
    for data in [data(None), drawn(SplitBy::Question, 1, 1, 0), data(Some(Split::Field { field: "f".to_owned() }))] {
        assert_eq!(select(reversed(), &data, "all", None), Ok(items(5)));
    }
}

#[test]
fn the_limit_takes_the_first_by_key() {
    let reversed: Vec<_> = items(5).into_iter().rev().collect();
    let first = select(reversed, &data(None), "all", Some(2)).expect("two items");
    assert_eq!(keys(&first), ["k000", "k001"]);
}

#[test]
fn a_field_names_the_part() {
    let data = data(Some(Split::Field { field: "fold".to_owned() }));
    let rows = || vec![item(2, Some("dev")), item(1, Some("train")), item(0, Some("dev"))];
    assert_eq!(keys(&select(rows(), &data, "dev", None).expect("dev")), ["k000", "k002"]);
    let error = select(rows(), &data, "test", None).expect_err("no such part");
    assert_eq!(error.to_string(), "data `demo` has no part `test`; its parts are `dev`, `train`, `all`");
}

#[test]
fn unknown_and_empty_parts_are_refused() {
    let text = |data: &Data, part, limit| select(items(4), data, part, limit).expect_err(part).to_string();
    assert_eq!(text(&data(None), "test", None), "data `demo` has no part `test`; its parts are `all`");
    let drawn = drawn(SplitBy::Question, 0, 2, 0);
    assert_eq!(text(&drawn, "dev", None), "data `demo` has no part `dev`; its parts are `test`, `train`, `all`");
    assert!(text(&drawn, "train", None).contains("part `train` has no items"));
    assert!(text(&drawn, "test", Some(0)).contains("part `test` has no items"));
}

#[test]
fn more_than_there_is_is_refused_with_the_numbers() {
    let text =
        |by, train, test| select(items(10), &drawn(by, train, test, 0), "test", None).expect_err("too few").to_string();
    assert!(text(SplitBy::Question, 8, 3).contains("8 + 3 questions (train + test), but the file has 10"));
    assert!(text(SplitBy::Passage, 1, 5).contains("1 + 5 passages (train + test), but the file has 5"));
    assert!(text(SplitBy::Question, u64::MAX, 1).contains("but the file has 10"));
}

#[test]
fn shared_passages_must_be_accepted() {
    let split = |by| Split::Drawn { by, train: 5, test: 5, seed: 0, allow_shared_passages: false };
    let error = select(items(10), &data(Some(split(SplitBy::Question))), "test", None).expect_err("shared");
    assert!(matches!(error, SplitError::SharedPassages { shared: 1.., .. }), "{error}");
    let passages = Split::Drawn { by: SplitBy::Passage, train: 2, test: 3, seed: 0, allow_shared_passages: false };
    assert!(select(items(10), &data(Some(passages)), "test", None).is_ok());
}

proptest! {
    #[test]
    fn parts_are_disjoint_of_the_right_size_and_blind_to_the_order_of_rows(
        rows in Just(items(24)).prop_shuffle(), train in 0u64..12, test in 1u64..12, seed: u64,
    ) {
        let data = drawn(SplitBy::Question, train, test, seed);
        let tested = select(rows.clone(), &data, "test", None).expect("test");
        prop_assert_eq!(&tested, &selected(24, &data, "test"));
        prop_assert_eq!(tested.len() as u64, test);
        if train > 0 {
            let trained = select(rows, &data, "train", None).expect("train");
            prop_assert_eq!(trained.len() as u64, train);
            prop_assert!(trained.iter().all(|item| !tested.contains(item)));
        }
    }
}
