//! From a spec and its rows to what is learned: loaded, planned, read, as a stage does it.

#[path = "../world/mod.rs"]
mod world;

use std::fmt::Write as _;
use std::sync::Arc;
use world::World;
use xlt_core::plan::{FinetuneWork, Work, plan};
use xlt_core::spec::{Request, load};
use xlt_core::training::Lessons;

const BASE: &str = include_str!("../../../../tests/specs/base.toml");

/// The study of the corpus of specs, smaller, with two adapters that are matched: `arabic`, on two varieties, and `french`.
const STUDY: &str = r#"
extends = "base.toml"

[data.quiz]
split = { train = 8, test = 2 }

[adapters.arabic]
batch_examples = 4

[adapters.french]
train_on = { data = "quiz", languages = "fra_Latn", mode = "direct" }
batch_examples = 4

[conditions]
french = { adapter = "french", modes = ["direct"] }
"#;

/// What the stage of an adapter does in the study with these settings.
fn work(adapter: &str, set: &[&str]) -> Arc<FinetuneWork> {
    let set: Vec<String> = set.iter().map(|&set| set.to_owned()).collect();
    let read = |path: &str| Ok(if path == "base.toml" { BASE } else { STUDY }.to_owned());
    let spec = load(&Request { path: "study.toml", profile: None, set: &set }, &read).expect("a good spec");
    let plan = plan(&spec, "llama", &World::default()).expect("a good spec");
    let stage = plan.stage(plan.find(&format!("finetune/tiny/{adapter}/seed1")).expect("it is trained"));
    match &stage.work {
        Work::Finetune(work) => Arc::clone(work),
        other => panic!("{other:?}"),
    }
}

/// A file with the questions of these numbers, each on a passage of its own; of number 5 the second option is right, say.
fn rows(numbers: impl IntoIterator<Item = usize>) -> String {
    let mut text = String::new();
    for number in numbers {
        let answer = number % 4 + 1;
        writeln!(
            text,
            r#"{{"passage_id": "p{number:02}", "number": 1, "passage": "P{number}", "question": "Q{number}", "a": "A", "b": "B", "c": "C", "d": "D", "answer": {answer}}}"#
        )
        .expect("a string");
    }
    text
}

fn lessons(work: &FinetuneWork, files: &[&str]) -> Result<Lessons, String> {
    let files: Vec<&[u8]> = files.iter().map(|file| file.as_bytes()).collect();
    Lessons::read(work, &files)
}

/// Keys that are learned in a language.
fn keys<'l>(lessons: &'l Lessons, language: &str) -> Vec<&'l str> {
    lessons.items.iter().filter(|item| item.language == language).map(|item| item.key.as_str()).collect()
}

#[test]
fn an_adapter_learns_the_training_part_of_each_language() {
    let ten = rows(0..10);
    let learned = lessons(&work("arabic", &[]), &[&ten, &ten]).expect("good rows");
    assert_eq!((learned.items.len(), learned.steps), (16, 4));
    assert_eq!(keys(&learned, "arb_Arab"), keys(&learned, "ary_Arab"));
    let drawn = lessons(&work("arabic", &["adapters.arabic.train_on.limit=3"]), &[&ten, &ten]).expect("good rows");
    assert_eq!((keys(&drawn, "arb_Arab").len(), drawn.steps), (3, 2));
    assert_eq!(keys(&drawn, "arb_Arab"), keys(&drawn, "ary_Arab"));
}

#[test]
fn matched_adapters_learn_the_same_questions_in_as_many_steps() {
    let both = ["adapters.arabic.match=steps+questions", "adapters.french.match=steps+questions"];
    // Each file lacks two rows that others have, so each draws its part from others.
    let (arb, ary, fra) = (rows(0..10), rows(2..12), rows(1..11));
    let arabic = lessons(&work("arabic", &both), &[&arb, &ary, &fra]).expect("good rows");
    let french = lessons(&work("french", &both), &[&fra, &arb, &ary]).expect("good rows");
    assert_eq!(keys(&arabic, "arb_Arab"), keys(&arabic, "ary_Arab"));
    assert_eq!(keys(&arabic, "arb_Arab"), keys(&french, "fra_Latn"));
    assert!(!french.items.is_empty() && arabic.steps == french.steps);
    assert_eq!(french.steps, (french.items.len() as u64).div_ceil(4), "French has the fewest");
}

#[test]
fn shuffled_answers_are_the_same_in_all_languages_and_as_frequent() {
    let ten = rows(0..10);
    let read = |answers: &str| {
        let set = format!("adapters.arabic.train_on.answers={answers}");
        lessons(&work("arabic", &[&set]), &[&ten, &ten]).expect("good rows").items
    };
    let (gold, shuffled) = (read("gold"), read("shuffled"));
    let answers = |items: &[xlt_core::items::Item], language: &str| {
        items.iter().filter(|item| item.language == language).map(|item| item.answer).collect::<Vec<_>>()
    };
    assert_ne!(answers(&gold, "arb_Arab"), answers(&shuffled, "arb_Arab"));
    assert_eq!(answers(&shuffled, "arb_Arab"), answers(&shuffled, "ary_Arab"));
    let sorted = |mut answers: Vec<usize>| {
        answers.sort_unstable();
        answers
    };
    assert_eq!(sorted(answers(&gold, "arb_Arab")), sorted(answers(&shuffled, "arb_Arab")));
    let others = |items: Vec<xlt_core::items::Item>| {
        items.into_iter().map(|item| xlt_core::items::Item { answer: 0, ..item }).collect::<Vec<_>>()
    };
    assert_eq!(others(gold), others(shuffled), "nothing else is changed");
}

#[test]
fn what_is_wrong_with_the_rows_names_whose_they_are() {
    let (ten, two) = (rows(0..10), rows(0..2));
    let refused = |work: &FinetuneWork, files: &[&str]| lessons(work, files).expect_err("not good");
    assert!(refused(&work("arabic", &[]), &[&ten, &two]).contains("the split asks for 8 + 2 passages"));
    assert_eq!(refused(&work("arabic", &[]), &[&ten]), "it needs the rows of `data.quiz`");
    let matched = work("arabic", &["adapters.arabic.match=questions", "adapters.french.match=questions"]);
    assert!(refused(&matched, &[&ten, &ten, &two]).starts_with("adapter `french`: data `quiz`: the split asks"));
    let apart = refused(&matched, &[&ten, &ten, &rows(50..60)]);
    assert!(apart.starts_with("no question is in every language of all of `arabic`, `french`"), "{apart}");
    let shuffled = work("arabic", &["adapters.arabic.train_on.answers=shuffled"]);
    let other = ten.replace("\"answer\": 1", "\"answer\": 2");
    assert!(refused(&shuffled, &[&ten, &other]).starts_with("answers cannot be shuffled alike"));
}

/// A text asks nothing, so its rows may have more or fewer options than the prompt has labels.
#[test]
fn a_text_is_the_body_and_nothing_else() {
    let text = work(
        "plain",
        &[
            "adapters.plain.train_on={ data = \"pairs\", part = \"all\", languages = \"source\", text = \"{{ question }}\" }",
            "conditions.plain={ adapter = \"plain\", modes = [\"direct\"] }",
            "data.pairs={ file = \"{language}.jsonl\", key = \"id\", fields = { question = \"q\", options = [\"a\", \"b\"], answer = \"r\" } }",
            "prompt.system=Be brief.",
            "prompt.delimiter=,",
        ],
    );
    let row = r#"{"id": 1, "q": "Why?", "a": "A", "b": "B", "r": 1}"#;
    let learned = lessons(&text, &[row, row]).expect("two options, and no passage");
    let renderer =
        xlt_core::prompt::Renderer::new(&text.prompt, &text.mode, &text.data.fields.extra).expect("a template");
    assert_eq!(renderer.render(&learned.items[0]).expect("it fits"), "Why?");
    assert_eq!(renderer.system("arb_Arab"), Ok(None));
    assert_eq!(text.prompt.delimiter, "");
}
