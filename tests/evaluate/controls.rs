//! The same questions shown in other ways: formats, words of the prompt, orders of the options, examples.

use super::support::Space;
use super::{ENGLISH, study};
use serde_json::Value;

fn logprobs(space: &Space) -> Vec<Vec<f64>> {
    let items = space.ask(&["items", ENGLISH, "--json"]).stdout;
    let line = |line: &str| -> Vec<f64> {
        let item: Value = serde_json::from_str(line).unwrap();
        item["logprobs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    items.lines().map(line).collect()
}

/// The prompt of an item in a stage of English, as text.
fn prompt(space: &Space, item: &str, mode: &str) -> String {
    let answer = space.ask(&["show", item, "--language", "eng_Latn", "--mode", mode]);
    answer.expect_code(0);
    answer.stdout
}

#[test]
fn a_mode_with_lists_is_several_modes_and_each_is_asked_as_it_says() {
    let space = study();
    space.edit(
        "spec.toml",
        "[modes.direct]\ninstruction = \"Answer with 1 or 2.\"",
        "[formats]\nletters = { labels = [\"A\", \"B\"] }\n\
         [prompt.words.eng_Latn]\nask = \"Answer with\"\n[prompt.words.fra_Latn]\nask = \"Réponds par\"\n\
         [modes.direct]\ninstruction = \"{{ words.ask }} {{ labels | join(' / ') }}.\"\n\
         format = [\"prompt\", \"letters\"]\nwords = [\"own\", \"fra_Latn\"]",
    );
    // Of French questions the own language and French are one prompt: asked once.
    space.ask(&["run"]).expect_code(0).expect_says("ran 10, cached 2");
    let own = prompt(&space, "1", "direct.prompt.own");
    assert!(own.contains("1. one") && own.contains("Answer with 1 / 2."), "{own}");
    let french = prompt(&space, "1", "direct.letters.fra_Latn");
    assert!(french.contains("A. one") && french.contains("Réponds par A / B."), "{french}");
    space.edit("spec.toml", "\"Answer with\"", "\"Reply with\"");
    space.ask(&["run"]).expect_code(0).expect_says("ran 3");
}

#[test]
fn rotated_options_are_averaged_over_both_orders() {
    let (plain, swapped, rotated) = (study(), study(), study());
    for language in ["eng_Latn", "fra_Latn"] {
        let path = format!("{language}.jsonl");
        let rows = swapped.read(&path);
        swapped.write(&path, rows.replace("\"a\": \"one\", \"b\": \"two\"", "\"a\": \"two\", \"b\": \"one\""));
    }
    rotated.edit("spec.toml", "[modes.direct]", "[modes.direct]\nrotate = true");
    for space in [&plain, &swapped, &rotated] {
        space.ask(&["run"]).expect_code(0);
    }
    let results: Value = serde_json::from_str(&rotated.read("spec.results/results.json")).unwrap();
    let rotation = &results["cells"][0]["rotation"];
    assert_eq!((rotation["orders"].as_u64(), rotation["agree"].as_u64().is_some()), (Some(2), true), "{rotation}");
    let places: u64 = rotation["predicted_by_place"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(places, 8, "four items in two orders: {rotation}");
    assert!(rotated.read("spec.results/results.md").contains("## Rotated options"));
    let (plain, swapped, rotated) = (logprobs(&plain), logprobs(&swapped), logprobs(&rotated));
    assert_eq!(rotated.len(), 4, "one answer an item");
    for ((given, other), both) in plain.iter().zip(&swapped).zip(&rotated) {
        assert!((given[0] - other[1]).abs() > 1e-3, "the order matters: {given:?} {other:?}");
        for option in 0..2 {
            let mean = (given[option] + other[1 - option]) / 2.0;
            assert!((both[option] - mean).abs() < 1e-3, "{both:?} is not the mean of {given:?} and {other:?}");
        }
    }
}

#[test]
fn options_that_are_not_shown_cannot_be_rotated() {
    let space = study();
    space.edit("spec.toml", "{{ options_block }}", "");
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nrotate = true");
    space
        .ask(&["run"])
        .expect_code(1)
        .expect_says("looks the same with its options in another order")
        .expect_says("`rotate`");
}

#[test]
fn examples_are_turns_before_the_question_and_never_of_the_evaluated_part() {
    let space = study();
    let split = "split = { by = \"question\", train = 2, test = 2 }";
    space.edit("spec.toml", "key = \"id\"", &format!("key = \"id\"\n{split}"));
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nshots = { number = 2 }");
    space.ask(&["run"]).expect_code(0);
    let items = space.ask(&["items", ENGLISH, "--json"]).stdout;
    let keys: Vec<String> = items
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 2);
    let shown = prompt(&space, &keys[0], "direct");
    assert_eq!(shown.matches("<|im_start|>user").count(), 3, "{shown}");
    assert_eq!(shown.matches("<|im_start|>assistant\n1<|im_end|>").count(), 2, "{shown}");
    for number in 1..=4 {
        let there = shown.contains(&format!("tea number {number}"));
        assert_eq!(there, !keys.contains(&number.to_string()) || keys[0] == number.to_string(), "{number}: {shown}");
    }
    space.edit("spec.toml", "shots = { number = 2 }", "shots = { number = 2, language = \"fra_Latn\" }");
    space.ask(&["run"]).expect_code(0).expect_says("ran 2");
    let shown = prompt(&space, &keys[0], "direct");
    assert_eq!((shown.matches("thé number").count(), shown.matches("tea number").count()), (2, 1), "{shown}");
    space.edit("spec.toml", "number = 2", "number = 3");
    space.ask(&["run"]).expect_code(1).expect_says("has 2 questions").expect_says("`shots.number` is 3");
}
