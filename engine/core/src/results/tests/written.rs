//! Reasoning, and answers in the model's own words.

use super::*;
use crate::answers::{Ended, Generated, Written};
use crate::extract::{Extraction, Outcome, Rule};

fn mode(mode: &str) -> CellId {
    let mut id = id("m", "base", "heb");
    id.column.mode = mode.to_owned();
    id
}

/// An answer by its key and whether it is right; the gold option is the first.
fn item(key: usize, right: bool) -> Answer {
    let prediction = Some(usize::from(!right));
    Answer { key: key.to_string(), prediction, gold: 0, ..answer(true, 1.0, "1") }
}

fn items(rights: &[bool]) -> Vec<Answer> {
    rights.iter().enumerate().map(|(key, &right)| item(key, right)).collect()
}

fn written(text: &str, tokens: u32, ended: Ended) -> Option<Written> {
    Some(Written { text: text.to_owned(), tokens, ended })
}

/// As many answers after reasoning, the first `cut` of them cut off after 100 tokens, the others ended after 10.
fn reasoned(rights: &[bool], cut: usize) -> Vec<Answer> {
    let mut answers = items(rights);
    for (index, answer) in answers.iter_mut().enumerate() {
        let (tokens, ended) = if index < cut { (100, Ended::Budget) } else { (10, Ended::Model) };
        answer.reasoning = written("so", tokens, ended);
    }
    answers
}

fn generated(key: usize, right: bool, outcome: Outcome, rule: Option<Rule>, ended: Ended) -> Answer {
    let option = rule.map(|_| usize::from(!right));
    let extraction = Extraction { outcome, option, rule, span: option.map(|_| 0..1) };
    let written = Written { text: "B".to_owned(), tokens: 256, ended };
    let generated = Some(Generated { written, extraction });
    Answer { prediction: option, logprobs: Vec::new(), answer_mass: None, generated, ..item(key, right) }
}

fn of(evaluations: &BTreeMap<CellId, Vec<Answer>>, mode: &str) -> Cell {
    let results = compute("s", evaluations, &[], 4);
    results.cells.into_iter().find(|cell| cell.id.column.mode == mode).expect("the cell")
}

#[test]
fn reasoning_is_measured() {
    let mut answers = items(&[true, true, false, false]);
    answers[0].reasoning = written("Let us think", 1000, Ended::Model);
    answers[1].reasoning = written("12 שלום", 1500, Ended::Budget);
    answers[2].reasoning = written("", 300, Ended::Model);
    answers[3].reasoning = written("…", 1200, Ended::Budget);
    let cell = of(&BTreeMap::from([(mode("cot"), answers)]), "cot");
    let reasoning = cell.reasoning.as_ref().expect("reasoning");
    assert_eq!(reasoning.cut, Cut { items: Proportion::new(2, 4).expect("items"), budget: Some(1500) });
    assert_eq!((reasoning.cut.next_budget(), reasoning.mean_tokens), (Some(4096), Some(1000.0)));
    let scripts: Vec<_> = reasoning
        .scripts
        .iter()
        .map(|share| (share.script, share.letters.successes(), share.letters.trials()))
        .collect();
    assert_eq!(scripts, [("Latn", 10, 14), ("Hebr", 4, 14)]);
    assert_eq!(reasoning.script().map(|share| share.script), Some("Latn"));
    assert_eq!((reasoning.change.as_ref(), cell.generation.as_ref()), (None, None));
    assert_eq!((cell.cut_off, cell.cannot_tell()), (Proportion::new(2, 4), true));
}

#[test]
fn what_was_not_written_is_not_there() {
    let cell = of(&BTreeMap::from([(mode("direct"), items(&[true]))]), "direct");
    assert_eq!((cell.reasoning.as_ref(), cell.generation.as_ref(), cell.cut_off), (None, None, None));
    assert!(!cell.cannot_tell());
}

#[test]
fn the_next_budget_is_a_power_of_two_at_least_twice_the_present_one() {
    let next = |budget| Cut { items: Proportion::new(1, 1).expect("items"), budget }.next_budget();
    assert_eq!(
        [next(Some(1)), next(Some(1000)), next(Some(1024)), next(Some(1025))].map(Option::unwrap_or_default),
        [2, 2048, 2048, 4096]
    );
    assert_eq!((next(Some(u32::MAX)), next(None)), (Some(1 << 33), None));
}

#[test]
fn what_reasoning_changed_is_counted_over_the_common_items() {
    let mut after = reasoned(&[true, false, true, true, false, false, true], 0);
    // Wrong before and after, and not the same; then two that say nothing.
    after[4].prediction = Some(3);
    after[5].prediction = None;
    let mut before = items(&[true, true, false, false, false, false]);
    before[5].prediction = None;
    before.reverse();
    let mut evaluations = BTreeMap::from([(mode("cot"), after), (mode("direct"), before)]);
    let change = of(&evaluations, "cot").reasoning.and_then(|reasoning| reasoning.change);
    let counts =
        Change { against: "direct".to_owned(), items: 6, changed: 4, to_right: 2, to_wrong: 1, cannot_tell: false };
    assert_eq!(change, Some(counts));
    // Nothing in common.
    evaluations.insert(mode("direct"), vec![item(99, true)]);
    assert_eq!(of(&evaluations, "cot").reasoning.and_then(|reasoning| reasoning.change), None);
}

#[test]
fn reasoning_is_compared_with_direct_else_the_first_mode_without_of_the_same_column_and_language() {
    let plain = || items(&[true]);
    let mut elsewhere = [mode("a"), mode("a"), mode("a"), mode("a")];
    elsewhere[0].language = "jpn".to_owned();
    elsewhere[1].column.model = "n".to_owned();
    elsewhere[2].column.condition = "tuned".to_owned();
    elsewhere[3].column.seed = Some(17);
    let mut evaluations: BTreeMap<_, _> = elsewhere.into_iter().map(|id| (id, plain())).collect();
    evaluations.insert(mode("cot"), reasoned(&[true], 0));
    evaluations.insert(mode("bad"), reasoned(&[true], 0));
    evaluations.insert(mode("b"), Vec::new());
    let against = |evaluations: &BTreeMap<_, _>| {
        of(evaluations, "cot").reasoning.and_then(|reasoning| reasoning.change).map(|change| change.against)
    };
    assert_eq!(against(&evaluations), None);
    evaluations.insert(mode("letters"), plain());
    evaluations.insert(mode("filler"), plain());
    assert_eq!(against(&evaluations).as_deref(), Some("filler"));
    evaluations.insert(mode("direct"), plain());
    assert_eq!(against(&evaluations).as_deref(), Some("direct"));
}

#[test]
fn above_five_in_a_hundred_cut_off_it_cannot_be_told() {
    let evaluate = |cut| {
        let evaluations = BTreeMap::from([
            (mode("cot"), reasoned(&[true; 40], cut)),
            (mode("direct"), items(&[true; 40])),
            (id("m", "base", "amh"), items(&[true])),
        ]);
        compute("s", &evaluations, &[group("all", &["heb", "amh"])], 4)
    };
    let two = evaluate(2);
    assert!(two.cells.iter().all(|cell| !cell.cannot_tell()) && two.notes.is_empty(), "{:?}", two.notes);
    assert!(two.group_means.iter().all(|mean| mean.cannot_tell == 0));
    let three = evaluate(3);
    let flagged: Vec<_> = three.cells.iter().map(|cell| (cell.id.column.mode.as_str(), cell.cannot_tell())).collect();
    assert_eq!(flagged, [("cot", true), ("direct", false), ("direct", false)]);
    let means: Vec<_> =
        three.group_means.iter().map(|mean| (mean.column.mode.as_str(), mean.languages, mean.cannot_tell)).collect();
    assert_eq!(means, [("cot", 1, 1), ("direct", 2, 0)]);
    let note = "cannot tell: m, base/cot, heb: 3 of 40 items (7.5 %) were cut off by the budget of tokens; set \
                `modes.cot.reason.max_tokens` to 256.";
    assert_eq!(three.notes, [note]);
    // What the reasoning changed rests on both cells.
    let change = three.cells[0].reasoning.as_ref().and_then(|reasoning| reasoning.change.as_ref());
    assert!(change.is_some_and(|change| change.cannot_tell));
}

#[test]
fn an_item_cut_off_twice_counts_once_and_both_budgets_are_named() {
    let mut answers: Vec<Answer> =
        (0..10).map(|key| generated(key, true, Outcome::Parsed, Some(Rule::Cue), Ended::Model)).collect();
    answers[0] = generated(0, false, Outcome::Truncated, None, Ended::Budget);
    answers[0].reasoning = written("so", 300, Ended::Budget);
    answers[1].reasoning = written("so", 20, Ended::Model);
    let results = compute("s", &BTreeMap::from([(mode("free"), answers.clone())]), &[], 4);
    assert_eq!(results.cells[0].cut_off, Proportion::new(1, 10));
    let note = |cures: &str| {
        format!("cannot tell: m, base/free, heb: 1 of 10 items (10.0 %) were cut off by the budget of tokens; {cures}.")
    };
    let both = "set `modes.free.reason.max_tokens` to 1024 and set `modes.free.max_tokens` to 512";
    assert_eq!(results.notes, [note(both)]);
    // Reasoning that was whole needs no other budget; of one that is not known there is no double.
    answers[0].reasoning = written("so", 300, Ended::Stop);
    let text = answers[0].generated.as_mut().expect("a text");
    text.written.tokens = 0;
    let results = compute("s", &BTreeMap::from([(mode("free"), answers)]), &[], 4);
    assert_eq!(results.notes, [note("raise `modes.free.max_tokens`")]);
    let dotted = BTreeMap::from([(mode("v1.5"), reasoned(&[true], 1))]);
    let [note] = compute("s", &dotted, &[], 4).notes.try_into().expect("one note");
    assert!(note.ends_with("; set `modes.'v1.5'.reason.max_tokens` to 256."), "{note}");
}

#[test]
fn tokens_that_are_not_known_are_in_no_mean() {
    let mut answers = items(&[true, true]);
    answers[0].reasoning = written("so", 0, Ended::Model);
    answers[1].reasoning = written("so", 0, Ended::Model);
    let mut evaluations = BTreeMap::from([(mode("cot"), answers)]);
    assert_eq!(of(&evaluations, "cot").reasoning.and_then(|reasoning| reasoning.mean_tokens), None);
    evaluations.get_mut(&mode("cot")).expect("answers")[0].reasoning = written("so", 8, Ended::Model);
    assert_eq!(of(&evaluations, "cot").reasoning.and_then(|reasoning| reasoning.mean_tokens), Some(8.0));
}

#[test]
fn generated_answers_are_counted_by_what_became_of_them_and_by_rule() {
    let parsed = |key, right, rule, ended| generated(key, right, Outcome::Parsed, Some(rule), ended);
    let answers = vec![
        parsed(0, true, Rule::Boxed, Ended::Model),
        parsed(1, true, Rule::Cue, Ended::Stop),
        parsed(2, false, Rule::Cue, Ended::Budget),
        generated(3, true, Outcome::Unparsed, None, Ended::Model),
        generated(4, true, Outcome::Unparsed, None, Ended::Stop),
        generated(5, true, Outcome::Truncated, None, Ended::Budget),
        generated(6, true, Outcome::Refused, None, Ended::Model),
    ];
    let cell = of(&BTreeMap::from([(mode("free"), answers)]), "free");
    assert_eq!((cell.score.successes(), cell.score.trials()), (2, 7));
    let generation = cell.generation.as_ref().expect("generated");
    let Generation { parsed, unparsed, truncated, refused, .. } = *generation;
    assert_eq!((parsed, unparsed, truncated, refused), (3, 2, 1, 1));
    assert_eq!(generation.of_parsed, Proportion::new(2, 3));
    // Wilson's interval of 2 of 3, as in the report's tests.
    let interval = generation.interval().map(|interval| format!("{:.6} {:.6}", interval.low, interval.high));
    assert_eq!(interval.as_deref(), Some("0.207660 0.938508"));
    assert_eq!(generation.rules, BTreeMap::from([(Rule::Cue, 2), (Rule::Boxed, 1)]));
    // One that could be read was cut off all the same.
    assert_eq!((generation.cut.items, generation.cut.budget), (Proportion::new(2, 7).expect("items"), Some(256)));
    assert!(cell.median_answer_mass.is_none() && !cell.format_failure() && cell.cannot_tell());
}

#[test]
fn of_no_parsed_answer_there_is_no_accuracy() {
    let answers = vec![generated(0, true, Outcome::Refused, None, Ended::Model)];
    let cell = of(&BTreeMap::from([(mode("free"), answers)]), "free");
    let generation = cell.generation.expect("generated");
    assert_eq!((generation.of_parsed, generation.interval(), generation.refused), (None, None, 1));
    assert_eq!((cell.score.successes(), cell.score.trials()), (0, 1));
}
