//! The likelihood of the options' own texts.

use super::support::Space;
use super::{ENGLISH, study};
use serde_json::Value;

fn texts(normalize: &str) -> Space {
    let space = study();
    let mode = format!("score = \"texts\"\nnormalize = \"{normalize}\"");
    space.edit("spec.toml", "instruction = \"Answer with 1 or 2.\"", &mode);
    space.edit("spec.toml", "{{ options_block }}\"\"\"", "Answer:\"\"\"\ndelimiter = \" \"");
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", chat = "none""#);
    for language in ["eng_Latn", "fra_Latn"] {
        let row = |id: usize| {
            format!(
                "{{\"id\": {id}, \"text\": \"number {id}\", \"question\": \"which?\", \"a\": \"x\", \"b\": \"the other one of {id}\", \
                 \"answer\": 2}}\n"
            )
        };
        space.write(&format!("{language}.jsonl"), (1..9).map(row).collect::<String>());
    }
    space
}

fn items(space: &Space) -> Vec<Value> {
    space.ask(&["items", ENGLISH, "--json"]).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn logprobs(item: &Value) -> Vec<f64> {
    item["logprobs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn long_options_are_unlikelier_as_a_sum_and_not_by_the_byte() {
    let (sum, byte) = (texts("sum"), texts("byte"));
    assert_eq!((sum.run().code, byte.run().code), (0, 0));
    let (sum, byte) = (items(&sum), items(&byte));
    for (sum, byte) in sum.iter().zip(&byte) {
        let scores = logprobs(sum);
        assert_eq!(scores, logprobs(byte), "what the prediction is divided by changes no likelihood");
        assert!(scores[1] < scores[0] - 10.0, "{scores:?}");
        let length = format!("the other one of {}", sum["key"].as_str().unwrap()).len() as f64;
        let best = if scores[0] >= scores[1] / length { "1" } else { "2" };
        assert_eq!((sum["prediction"].as_str(), byte["prediction"].as_str()), (Some("1"), Some(best)));
    }
    assert!(byte.iter().any(|item| item["prediction"] == "2"));
}

#[test]
fn a_likelihood_is_that_of_every_token_in_its_place() {
    let space = texts("sum");
    space.run();
    let together = items(&space);
    // One question a unit, in F32: other calls of the decoder, and the same sums but for rounding.
    space.edit("spec.toml", "context = 512", "context = 512\nunit = 1\nkv = \"F32\"");
    space.run();
    let alone = items(&space);
    for (together, alone) in together.iter().zip(&alone) {
        for (a, b) in logprobs(together).iter().zip(logprobs(alone)) {
            assert!((a - b).abs() < 0.02, "{a} {b}");
        }
    }
}

#[test]
fn an_option_that_merges_with_the_prompt_is_refused() {
    let space = texts("sum");
    // The vocabulary has a word for what `th` and `e` make together.
    space.edit("spec.toml", "Answer:\"\"\"\ndelimiter = \" \"", "th\"\"\"");
    let rows = space.read("eng_Latn.jsonl").replace("\"a\": \"x\"", "\"a\": \"e\"");
    space.write("eng_Latn.jsonl", rows);
    let outcome = space.run();
    outcome
        .expect_message(ENGLISH, "\"e\" merges with the end of the prompt")
        .expect_message(ENGLISH, "prompt.delimiter");
}

#[test]
fn a_preset_is_another_tools_prompt() {
    let space = study();
    let spec = space.read("spec.toml");
    let (before, rest) = spec.split_once("[prompt]").unwrap();
    let after = rest.split_once("[modes.direct]").unwrap().1;
    let after = after.replace("instruction = \"Answer with 1 or 2.\"", "");
    let before = before.replace("options = [\"a\", \"b\"]", "options = [\"a\", \"b\", \"c\", \"d\"]");
    space.write(
        "spec.toml",
        format!("{before}[prompt]\npreset = \"lm-eval-belebele\"\ndelimiter = \"\"\n[modes.direct]\n{after}"),
    );
    for language in ["eng_Latn", "fra_Latn"] {
        let row = r#"{"id": 1, "text": "t", "question": " q ", "a": "w", "b": "x", "c": "y", "d": "z", "answer": 4}"#;
        space.write(&format!("{language}.jsonl"), row);
    }
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{:?}", outcome.events);
    let items = items(&space);
    assert_eq!((items[0]["answer"].as_str(), logprobs(&items[0]).len()), (Some("D"), 4));
}
