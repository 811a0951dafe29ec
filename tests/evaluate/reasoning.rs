//! Models that write before they answer, and models that answer in their own words.

use super::support::Space;
use super::{ENGLISH, passage_rows, study};
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};
use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, Context, ContextOptions, KvType, LoadOptions, Model, Token};

const COT: &str = "evaluate/tiny/base/eng_Latn/cot";
const FRENCH_COT: &str = "evaluate/tiny/base/fra_Latn/cot";

/// A study of a quantized model that answers directly, and after reasoning.
fn both_modes() -> Space {
    let space = study();
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", quantize = "Q4_0""#);
    space.edit("spec.toml", "key = \"id\"", "key = \"id\"\ngroup = \"text_id\"");
    space.edit("spec.toml", "context = 512", "context = 512\nunit = 200\nslots = 3");
    let cot = "[modes.cot]\ninstruction = \"Think first.\"\nreason = { max_tokens = 12 }\ncue = \"Answer: \"\n";
    space.edit("spec.toml", "[conditions]", &format!("{cot}[conditions]"));
    space.edit("spec.toml", r#"modes = ["direct"]"#, r#"modes = ["direct", "cot"]"#);
    for language in ["eng_Latn", "fra_Latn"] {
        space.write(&format!("{language}.jsonl"), passage_rows(0..6, 1));
    }
    space
}

fn only(space: &Space, mode: &str) {
    space.edit("spec.toml", r#"modes = ["direct", "cot"]"#, &format!("modes = [\"{mode}\"]"));
}

fn items(space: &Space, stage: &str) -> Vec<Value> {
    let answers = space.ask(&["items", stage, "--json"]).stdout;
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn tokens(outcome: &super::support::Outcome, key: &str) -> u64 {
    let finished = outcome.events.iter().filter(|event| event["event"] == "stage_finished");
    finished.filter_map(|event| event[key].as_u64()).sum()
}

#[test]
fn reasoning_stands_before_the_answer_and_keeps_to_its_budget() {
    let space = both_modes();
    assert_eq!(space.run().code, 0);
    let items = items(&space, COT);
    assert_eq!(items.len(), 18);
    for item in &items {
        let (reasoning, mass) = (&item["reasoning"], item["answer_mass"].as_f64().unwrap());
        assert!(reasoning["tokens"].as_u64().unwrap() <= 12 && mass > 0.0, "{item}");
        let whole = reasoning["tokens"] == 12;
        assert!(reasoning["ended"] == if whole { "budget" } else { "model" }, "{item}");
    }
    assert!(items.iter().any(|item| item["reasoning"]["ended"] == "budget"), "a random model seldom ends its turn");
    space
        .ask(&["show", "p001|2", "--mode", "cot", "--language", "eng_Latn"])
        .expect_code(0)
        .expect_prints("assistant\n⟦reasoning⟧\n\nAnswer: ⟦answer⟧")
        .expect_prints("tokens, cut at the budget");
}

#[test]
fn modes_that_run_together_share_what_they_have_in_common_and_change_no_byte_of_each_other() {
    let (together, direct, cot) = (both_modes(), both_modes(), both_modes());
    only(&direct, "direct");
    only(&cot, "cot");
    let [both, one, other] = [&together, &direct, &cot].map(Space::run);
    let apart = tokens(&one, "tokens_decoded") + tokens(&other, "tokens_decoded");
    let shared = tokens(&both, "tokens_decoded");
    assert!(shared * 10 < apart * 9, "{shared} of {apart} tokens");
    assert_eq!(tokens(&both, "tokens_asked"), tokens(&one, "tokens_asked") + tokens(&other, "tokens_asked"));
    assert_eq!(items(&together, ENGLISH), items(&direct, ENGLISH));
    assert_eq!(items(&together, COT), items(&cot, COT));
}

#[test]
fn neither_threads_nor_order_nor_company_change_what_is_written() {
    let (one, other) = (both_modes(), both_modes());
    other.write("eng_Latn.jsonl", passage_rows((0..6).rev(), 1));
    other.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
    assert_eq!(one.run_with(&["--jobs", "1"]).code, 0);
    assert_eq!(other.run_with(&["--jobs", "2"]).code, 0);
    assert_eq!(items(&one, COT).len(), 18);
    assert_eq!(items(&one, COT), items(&other, COT));
}

#[test]
fn killed_while_it_writes_it_ends_with_the_same_bytes() {
    let many = || {
        let space = both_modes();
        space.write("eng_Latn.jsonl", passage_rows(0..60, 1));
        space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
        space
    };
    let unbroken = many();
    unbroken.run();
    let killed = many();
    let journals = |space: &Space| {
        let keys = fs::read_dir(space.cache("partial")).into_iter().flatten().flatten();
        keys.filter_map(|key| fs::read_to_string(key.path().join("answers.journal")).ok())
            .map(|text| text.lines().count())
            .sum::<usize>()
    };
    let mut done = 0;
    for _ in 0..3 {
        let mut engine = killed.xlt(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while journals(&killed) <= done + 2 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        engine.kill().unwrap();
        engine.wait().unwrap();
        done = journals(&killed);
    }
    assert!(done > 4, "it was killed while it wrote: {done}");
    assert_eq!(killed.run().code, 0);
    for stage in [COT, ENGLISH] {
        assert_eq!(items(&killed, stage).len(), 180);
        assert_eq!(items(&killed, stage), items(&unbroken, stage), "{stage}");
    }
}

#[test]
fn draws_depend_on_their_seed_and_the_item_alone() {
    let drawn = |seed: u64, slots: u64| {
        let space = both_modes();
        only(&space, "cot");
        let reason = format!("max_tokens = 12, temperature = 0.9, top_p = 0.95, seed = {seed}");
        space.edit("spec.toml", "max_tokens = 12", &reason);
        space.edit("spec.toml", "slots = 3", &format!("slots = {slots}"));
        space.edit("spec.toml", r#", quantize = "Q4_0""#, "");
        space.run();
        let text = |item: &Value| item["reasoning"]["text"].as_str().unwrap().to_owned();
        items(&space, COT).iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1, 3), drawn(1, 1), "in F32 nothing depends on the company");
    assert_ne!(drawn(1, 3), drawn(2, 3));
}

#[test]
fn filler_is_as_long_as_reasoning_and_says_nothing() {
    let space = both_modes();
    space.edit("spec.toml", "max_tokens = 12", "max_tokens = 12, filler = \".\"");
    assert_eq!(space.run().code, 0);
    let (cot, direct) = (items(&space, COT), items(&space, ENGLISH));
    for (cot, direct) in cot.iter().zip(&direct) {
        assert!(cot["reasoning"].is_null());
        assert!(cot["n_tokens"].as_u64().unwrap() > direct["n_tokens"].as_u64().unwrap() + 12, "{cot}");
    }
    space.edit("spec.toml", "filler = \".\"", "filler = \"two words\"");
    space.run().expect_message(COT, "tokens to model `tiny`").expect_message(FRENCH_COT, "one token");
}

#[test]
fn a_channel_that_the_model_does_not_have() {
    let space = both_modes();
    space.edit("spec.toml", "max_tokens = 12", "max_tokens = 12, channel = \"native\"");
    space.run().expect_message(COT, "no reasoning channel").expect_message(COT, "channel = \"text\"");
}

#[test]
fn a_budget_beyond_the_context_is_refused_and_no_reasoning_is_cut_short() {
    let space = both_modes();
    space.edit("spec.toml", "max_tokens = 12", "max_tokens = 600");
    space.run().expect_message(COT, "with the budget").expect_message(COT, "evaluate.context");
}

#[test]
fn answers_in_the_models_own_words_are_parsed_and_counted_apart() {
    let space = both_modes();
    only(&space, "direct");
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nscore = \"generate\"\nmax_tokens = 8\nstop = [\".\"]");
    assert_eq!(space.run().code, 0);
    let items = items(&space, ENGLISH);
    for item in &items {
        let generated = &item["generated"];
        let outcome = generated["extraction"]["outcome"].as_str().unwrap();
        assert_eq!(item["prediction"].is_null(), outcome != "parsed", "{item}");
        assert!(generated["written"]["tokens"].as_u64().unwrap() <= 8);
        assert!(item["logprobs"].as_array().unwrap().is_empty() && item["answer_mass"].is_null());
        if outcome == "truncated" {
            assert_eq!(generated["written"]["ended"], "budget");
        }
    }
    assert_eq!(items.len(), 18);
    space.ask(&["results"]).expect_code(0);
}

#[test]
fn options_are_scored_behind_reasoning_too() {
    let space = both_modes();
    only(&space, "cot");
    space.edit("spec.toml", "cue = \"Answer: \"", "cue = \"Answer: \"\nscore = \"texts\"");
    assert_eq!(space.run().code, 0);
    for item in items(&space, COT) {
        let logprobs: Vec<f64> =
            item["logprobs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        assert!(logprobs[1] < logprobs[0], "the longer text is unlikelier: {item}");
    }
}

/// What the model writes behind a prompt, the plain way: every token by itself, after the whole text before it.
fn plainly(model: &Model, prompt: &str, budget: usize) -> (String, Vec<Token>) {
    let mut tokens = model.tokenize_segments(&[(prompt, false)]).unwrap();
    let (before, options) = (tokens.len(), ContextOptions { kv: KvType::F32, ..ContextOptions::default() });
    let mut context = Context::new(model, &options).unwrap();
    while tokens.len() < before + budget {
        let logits = context.logits_after(&tokens).unwrap();
        let (best, _) = logits.iter().enumerate().rev().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
        let token = model.token(u32::try_from(best).unwrap()).unwrap();
        if model.ends_turn(token) {
            break;
        }
        tokens.push(token);
    }
    (model.text(&tokens[before..]), tokens)
}

fn prompt(space: &Space, key: &str, mode: &str) -> String {
    let shown = space.ask(&["show", key, "--language", "eng_Latn", "--mode", mode, "--json"]).stdout;
    serde_json::from_str::<Value>(&shown).unwrap()["prompt"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_written_side_by_side_is_what_the_model_says_alone() {
    let space = both_modes();
    space.edit("spec.toml", r#", quantize = "Q4_0""#, "");
    space.edit("spec.toml", "slots = 3", "slots = 3\nkv = \"F32\"");
    assert_eq!(space.run().code, 0);
    assert_eq!(items(&space, COT).len(), 18);
    let model = Model::load(&Backend::silent().unwrap(), &space.path("tiny.gguf"), &LoadOptions::default()).unwrap();
    for item in items(&space, COT) {
        let prompt = prompt(&space, item["key"].as_str().unwrap(), "cot");
        let (text, tokens) = plainly(&model, &prompt, 12);
        assert_eq!(item["reasoning"]["text"].as_str().unwrap(), text);
        // The labels behind the cue.
        let cue = model.tokenize("\n\nAnswer:", true).unwrap();
        let mut context =
            Context::new(&model, &ContextOptions { kv: KvType::F32, ..ContextOptions::default() }).unwrap();
        let space_token = model.tokenize(" 1", true).unwrap();
        let whole: Vec<Token> = [tokens, cue, space_token[..space_token.len() - 1].to_vec()].concat();
        let logits = context.logits_after(&whole).unwrap();
        let total: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
        let label = space_token.last().unwrap().id() as usize;
        let expected = f64::from(logits[label]) - total.ln();
        let scored = item["logprobs"][0].as_f64().unwrap();
        assert!((scored - expected).abs() < 1e-3, "{scored} {expected}");
    }
}

/// A template whose model thinks in a part of its own unless it is told not to.
const THINKING: &str = "{% for message in messages %}\
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\
{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}\
{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}";

#[test]
fn a_model_with_a_channel_of_its_own_reasons_there_and_answers_directly_without() {
    let space = both_modes();
    TinyModel { chat_template: THINKING, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    assert_eq!(space.run().code, 0);
    assert!(prompt(&space, "p001|2", "direct").ends_with("assistant\n<think>\n\n</think>\n\n"));
    assert!(prompt(&space, "p001|2", "cot").ends_with("assistant\n<think>\n"));
    space.edit("spec.toml", "max_tokens = 12", "max_tokens = 12, channel = \"text\"");
    assert!(prompt(&space, "p001|2", "cot").ends_with("assistant\n<think>\n\n</think>\n\n"));
}

#[test]
fn a_model_is_loaded_once_for_all_that_it_is_asked() {
    let space = both_modes();
    for (name, seed) in [("two", 2), ("three", 3)] {
        TinyModel { seed, ..TinyModel::default() }.write(&space.path(format!("{name}.gguf"))).unwrap();
    }
    let languages = ["eng_Latn", "fra_Latn", "deu_Latn", "spa_Latn", "ita_Latn", "heb_Hebr", "arb_Arab", "amh_Ethi"];
    for (number, language) in languages.into_iter().enumerate() {
        space.write(&format!("{language}.jsonl"), passage_rows(number..number + 2, 1));
    }
    space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, &format!("target = {languages:?}"));
    space.edit(
        "spec.toml",
        r#", quantize = "Q4_0" }"#,
        " }\ntwo = { file = \"two.gguf\" }\nthree = { file = \"three.gguf\" }",
    );
    space.edit("spec.toml", "[conditions]", "[conditions]\nagain = { modes = [\"direct\", \"cot\"] }");
    space.edit("spec.toml", "slots = 3", "slots = 3\nprobe = 2");
    let outcome = space.run();
    assert_eq!(outcome.code, 0);
    assert_eq!((outcome.stages_named("evaluate/"), outcome.stages_named("probe/")), (3 * 2 * 8 * 2, 3 * 2 * 8));
    let folders = fs::read_dir(space.cache("logs")).unwrap().flatten();
    let logs = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    let loads = logs.filter(|log| fs::read_to_string(log.path()).unwrap().contains("loaded meta data")).count();
    assert_eq!(loads, 3);
}

#[test]
fn filler_before_an_answer_in_the_models_own_words_is_not_followed_by_reasoning() {
    let space = both_modes();
    only(&space, "cot");
    let mode = "max_tokens = 12, filler = \".\", temperature = 0.9 }\nscore = \"generate\"\nmax_tokens = 5";
    space.edit("spec.toml", "max_tokens = 12 }", mode);
    assert_eq!(space.run().code, 0);
    for item in items(&space, COT) {
        assert!(item["reasoning"].is_null() && item["generated"]["written"]["tokens"].as_u64().unwrap() <= 5, "{item}");
    }
}

#[test]
fn a_cue_without_reasoning_stands_behind_what_the_template_opens_for_an_answer() {
    let always = THINKING.replace("{% if enable_thinking is defined and enable_thinking is false %}", "{% if false %}");
    let always = always.replace("{% endif %}{% endif %}", "{% endif %}{{ '<think>\\n' }}{% endif %}");
    let space = both_modes();
    let chat_template: &'static str = always.leak();
    TinyModel { chat_template, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\ncue = \"It is \"");
    assert_eq!(space.run().code, 0);
    assert!(prompt(&space, "p001|2", "direct").ends_with("assistant\n<think>\n\n</think>\n\nIt is"));
}
