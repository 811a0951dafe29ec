use super::*;
use crate::answers::TextLength;

mod written;

fn id(model: &str, condition: &str, language: &str) -> CellId {
    let (model, condition, mode) = (model.to_owned(), condition.to_owned(), "direct".to_owned());
    CellId { column: Column { model, condition, mode, seed: None }, language: language.to_owned() }
}

fn answer(correct: bool, answer_mass: f64, argmax_text: &str) -> Answer {
    Answer {
        key: "k".to_owned(),
        group: "g".to_owned(),
        language: "l".to_owned(),
        prediction: Some(0),
        predicted_label: Some("1".to_owned()),
        gold: usize::from(!correct),
        gold_label: "1".to_owned(),
        logprobs: vec![-1.0, -2.0],
        texts: None,
        answer_mass: Some(answer_mass),
        argmax_token: 1,
        argmax_text: argmax_text.to_owned(),
        n_tokens: 1,
        reasoning: None,
        generated: None,
        orders: Vec::new(),
    }
}

fn group(name: &str, codes: &[&str]) -> LanguageGroup {
    LanguageGroup { name: name.to_owned(), codes: codes.iter().map(|&code| code.to_owned()).collect() }
}

#[test]
fn a_cell_counts_and_takes_medians() {
    let answers = vec![answer(true, 0.9, "1"), answer(false, 0.2, "A"), answer(true, 0.8, "1")];
    let results = compute("s", &BTreeMap::from([(id("m", "base", "heb"), answers)]), &[], 2);
    let [cell] = results.cells.as_slice() else { panic!("one cell") };
    assert_eq!((cell.score.successes(), cell.score.trials()), (2, 3));
    assert_eq!(cell.interval, cell.score.wilson(0.95));
    assert_eq!((cell.median_answer_mass, cell.format_failure()), (Some(0.8), false));
    assert_eq!(cell.wanted, Wanted { text: "1".to_owned(), count: 2 });
    assert_eq!((results.chance(), results.notes.len()), (0.5, 0));
}

#[test]
fn the_noise_floor_of_two_cells_is_that_of_the_noisier() {
    let mut results = compute("s", &BTreeMap::new(), &[], 2);
    let probe = |flips: usize| Probe {
        items: 20,
        greatest_difference: 0.0,
        place: None,
        flipped: (0..flips).map(|key| key.to_string()).collect(),
    };
    let [quiet, noisy, other] = ["quiet", "noisy", "other"].map(|condition| id("m", condition, "heb"));
    results.probes = BTreeMap::from([(quiet.clone(), probe(1)), (noisy.clone(), probe(3))]);
    assert_eq!((results.noise_floor(&quiet, &noisy), results.noise_floor(&noisy, &quiet)), (Some(15.0), Some(15.0)));
    assert_eq!((results.noise_floor(&quiet, &other), results.noise_floor(&other, &quiet)), (None, None));
}

#[test]
fn texts_are_scored_by_every_normalization_and_are_no_failure_of_format() {
    let short = TextLength { tokens: 1, bytes: 2, characters: 2 };
    let long = TextLength { tokens: 2, bytes: 10, characters: 4 };
    let item = |logprobs: [f64; 2], n_tokens| Answer {
        logprobs: logprobs.to_vec(),
        texts: Some(vec![long, short]),
        answer_mass: None,
        n_tokens,
        ..answer(true, 0.0, "The")
    };
    // The gold text is the long one: likelier in any case; only once divided, and then twice a tie; only per byte.
    let answers = vec![item([-2.0, -3.0], 10), item([-9.0, -4.5], 20), item([-9.0, -4.0], 60)];
    let results = compute("s", &BTreeMap::from([(id("m", "base", "heb"), answers)]), &[], 2);
    let [cell] = results.cells.as_slice() else { panic!("one cell") };
    let correct: Vec<_> =
        cell.by_normalization.iter().map(|by| (by.normalize.word(), by.score.successes(), by.score.trials())).collect();
    assert_eq!(correct, [("sum", 1, 3), ("token", 2, 3), ("byte", 3, 3), ("character", 2, 3)]);
    assert_eq!((cell.median_answer_mass, cell.format_failure()), (None, false));
    assert_eq!((cell.mean_prompt_tokens, cell.wanted.count, results.notes.len()), (30.0, 3, 0));
}

#[test]
fn a_failure_of_format_is_marked_and_named() {
    let answers = vec![answer(true, 0.49, "The"), answer(true, 0.1, "b"), answer(true, 0.9, "The")];
    let mut evaluations = BTreeMap::from([(id("m", "base", "heb"), answers)]);
    let results = compute("s", &evaluations, &[], 4);
    assert!(results.cells[0].format_failure());
    let note = "format failure: m, base/direct, heb: the median answer mass is 0.490; the model most often wanted to \
                say \"The\" (2 of 3 items).";
    assert_eq!(results.notes, [note]);
    evaluations.insert(id("m", "base", "heb"), vec![answer(true, 0.5, "1")]);
    assert!(!compute("s", &evaluations, &[], 4).cells[0].format_failure());
}

#[test]
fn of_equally_frequent_wishes_the_first_in_the_alphabet() {
    let answers = [answer(true, 1.0, "b"), answer(true, 1.0, "a"), answer(true, 1.0, "c")];
    assert_eq!(wanted(&answers).map(|wanted| wanted.text), Some("a".to_owned()));
}

#[test]
fn cells_are_sorted_and_those_without_answers_are_noted() {
    let answers = || vec![answer(true, 1.0, "1")];
    let mut seeded = id("m", "tuned", "heb");
    seeded.column.seed = Some(17);
    let evaluations = BTreeMap::from([
        (id("n", "base", "amh"), answers()),
        (seeded.clone(), Vec::new()),
        (id("m", "base", "jpn"), answers()),
        (id("m", "base", "heb"), answers()),
    ]);
    let results = compute("s", &evaluations, &[], 4);
    let ids: Vec<_> = results.cells.iter().map(|cell| cell.id.clone()).collect();
    assert_eq!(ids, [id("m", "base", "heb"), id("m", "base", "jpn"), id("n", "base", "amh")]);
    assert_eq!(results.notes, ["no answers: m, tuned/direct, seed 17, heb; it has no cell in the tables."]);
}

#[test]
fn intervals_cover_items_only_where_an_adapter_has_one_seed() {
    let seeded = |model: &str, condition: &str, seed| {
        let mut id = id(model, condition, "heb");
        id.column.seed = seed;
        id
    };
    let mut second = seeded("m", "pair", Some(1));
    second.column.mode = "cot".to_owned();
    second.column.seed = Some(2);
    let answers = || vec![answer(true, 1.0, "1")];
    let evaluations = BTreeMap::from([
        (seeded("m", "base", None), answers()),
        (seeded("m", "lost", Some(1)), answers()),
        (seeded("m", "lost", Some(2)), Vec::new()),
        (seeded("m", "one", Some(1)), answers()),
        (seeded("m", "pair", Some(1)), answers()),
        (second, answers()),
        (seeded("n", "one", Some(2)), answers()),
    ]);
    let cells = compute("s", &evaluations, &[], 4).cells;
    let marked = |model: &str, condition: &str| {
        let of = cells.iter().filter(|cell| (&*cell.id.column.model, &*cell.id.column.condition) == (model, condition));
        of.map(|cell| cell.items_only).collect::<Vec<_>>()
    };
    assert_eq!(marked("m", "base"), [false], "nothing was trained");
    assert_eq!((marked("m", "one"), marked("n", "one")), (vec![true], vec![true]), "one seed of each model");
    assert_eq!(marked("m", "pair"), [false, false], "two seeds, whatever the mode");
    assert_eq!(marked("m", "lost"), [true], "a seed without answers shows no spread");
}

#[test]
fn a_group_mean_gives_every_language_the_same_weight() {
    let evaluations = BTreeMap::from([
        (id("m", "base", "amh"), vec![answer(true, 1.0, "1")]),
        (id("m", "base", "fra"), vec![answer(true, 1.0, "1")]),
        (id("m", "base", "heb"), vec![answer(false, 0.0, "1"); 9]),
        (id("n", "base", "heb"), vec![answer(true, 1.0, "1")]),
    ]);
    let groups = [group("z", &["heb", "amh", "mlt"]), group("a", &["fra"]), group("none", &["jpn"])];
    let means = compute("s", &evaluations, &groups, 4).group_means;
    let rows: Vec<_> = means
        .iter()
        .map(|mean| {
            (mean.group.as_str(), mean.column.model.as_str(), mean.accuracy, mean.languages, mean.format_failures)
        })
        .collect();
    assert_eq!(rows, [("a", "m", 1.0, 1, 0), ("z", "m", 0.5, 2, 1), ("z", "n", 1.0, 1, 0)]);
}
