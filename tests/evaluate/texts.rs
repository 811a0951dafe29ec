//! The likelihood of the options' own texts.

use super::support::Space;
use super::{ENGLISH, study};
use serde_json::Value;
use xlt_llama::{Backend, Context, ContextOptions, KvType, LoadOptions, Model, Piece};

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

/// Log-likelihood of a text after a prompt, the plain way: the whole decoded by itself, and every token's logits looked up.
fn likelihood(model: &Model, prompt: &str, text: &str) -> f64 {
    let tokens = |text: &str| model.tokenize_segments(&[(text, true)]).unwrap();
    let (before, whole) = (tokens(prompt).len(), tokens(&format!("{prompt}{text}")));
    let options = ContextOptions { outputs: 64, kv: KvType::F32, ..ContextOptions::default() };
    let mut context = Context::new(model, &options).unwrap();
    let rows = context.decode(&[Piece { sequence: 0, tokens: &whole, quiet: before - 1 }]).unwrap();
    let of = |row: &[f32], token: usize| {
        let total: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
        f64::from(row[token]) - total.ln()
    };
    rows.iter().zip(&whole[before..]).map(|(row, token)| of(row, token.id() as usize)).sum()
}

#[test]
fn a_likelihood_is_that_of_every_token_in_its_place() {
    let space = texts("sum");
    space.edit("spec.toml", "context = 512", "context = 512\nkv = \"F32\"");
    space.run();
    let model = Model::load(&Backend::silent().unwrap(), &space.path("tiny.gguf"), &LoadOptions::default()).unwrap();
    for item in items(&space) {
        let id = item["key"].as_str().unwrap();
        let prompt = format!("number {id}\nwhich?\nAnswer:");
        let expected =
            [" x".to_owned(), format!(" the other one of {id}")].map(|text| likelihood(&model, &prompt, &text));
        for (scored, expected) in logprobs(&item).into_iter().zip(expected) {
            assert!((scored - expected).abs() < 1e-4, "{scored} {expected}");
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

/// Options that all rows have, an answer in words, a further field; and a continuation, which is what is scored and measured.
#[test]
fn what_a_template_makes_of_an_option_is_scored() {
    let space = texts("byte");
    let fields = "choices = [\"x\", \"the other one of all\"]\nanswer_as = \"text\"\nextra = { kind = \"sort\" }";
    space.edit("spec.toml", "options = [\"a\", \"b\"]", fields);
    space.edit("spec.toml", "key = \"id\"", "key = \"{row}\"");
    space.edit("spec.toml", "delimiter = \" \"", "delimiter = \" \"\ncontinuation = \"{{ kind }}{{ option[:3] }}\"");
    space.edit("spec.toml", "context = 512", "context = 512\nkv = \"F32\"");
    for language in ["eng_Latn", "fra_Latn"] {
        let row = |id: usize| {
            format!(
                "{{\"text\": \"number {id}\", \"question\": \"which?\", \"sort\": \"t{id} \", \"answer\": \"x\"}}\n"
            )
        };
        space.write(&format!("{language}.jsonl"), (1..5).map(row).collect::<String>());
    }
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{:?}", outcome.events);
    let model = Model::load(&Backend::silent().unwrap(), &space.path("tiny.gguf"), &LoadOptions::default()).unwrap();
    for item in items(&space) {
        let id = item["key"].as_str().unwrap();
        let continuations = [format!("t{id} x"), format!("t{id} the")];
        let scores = logprobs(&item);
        for (scored, text) in scores.iter().zip(&continuations) {
            let expected = likelihood(&model, &format!("number {id}\nwhich?\nAnswer:"), &format!(" {text}"));
            assert!((scored - expected).abs() < 1e-4, "{scored} {expected}");
        }
        let by_byte = |option: usize| scores[option] / continuations[option].len() as f64;
        let best = if by_byte(0) >= by_byte(1) { "1" } else { "2" };
        assert_eq!((item["prediction"].as_str(), item["answer"].as_str()), (Some(best), Some("1")));
    }
}
