//! What cannot be trained, or comes to nothing: said with its cause and what to do.

use super::{Answer, Outcome, Space, TRAINED, TUNED, set, tuned};
use crate::row;
use std::fs;
use xlt_llama::tiny::{TinyAdapter, TinyModel};

/// The training fails with these words; what does not need it is done.
#[track_caller]
fn refused(space: &Space, says: &[&str]) {
    let outcome = space.run();
    failed(&outcome, says);
}

#[track_caller]
fn failed(outcome: &Outcome, says: &[&str]) {
    says.iter().for_each(|words| _ = outcome.expect_message(TRAINED, words));
    assert_eq!((outcome.code, &outcome.failed), (1, &set([TRAINED])), "{outcome:#?}");
    assert_eq!(outcome.skipped, set([TUNED[0], TUNED[1], "analyze"]));
    assert!(outcome.ran.contains(super::ENGLISH), "the base is asked all the same: {:?}", outcome.ran);
}

#[test]
fn a_rate_that_is_far_too_high() {
    let space = tuned();
    space.edit("spec.toml", "lr = 0.02", "lr = 1e30");
    space.edit("spec.toml", "checkpoint_every = 3", "checkpoint_every = 1");
    refused(&space, &["of step 2 of 12 is not a number", "in eng_Latn", "lower `optimizer.lr`"]);
    let partials = fs::read_dir(space.cache("partial")).unwrap().flatten();
    let kept = partials.filter(|partial| partial.path().join("step-1/adapter.gguf").is_file()).count();
    assert_eq!(kept, 1, "the last good state is kept");
    space.run().expect_message(TRAINED, "of step 2 of 12 is not a number");
}

#[test]
fn a_model_whose_answers_are_no_numbers() {
    let space = tuned();
    TinyModel { nan: true, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    let outcome = space.run();
    outcome.expect_message(TRAINED, "the loss of step 1 of 12 is not a number (rows `");
    outcome.expect_message(TRAINED, "verify the file, or try another quantization");
}

#[test]
fn a_rank_that_is_too_high() {
    let space = tuned();
    space.edit("spec.toml", "rank = 8", "rank = 64");
    refused(&space, &["`lora.rank` is 64", "`blk.0.attn_k.weight`", "set it to 32 or less"]);
}

#[test]
fn targets_that_match_nothing() {
    let space = tuned();
    space.edit("spec.toml", "rank = 8,", "rank = 8, targets = [\"q_proj\"],");
    refused(&space, &["`q_proj` of `lora.targets` matches no tensor", "`attn_q`"]);
}

#[test]
fn a_part_in_which_nothing_is() {
    let space = tuned();
    space.edit("spec.toml", "key = \"id\"", "key = \"id\"\nsplit = { field = \"part\" }");
    space.edit("spec.toml", "part = \"all\"", "part = \"train\"");
    for language in ["eng_Latn", "fra_Latn"] {
        space.write(&format!("{language}.jsonl"), row("1", "tea", "1").replace('{', "{\"part\": \"test\", "));
    }
    refused(&space, &["data `rows` has no part `train`; its parts are `test`"]);
}

#[test]
fn a_row_that_is_too_long() {
    let space = tuned();
    space.write("eng_Latn.jsonl", [row("short", "tea", "1"), row("long", &"tea ".repeat(100), "2")].join("\n"));
    space.edit("spec.toml", "seeds = [1]", "seeds = [1]\nmax_length = 80");
    refused(&space, &["one example is longer than `max_length` allows, which is 80 tokens: `long` in eng_Latn has"]);
    space.edit("spec.toml", "max_length = 80", "max_length = 400");
    assert_eq!(space.run().code, 0);
}

#[test]
fn a_row_that_is_longer_than_the_model_was_trained_on() {
    let space = tuned();
    space.write("eng_Latn.jsonl", row("long", &"tea ".repeat(9000), "2"));
    let outcome = space.run();
    outcome.expect_message(TRAINED, "8192 tokens: `long` in eng_Latn has");
    outcome.expect_message(TRAINED, "what model `tiny` was trained on");
}

#[test]
fn too_little_memory() {
    let space = tuned();
    let run = |mib: &str| {
        let args = ["run", "spec.toml", "--json"];
        Outcome::of(Answer::of(&space.xlt(&args).env("XLT_TRAINING_MIB", mib).output().unwrap()), Vec::new())
    };
    failed(&run("1"), &["training needs", "MiB are free; shorter examples, a lower rank or fewer targets need less"]);
    assert_eq!(run("500").code, 0);
}

#[test]
fn an_adapter_of_another_architecture_cannot_be_merged() {
    let space = super::study();
    let adapter = "[adapters.a]\nfile = \"a.gguf\"\nmerge = true\n";
    space.edit("spec.toml", "[conditions]", &format!("{adapter}[conditions]\ntuned = {{ adapter = \"a\" }}"));
    space.write("a.gguf", TinyAdapter { architecture: "gemma3", ..TinyAdapter::default() }.bytes());
    let outcome = space.run();
    outcome.expect_message("merge/tiny/a", "for the architecture `gemma3` and the model is of `llama`");
    space.write("a.gguf", "PK safetensors");
    space.run().expect_message("merge/tiny/a", "the adapter's file");
    space.write("a.gguf", TinyAdapter::default().bytes());
    assert_eq!(space.run().code, 0);
}
