//! How many tokens a model needs for a language, and whether they are those of the tokenizer that it was published with.

use super::support::{Space, set};
use super::{row, study};
use serde_json::{Value, json};
use xlt_llama::tiny::TinyModel;

/// The study with a tokenizer beside its model.
fn compared(tokenizer: &Value) -> Space {
    let space = study();
    space.edit("spec.toml", "file = \"tiny.gguf\"", "file = \"tiny.gguf\", tokenizer = \"own/tokenizer.json\"");
    space.write("own/tokenizer.json", tokenizer.to_string());
    space
}

/// What a tiny model would have been published with. It cuts texts, as published ones may.
fn tokenizer(model: &TinyModel) -> Value {
    let tokens = model.tokens();
    let (words, special) = tokens.split_at(tokens.len() - 3);
    let special = (words.len()..).zip(special).map(|(id, content)| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true })
    });
    let vocabulary: Value = words.iter().zip(0..).map(|(word, id)| (word.clone(), json!(id))).collect();
    let byte_level = json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true });
    let spaces = json!({ "type": "Sequence", "normalizers": [
        { "type": "Prepend", "prepend": "▁" },
        { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
    ] });
    let merges = if model.sentence_piece { pairs(words) } else { model.merges().to_vec() };
    json!({
        "version": "1.0",
        "truncation": { "direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0 },
        "padding": null,
        "added_tokens": special.collect::<Value>(),
        "normalizer": if model.sentence_piece { spaces } else { Value::Null },
        "pre_tokenizer": if model.sentence_piece { Value::Null } else { byte_level },
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": model.sentence_piece.then_some("<unk>"), "fuse_unk": true,
            "byte_fallback": model.sentence_piece, "vocab": vocabulary, "merges": merges,
        },
    })
}

/// Every pair of words that makes a word, as a conversion from SentencePiece lists them: by the number of the word.
fn pairs(words: &[String]) -> Vec<String> {
    let halves = |word: &String| {
        let cuts = word.char_indices().skip(1).map(|(at, _)| word.split_at(at));
        let known = |half: &str| words.iter().any(|word| word == half);
        let pairs = cuts.filter(|(left, right)| known(left) && known(right));
        pairs.map(|(left, right)| format!("{left} {right}")).collect::<Vec<_>>()
    };
    words.iter().skip(257).flat_map(halves).collect()
}

/// The tokenizer without one of its merges: of a space and `n`.
fn without_a_merge() -> Value {
    let mut tokenizer = tokenizer(&TinyModel::default());
    let merges = tokenizer["model"]["merges"].as_array_mut().unwrap();
    let before = merges.len();
    merges.retain(|merge| merge != "Ġ n");
    assert_eq!(merges.len() + 1, before);
    tokenizer
}

fn results(space: &Space) -> Value {
    serde_json::from_str(&space.read("spec.results/results.json")).unwrap()
}

/// Neither `q` nor a Greek letter's byte is a part of a longer token: a token is a byte. The third Greek passage is not
/// parallel to any.
#[test]
fn tokens_are_counted_by_language_with_a_premium_over_a_reference() {
    let space = study();
    space.edit("spec.toml", "fra_Latn", "ell_Grek");
    space.edit("spec.toml", "[evaluate]", "[analyze]\nfertility = \"eng_Latn\"\n[evaluate]");
    space.write("eng_Latn.jsonl", [row("1", "qqqq", "1"), row("2", "qq", "2")].join("\n"));
    space.write("ell_Grek.jsonl", [row("1", "λλλλ", "1"), row("2", "λλ", "2"), row("3", "λ", "1")].join("\n"));
    assert!(space.run().ran.contains("fertility/tiny"));
    let text = space.read("spec.results/results.md");
    let rows = "\
| Language | Model | Passages | Tokens a passage | a character | a byte | of eng_Latn |
|---|---|---:|---:|---:|---:|---:|
| Greek (ell_Grek) | tiny | 3 | 4.7 | 2.000 | 1.000 | 2.00x |
| English (eng_Latn) | tiny | 2 | 3.0 | 1.000 | 1.000 | 1.00x |
";
    assert!(text.contains("\n## Tokens by language\n") && text.contains(rows), "{text}");
    let greek = &results(&space)["fertility"][0];
    let counts = ["passages", "tokens", "characters", "bytes", "parallel_passages"].map(|key| greek[key].as_u64());
    assert_eq!(counts, [3, 14, 7, 14, 2].map(Some));
    assert_eq!((greek["premium"].as_f64(), &greek["parity"]), (Some(2.0), &Value::Null));
    assert!(space.read("spec.results/results.csv").contains(",4.666667,2.000000,1.000000,2.000000,eng_Latn,,\n"));
    assert!(space.read("spec.results/report.html").contains("Tokens by language"));
}

#[test]
fn who_does_not_ask_gets_no_table() {
    let space = study();
    space.run();
    assert!(!space.read("spec.results/results.md").contains("Tokens by language"));
    assert_eq!(results(&space).get("fertility"), None);
}

#[test]
fn the_tokenizer_that_the_model_was_published_with_makes_the_same_ids() {
    for sentence_piece in [false, true] {
        let model = TinyModel { sentence_piece, ..TinyModel::default() };
        let space = compared(&tokenizer(&model));
        model.write(&space.path("tiny.gguf")).unwrap();
        // A special token that is spelled in the data is text.
        let rows = [row("1", "The <|im_end|>  tea, שלום 12", "1"), row("2", "ሰላም λ", "2")];
        space.write("eng_Latn.jsonl", rows.join("\n"));
        assert!(space.run().ran.contains("fertility/tiny"));
        let text = space.read("spec.results/results.md");
        assert!(
            text.contains("| Language | Model | Passages | Tokens a passage | a character | a byte | Ids |"),
            "{text}"
        );
        for language in results(&space)["fertility"].as_array().unwrap() {
            assert_eq!(language["parity"]["differing"], 0, "{text}");
            assert_eq!(language["premium"], Value::Null);
        }
        assert_eq!(text.matches(" same ids |").count(), 2, "{text}");
    }
}

#[test]
fn of_another_tokenizer_the_first_text_that_it_reads_otherwise_is_named() {
    let space = compared(&tokenizer(&TinyModel::default()));
    space.write("fra_Latn.jsonl", [row("1", "thé", "1"), row("2", "chai", "2")].join("\n"));
    space.run();
    space.write("own/tokenizer.json", without_a_merge().to_string());
    assert_eq!(space.run().ran, set(["download/tokenizer/tiny", "fertility/tiny", "analyze"]));
    let difference =
        "4 of 7 texts differ, first: passage of item 1, token 3: 286 \" n\" in the GGUF, 32 \" \" in its tokenizer";
    let text = space.read("spec.results/results.md");
    assert!(text.contains(&format!("| {difference} |\n")), "{text}");
    let parity = |language: usize| results(&space)["fertility"][language]["parity"].clone();
    let (model, own) = (json!({ "id": 286, "text": " n" }), json!({ "id": 32, "text": " " }));
    let first = json!({ "key": "1", "field": "passage", "position": 2, "model": model, "tokenizer": own });
    assert_eq!(parity(0), json!({ "texts": 7, "differing": 4, "first": first }));
    assert_eq!(parity(1), json!({ "texts": 5, "differing": 0, "first": null }));
    space.ask(&["fertility"]).expect_code(0).expect_prints(difference).expect_prints("same ids");
}

/// The second is read by `tokenizers` with a panic.
#[test]
fn a_damaged_tokenizer_is_an_error_that_says_what_to_put_right() {
    let mut panics = tokenizer(&TinyModel::default());
    panics["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": "%" });
    let whole = tokenizer(&TinyModel::default()).to_string();
    for damaged in [&whole[..whole.len() / 2], &panics.to_string(), "{}"] {
        let space = compared(&Value::Null);
        space.write("own/tokenizer.json", damaged);
        let outcome = space.run();
        outcome
            .expect_failed(["fertility/tiny"], ["analyze"])
            .expect_message("fertility/tiny", "own/tokenizer.json cannot be read: ")
            .expect_message("fertility/tiny", "`models.tiny.tokenizer`, or leave that out");
        let answer = space.ask(&["fertility"]);
        answer.expect_code(2).expect_says("own/tokenizer.json cannot be read: ");
        assert!(!answer.stderr.contains("bug"), "{answer:?}");
    }
}

#[test]
fn the_command_counts_whether_the_spec_asks_or_not() {
    let space = study();
    space.ask(&["fertility"]).expect_code(2).expect_says("`xlt run`");
    space.run();
    space.ask(&["fertility"]).expect_code(0).expect_prints("of eng_Latn").expect_prints("1.00x");
    let lines = space.ask(&["fertility", "--json"]).stdout;
    space.edit("spec.toml", "[evaluate]", "[analyze]\nfertility = \"fra_Latn\"\n[evaluate]");
    space.ask(&["fertility"]).expect_code(0).expect_prints("of fra_Latn");
    space.ask(&["fertility", "--reference", "fra_Lat"]).expect_code(2).expect_says("did you mean `fra_Latn`?");
    let again = space.ask(&["fertility", "--json", "--reference", "eng_Latn"]).stdout;
    assert_eq!(lines, again);
    space.edit("spec.toml", "fertility = \"fra_Latn\"", "fertility = \"eng_Latn\"");
    space.run();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(results(&space)["fertility"], Value::from(lines));
}

#[test]
fn of_answers_from_elsewhere_there_are_no_tokens() {
    let space = study();
    space.edit("spec.toml", "file = \"tiny.gguf\"", "answers = \"{language}.{mode}.jsonl\"");
    space.write("eng_Latn.direct.jsonl", "");
    space.write("fra_Latn.direct.jsonl", "");
    space.ask(&["fertility"]).expect_code(2).expect_says("come from elsewhere");
}
