//! The spec of a paper: two models, and for each of them two conditions in 15 languages and two modes. Every kind of edit reruns
//! exactly what it can have changed.

use crate::support::{Space, set};
use std::collections::BTreeSet;

const LANGUAGES: [&str; 15] = [
    "heb_Hebr", "mlt_Latn", "amh_Ethi", "arb_Arab", "arz_Arab", "ary_Arab", "apc_Arab", "acm_Arab", "ars_Arab",
    "fra_Latn", "jpn_Jpan", "kor_Hang", "tur_Latn", "swh_Latn", "eng_Latn",
];
const MODES: [&str; 2] = ["direct", "cot"];

const SPEC: &str = r#"
name = "paper"

[stages.download]
program = "copy"
args    = ["download/{model}", "{out.file}", "{in.source}"]
inputs  = { source = "hub/{model}.bin" }
outputs = { file = "model.bin" }
matrix  = { model = MODELS }

# Keeps the first line: what changes below it is lost.
[stages.quantize]
program = "first"
args    = ["quantize/{model}", "{out.file}", "{in.file}"]
inputs  = { file = "stage:download" }
outputs = { file = "model-q8.bin" }
matrix  = { model = MODELS }

[stages.finetune]
program = "step"
args    = ["finetune/{model}", "{out.adapter}", "rank {rank}", "{in.base}", "{in.rows}"]
inputs  = { base = "stage:quantize", rows = "train.jsonl" }
outputs = { adapter = "adapter.bin" }
params  = { rank = 16 }
matrix  = { model = MODELS }

[stages.base]
program = "step"
args    = ["base/{model}/{language}/{mode}", "{out.answers}", "Answer.", "{in.model}", "{in.items}"]
inputs  = { model = "stage:quantize", items = "items/{language}.jsonl" }
outputs = { answers = "answers.jsonl" }
matrix  = { model = MODELS, language = LANGUAGES, mode = MODES }

[stages.tuned]
program = "step"
args    = ["tuned/{model}/{language}/{mode}", "{out.answers}", "Answer.", "{in.model}", "{in.adapter}", "{in.items}"]
inputs  = { model = "stage:quantize", adapter = "stage:finetune", items = "items/{language}.jsonl" }
outputs = { answers = "answers.jsonl" }
matrix  = { model = MODELS, language = LANGUAGES, mode = MODES }

[stages.analyze]
program = "gather"
args    = ["analyze", "{out.table}", "{in.base}", "{in.tuned}"]
inputs  = { base = "stage:base", tuned = "stage:tuned" }
outputs = { table = "table.txt" }
"#;

fn spec(models: &[&str]) -> String {
    SPEC.replace("MODELS", &format!("{models:?}"))
        .replace("LANGUAGES", &format!("{LANGUAGES:?}"))
        .replace("MODES", &format!("{MODES:?}"))
}

fn paper() -> Space {
    let space = Space::with_spec(&spec(&["llama", "qwen"]));
    space.program("copy", r#"cat "$2" > "$1""#);
    for model in ["llama", "qwen", "gemma"] {
        space.write(&format!("hub/{model}.bin"), format!("weights of {model}\nnotes 1\n"));
    }
    LANGUAGES
        .iter()
        .for_each(|language| space.write(&format!("items/{language}.jsonl"), format!("items in {language}\n")));
    space.write("train.jsonl", "rows\n");
    space
}

/// `condition/model/language/mode` for all languages and modes.
fn cells(condition: &str, model: &str) -> Vec<String> {
    let cell = |language: &&str| MODES.map(|mode| format!("{condition}/{model}/{language}/{mode}"));
    LANGUAGES.iter().flat_map(cell).collect()
}

/// The 63 stages of a model.
fn of_model(model: &str) -> BTreeSet<String> {
    let stages = ["download", "quantize", "finetune"].map(|stage| format!("{stage}/{model}"));
    let stages: BTreeSet<String> =
        stages.into_iter().chain(cells("base", model)).chain(cells("tuned", model)).collect();
    assert_eq!(stages.len(), 63);
    stages
}

fn with_analyze(stages: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    stages.into_iter().chain(["analyze".to_owned()]).collect()
}

fn everything() -> BTreeSet<String> {
    with_analyze(of_model("llama").into_iter().chain(of_model("qwen")))
}

const TABLE: &str = "spec.results/analyze/table.txt";

#[test]
fn a_rerun_and_every_edit_run_exactly_what_they_can_have_changed() {
    let space = paper();
    let plan = space.plan();
    assert_eq!(plan.verdict("run"), set(["download/llama", "download/qwen"]));
    assert_eq!(plan.verdict("maybe").len(), 125);
    space.run().expect_ran(everything()).expect_cached(0);
    space.run().expect_no_work().expect_cached(127);
    let first = space.read(TABLE);
    assert_eq!(first.lines().filter(|line| line.ends_with(":Answer.")).count(), 120);

    a_model_is_added(&space);
    one_model_is_edited(&space);
    an_edit_is_lost_on_the_way(&space);
    the_prompt_is_edited(&space);
    the_adapter_is_edited(&space);
    a_language_is_edited(&space);
    everything_is_reverted(&space, &first);
}

fn a_model_is_added(space: &Space) {
    space.write("spec.toml", spec(&["llama", "qwen", "gemma"]));
    let plan = space.plan();
    assert_eq!(plan.verdict("cached"), &everything() - &set(["analyze"]));
    assert_eq!(plan.verdict("run"), set(["download/gemma"]));
    assert_eq!(plan.verdict("maybe"), &with_analyze(of_model("gemma")) - &set(["download/gemma"]));
    assert_eq!(plan.reason("download/gemma"), "never run");
    assert_eq!(plan.reason("quantize/gemma"), "depends on what download/gemma makes");
    space.run().expect_ran(with_analyze(of_model("gemma"))).expect_cached(126);

    // Without it again, even the old analysis is still known; only its result has to be put back.
    space.write("spec.toml", spec(&["llama", "qwen"]));
    assert_eq!(space.run().expect_no_work().exported, 1);
}

fn one_model_is_edited(space: &Space) {
    space.edit("hub/qwen.bin", "weights of qwen", "weights of qwen, better");
    assert_eq!(space.plan().reason("download/qwen"), "changed: input.source");
    space.run().expect_ran(with_analyze(of_model("qwen"))).expect_cached(63);
}

/// Early cut-off: the quantized model comes out as before, so nothing that reads it runs.
fn an_edit_is_lost_on_the_way(space: &Space) {
    space.edit("hub/qwen.bin", "notes 1", "notes 2");
    let plan = space.plan();
    assert_eq!(plan.verdict("run"), set(["download/qwen"]));
    assert_eq!(plan.verdict("maybe"), &with_analyze(of_model("qwen")) - &set(["download/qwen"]));
    assert_eq!(space.run().expect_ran(["download/qwen", "quantize/qwen"]).expect_cached(125).exported, 0);
}

fn the_prompt_is_edited(space: &Space) {
    space.edit(
        "spec.toml",
        r#""Answer.", "{in.model}", "{in.adapter}""#,
        r#""Answer now.", "{in.model}", "{in.adapter}""#,
    );
    let tuned = [cells("tuned", "llama"), cells("tuned", "qwen")].concat();
    let plan = space.plan();
    assert_eq!(plan.verdict("run"), set(&tuned));
    assert_eq!(plan.verdict("maybe"), set(["analyze"]));
    let explained = space.ask(&["explain", "tuned/qwen/heb_Hebr/cot"]);
    explained.expect_code(0).expect_prints("tuned/qwen/heb_Hebr/cot: run (changed: args)").expect_prints("Answer now.");
    space.run().expect_ran(with_analyze(tuned)).expect_cached(66);
    assert_eq!(space.read(TABLE).lines().filter(|line| line.ends_with(":Answer now.")).count(), 60);
}

fn the_adapter_is_edited(space: &Space) {
    space.edit("spec.toml", "rank = 16", "rank = 32");
    space
        .ask(&["explain", "finetune/llama"])
        .expect_prints("run (changed: args, param.rank)")
        .expect_prints("- \"16\"\n    + \"32\"");
    let trained = ["finetune/llama", "finetune/qwen"].map(str::to_owned);
    let tuned = [cells("tuned", "llama"), cells("tuned", "qwen")].concat();
    space.run().expect_ran(with_analyze(tuned.into_iter().chain(trained))).expect_cached(64);
}

fn a_language_is_edited(space: &Space) {
    space.edit("items/mlt_Latn.jsonl", "items in", "Items in");
    let read_it = |name: &String| name.contains("/mlt_Latn/");
    let cells: Vec<String> = everything().into_iter().filter(read_it).collect();
    assert_eq!(cells.len(), 8);
    space.run().expect_ran(with_analyze(cells)).expect_cached(118);
}

fn everything_is_reverted(space: &Space, first: &str) {
    space.write("spec.toml", spec(&["llama", "qwen"]));
    space.edit("hub/qwen.bin", "weights of qwen, better\nnotes 2", "weights of qwen\nnotes 1");
    space.edit("items/mlt_Latn.jsonl", "Items in", "items in");
    space.run().expect_no_work().expect_cached(127);
    assert_eq!(space.read(TABLE), first);
}
