//! Files that are made to harm: what reads one fails with a sentence, and everything else goes on.

use super::support::Space;
use super::{row, study};
use std::path::Path;
use xlt_llama::tiny::TinyModel;

/// The beginning of a GGUF file, with these numbers of tensors and keys.
fn header(tensors: u64, keys: u64) -> Vec<u8> {
    [&b"GGUF"[..], &3_u32.to_le_bytes(), &tensors.to_le_bytes(), &keys.to_le_bytes()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A key with a value of that type.
fn key(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(name)[..], &kind.to_le_bytes(), value].concat()
}

/// The entry of a tensor of four F32, whose data begin there.
fn tensor(offset: u64) -> Vec<u8> {
    [&text("x")[..], &1_u32.to_le_bytes(), &4_u64.to_le_bytes(), &0_u32.to_le_bytes(), &offset.to_le_bytes()].concat()
}

/// Files, and what is said of them.
fn models() -> Vec<(Vec<u8>, &'static str)> {
    let llama = key("general.architecture", 8, &text("llama"));
    let blocks = key("llama.block_count", 4, &2_u32.to_le_bytes());
    let data = [0; 64];
    let mut swapped = TinyModel::default().bytes();
    let at = swapped.windows(17).position(|window| window == b"llama.block_count").unwrap();
    swapped[at + 17] = 6; // an F32 where a number of layers should be
    vec![
        (header(1 << 60, 0), "is cut: it holds"),
        (header(0, 1 << 60), "is cut: it holds"),
        ([header(0, 1), key("x", 8, &(1_u64 << 60).to_le_bytes())].concat(), "is cut: it holds"),
        ([header(0, 1), (1_u64 << 60).to_le_bytes().to_vec()].concat(), "a name of 1152921504606846976 bytes"),
        ([header(1, 1), key("general.alignment", 4, &[0; 4]), tensor(0)].concat(), "an alignment of 0"),
        (
            [header(1, 1), key("general.alignment", 8, &text("x")), tensor(0)].concat(),
            "key `general.alignment` has type 8",
        ),
        ([&header(1, 1)[..], &llama, &tensor(1 << 40), &data].concat(), "is cut: it holds"),
        ([&header(1, 3)[..], &llama, &blocks, &blocks, &tensor(0), &data].concat(), "duplicate"),
        (swapped, "llama.block_count"),
    ]
}

/// That nothing runs any more that was started for the study.
fn nothing_lives(space: &Space) {
    let cache = space.cache("").to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let commands = processes.filter_map(|process| std::fs::read(process.join("cmdline")).ok());
    let left: Vec<_> = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " ")).collect();
    assert!(!left.iter().any(|command| command.contains(cache.trim_end_matches('/'))), "{left:?}");
}

/// A study of the good model and of these.
fn beside(bad: &[(Vec<u8>, &str)]) -> Space {
    let space = study();
    let names = (0..bad.len()).map(|number| format!("bad{number} = {{ file = \"bad{number}.gguf\" }}\n"));
    space.edit("spec.toml", "[languages]", &format!("{}[languages]", names.collect::<String>()));
    for (number, (bytes, _)) in bad.iter().enumerate() {
        space.write(&format!("bad{number}.gguf"), bytes);
    }
    space
}

#[test]
fn models_whose_headers_lie_fail_their_stages_and_no_others() {
    let bad = models();
    let space = beside(&bad);
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.failed.len()), (1, 2 * bad.len()), "{:?}", outcome.failed);
    assert!(outcome.failed.iter().all(|stage| stage.starts_with("evaluate/bad")), "{:?}", outcome.failed);
    for (number, (_, says)) in bad.iter().enumerate() {
        let of_model = format!("model `bad{number}`");
        let mut messages = outcome.events.iter().filter_map(|event| event["message"].as_str());
        let message = messages.find(|message| message.contains(&of_model)).unwrap_or_default();
        assert!(message.contains(says), "{of_model} does not say {says:?}: {message}");
    }
    nothing_lives(&space);
    // The good model's answers are there: without the others there is nothing left to do but to analyze.
    space.write("spec.toml", super::SPEC);
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.failed.len()), (0, 0));
    assert!(outcome.cached >= 2, "{}", outcome.cached);
}

#[test]
fn a_chat_template_that_hides_its_work_is_given_up_and_the_other_model_goes_on() {
    // Two lists of a few bytes each, of which each half is the same list again: to compare them takes for ever.
    let chat_template = "{% set n = namespace(x=[1], y=[1]) %}{% for a in range(64) %}{% set n.x = [n.x, n.x] %}\
        {% set n.y = [n.y, n.y] %}{% endfor %}{% if n.x == n.y %}{% endif %}{{ messages[0].content }}";
    let space = beside(&[(TinyModel { chat_template, ..TinyModel::default() }.bytes(), "")]);
    space.edit("spec.toml", "languages = \"target\"", "languages = [\"eng_Latn\"]");
    let outcome = space.run();
    assert_eq!(outcome.code, 1);
    outcome.expect_failed(["evaluate/bad0/base/eng_Latn/direct"], ["analyze"]);
    let says = "model `bad0`: its chat template was not rendered within 10 seconds; use another GGUF of the model";
    outcome.expect_message("evaluate/bad0/base/eng_Latn/direct", says);
    nothing_lives(&space);
}

#[test]
fn rows_that_are_nested_too_deeply_or_are_one_endless_line() {
    let nested = row("2", "x", "1").replace("\"x\"", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let endless = format!("{{\"id\": \"{}", "x".repeat(32 << 20));
    for (bytes, says) in [(nested, "line 2"), (endless, "line 2")] {
        let space = study();
        space.write("eng_Latn.jsonl", format!("{}\n{bytes}\n", row("1", "x", "1")));
        let outcome = space.run();
        let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
        assert!(messages.contains("eng_Latn.jsonl") && messages.contains(says), "{messages}");
        assert_eq!((outcome.code, outcome.failed.len()), (1, 1), "{messages}");
        assert!(messages.len() < 10_000, "{} bytes are said", messages.len());
    }
}

#[test]
fn a_peft_adapter_whose_header_lies_is_refused() {
    let space = study();
    space.write(
        "peft/adapter_config.json",
        r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q_proj"]}"#,
    );
    let two = r#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}"#;
    let overlapping = [&(two.len() as u64).to_le_bytes()[..], two.as_bytes(), &[0; 12]].concat();
    for bytes in [(1_u64 << 60).to_le_bytes().to_vec(), overlapping] {
        space.write("peft/adapter_model.safetensors", bytes);
        let args = ["adapter", "import", "peft", "--base", "tiny.gguf", "--to", "lora.gguf"];
        space.ask(&args).expect_code(2).expect_says("adapter_model.safetensors cannot be read");
        assert!(!Path::new(&space.path("lora.gguf")).exists());
    }
}
