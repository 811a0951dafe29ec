//! Models and adapters that programs of the user's make: a converter, a trainer on other hardware.

use super::reasoning::items;
use super::support::{Space, set};
use super::{ENGLISH, FRENCH, row, study};
use serde_json::Value;
use std::fs;
use xlt_llama::tiny::{TinyAdapter, TinyModel};

const TUNED: [&str; 2] = ["evaluate/tiny/tuned/seed1/eng_Latn/direct", "evaluate/tiny/tuned/seed1/fra_Latn/direct"];
const ROWS: &str = "rows/tiny/a/seed1";
const ADOPTED: &str = "adopt/tiny/a/seed1";

/// The study with a model that a program converts.
fn converted() -> Space {
    let space = study();
    space.program("convert", r#"mkdir -p "$(dirname "$2")" && cp -L "$1" "$2""#);
    space.write("published/tiny.bin", TinyModel::default().bytes());
    space.remove("tiny.gguf");
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "stage:convert""#);
    space.edit(
        "spec.toml",
        "[conditions]",
        r#"[stages.convert]
program = "convert"
args = ["convert/{model}", "{in.weights}", "{out.gguf}"]
inputs = { weights = "published/{model}.bin" }
outputs = { gguf = "{model}.gguf" }
matrix = { model = ["tiny"] }
[conditions]"#,
    );
    space
}

/// A program that keeps what it is given to learn in the home folder, and brings back the adapter in `peft/`. `after`: more that it
/// does, in the folder of the adapter.
fn trainer(space: &Space, after: &str) {
    let keep = r#"cp -rL "$1/." "$HOME/training"; mkdir "$4"; cp -L "$2" "$4/adapter_config.json""#;
    space.program("train", &format!("{keep}; cp -L \"$3\" \"$4/adapter_model.safetensors\"; cd \"$4\"; {after}"));
}

/// The study with an adapter that a program trains.
fn hosted() -> Space {
    let space = study();
    trainer(&space, ":");
    fs::create_dir(space.home("training")).unwrap();
    TinyAdapter::default().write(&space.path("adapter.gguf")).unwrap();
    space.ask(&["adapter", "export", "adapter.gguf", "--base", "tiny.gguf", "--to", "peft"]).expect_code(0);
    let rows = [("tea", 1), ("the town", 2), ("number seven", 1), ("what is it", 2)];
    let row =
        |(at, (word, answer)): (usize, &(&str, i32))| row(&(at + 1).to_string(), word, &answer.to_string()) + "\n";
    space.write("eng_Latn.jsonl", rows.iter().enumerate().map(row).collect::<String>());
    space.edit(
        "spec.toml",
        "[conditions]",
        r#"[adapters.a]
train_on = { data = "rows", part = "all", allow_shared_items = true, languages = ["eng_Latn"], mode = "direct" }
trained_by = { tiny = "stage:train" }
seeds = [1]
lora = { rank = 4, targets = ["attn_q", "ffn_down"] }
optimizer = { lr = 0.02 }
batch_examples = 3
epochs = 2
[stages.train]
program = "train"
args = ["train/{model}", "{in.training}", "{in.config}", "{in.weights}", "{out.peft}"]
inputs = { training = "training:a", config = "peft/adapter_config.json", weights = "peft/adapter_model.safetensors" }
outputs = { peft = "peft" }
matrix = { model = ["tiny"] }
[conditions]
tuned = { adapter = "a", modes = ["direct"] }"#,
    );
    space
}

/// What the program was given to learn.
fn given(space: &Space) -> (Vec<Value>, Value) {
    let read = |name: &str| fs::read_to_string(space.home("training").join(name)).unwrap();
    let rows = read("rows.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (rows, serde_json::from_str(&read("settings.json")).unwrap())
}

#[test]
fn a_model_that_a_stage_converts_is_asked_like_the_file_itself() {
    let (plain, space) = (study(), converted());
    assert_eq!(plain.run().code, 0);
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert_eq!(outcome.executed, ["convert/tiny"]);
    assert!(!outcome.ran.iter().any(|stage| stage.starts_with("download/model")), "{:?}", outcome.ran);
    for stage in [ENGLISH, FRENCH] {
        assert_eq!(items(&space, stage), items(&plain, stage));
    }
    assert!(!space.has("spec.results/convert"), "a model that is asked is no result");
    space.run().expect_no_work();
}

#[test]
fn a_converted_model_is_quantized_and_another_one_is_asked_anew() {
    let space = converted();
    space.edit("spec.toml", r#"file = "stage:convert""#, r#"file = "stage:convert.gguf", quantize = "Q8_0""#);
    let outcome = space.run();
    assert!(outcome.ran.is_superset(&set(["convert/tiny", "quantize/tiny", ENGLISH])), "{outcome:#?}");
    space.write("published/tiny.bin", TinyModel { seed: 5, ..TinyModel::default() }.bytes());
    let ran = space.run().ran;
    assert!(ran.is_superset(&set(["convert/tiny", "quantize/tiny", ENGLISH, FRENCH])), "{ran:?}");
}

#[test]
fn an_adapter_that_a_program_trains_is_attached_and_trained_again_when_its_settings_change() {
    let space = hosted();
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let all = set([ROWS, "train/tiny", ADOPTED, TUNED[0], TUNED[1], ENGLISH, FRENCH]);
    assert!(
        outcome.ran.is_superset(&all) && !outcome.ran.iter().any(|stage| stage.starts_with("finetune")),
        "{outcome:#?}"
    );
    assert_ne!(items(&space, TUNED[0])[0]["logprobs"], items(&space, ENGLISH)[0]["logprobs"]);

    // The same adapter as a file answers alike.
    let file = study();
    file.write("eng_Latn.jsonl", space.read("eng_Latn.jsonl"));
    TinyAdapter::default().write(&file.path("adapter.gguf")).unwrap();
    let adapter =
        "[adapters.a]\nfile = \"adapter.gguf\"\n[conditions]\ntuned = { adapter = \"a\", modes = [\"direct\"] }";
    file.edit("spec.toml", "[conditions]", adapter);
    assert_eq!(file.run().code, 0);
    assert_eq!(items(&file, "evaluate/tiny/tuned/eng_Latn/direct"), items(&space, TUNED[0]));

    space.run().expect_no_work();
    space.edit("spec.toml", "lr = 0.02", "lr = 0.03");
    let ran = space.run().ran;
    assert_eq!(ran, set([ROWS, "train/tiny"]), "the program made the same adapter, so nothing is asked again");
    let markdown = space.read("spec.results/results.md");
    assert!(markdown.contains("- Leaked share: 100.0 % of questions, 100.0 % of passages\n"), "{markdown}");
}

#[test]
fn what_is_to_be_learned_is_what_is_asked_with_the_right_answer_behind_it() {
    let space = hosted();
    assert_eq!(space.run().code, 0);
    let (rows, settings) = given(&space);
    let keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["1", "2", "3", "4"]);
    for row in &rows {
        let key = row["key"].as_str().unwrap();
        let shown = space.ask(&["show", key, "--json", "--language", "eng_Latn"]).stdout;
        let shown: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
        let asked: Vec<&Value> = shown["prompt_tokens"].as_array().unwrap().iter().map(|token| &token["id"]).collect();
        assert_eq!(row["prompt_tokens"].as_array().unwrap().iter().collect::<Vec<_>>(), asked, "{shown}");
        assert_eq!(row["prompt"], shown["prompt"]);
        assert!(row["prompt"].as_str().unwrap().ends_with("<|im_start|>assistant\n"), "{row}");
        let answer = if ["1", "3"].contains(&key) { "1<|im_end|>" } else { "2<|im_end|>" };
        assert_eq!((&row["answer"], row["answer_tokens"].as_array().unwrap().len()), (&answer.into(), 2), "{row}");
    }
    assert_eq!((&settings["steps"], &settings["seed"], &settings["lora"]["rank"]), (&4.into(), &1.into(), &4.into()));
    let sizes: Vec<usize> =
        settings["course"].as_array().unwrap().iter().map(|step| step["rows"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 1, 3, 1]);
    assert_eq!(settings["course"][2]["rate"], 0.01, "half of the linear way down");
    let modules: Vec<&Value> = settings["adapted"].as_array().unwrap().iter().map(|pair| &pair["modules"][0]).collect();
    assert_eq!(modules[..2], ["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj"]);
    let text = serde_json::to_string(&settings).unwrap();
    assert!(!text.contains("tiny"), "a name changes no training: {text}");
}

#[test]
fn every_seed_is_trained_by_an_instance_of_its_own() {
    let space = hosted();
    space.edit("spec.toml", "seeds = [1]", "seeds = [1, 2]");
    space.ask(&["check", "spec.toml"]).expect_code(2).expect_says("makes one adapter, and `a` has 2 seeds");
    space.edit("spec.toml", r#"matrix = { model = ["tiny"] }"#, r#"matrix = { model = ["tiny"], seed = [1, 2] }"#);
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert!(outcome.ran.is_superset(&set(["train/tiny/1", "train/tiny/2", ROWS])), "{:?}", outcome.ran);
    // The program makes the same adapter for both, so that whatever follows is done once, under either name.
    let stages = ["rows/", "adopt/", "evaluate/tiny/tuned/"].map(|kind| outcome.stages_named(kind));
    assert_eq!(stages, [2, 2, 4]);
}

#[test]
fn a_model_beside_it_is_trained_here() {
    let space = hosted();
    TinyModel { seed: 3, ..TinyModel::default() }.write(&space.path("other.gguf")).unwrap();
    space.edit("spec.toml", "[models]", "[models]\nother = { file = \"other.gguf\" }");
    space.edit("spec.toml", "seeds = [1]", "seeds = [1]\nmerge = true");
    let outcome = space.run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let both = set(["finetune/other/a/seed1", "merge/other/a/seed1", ADOPTED, "merge/tiny/a/seed1"]);
    assert!(outcome.ran.is_superset(&both), "{:?}", outcome.ran);
    assert!(!outcome.ran.contains("rows/other/a/seed1"), "{:?}", outcome.ran);
}

#[test]
fn an_adapter_of_another_model_is_refused_by_name() {
    let space = hosted();
    let weights = fs::read(space.path("peft/adapter_model.safetensors")).unwrap();
    let text: String = weights.iter().map(|&byte| char::from(byte)).collect();
    let other = text.replace("layers.1.self_attn.v_proj", "layers.7.self_attn.v_proj");
    space.write("peft/adapter_model.safetensors", other.chars().map(|char| char as u8).collect::<Vec<u8>>());
    let outcome = space.run();
    outcome
        .expect_message(ADOPTED, "adapter `a`, seed 1, for model `tiny`: it cannot be brought to the model:\n")
        .expect_message(
            ADOPTED,
            "`model.layers.7.self_attn.v_proj` cannot be placed: the model has no tensor `blk.7.attn_v.weight`",
        );
    assert!(outcome.skipped.contains(TUNED[0]) && outcome.ran.contains(ENGLISH), "{outcome:#?}");
    trainer(&space, "rm adapter_model.safetensors; touch adapter_model.bin");
    space.edit("spec.toml", "lr = 0.02", "lr = 0.03");
    space
        .run()
        .expect_message(ADOPTED, "what the program made/adapter_model.safetensors cannot be read")
        .expect_message(ADOPTED, "save it with `safe_serialization=True`");
}

#[test]
fn an_adapter_in_gguf_is_taken_over_too() {
    let space = hosted();
    space.program("train", r#"cp -L "$3" "$4""#);
    space.edit("spec.toml", r#"weights = "peft/adapter_model.safetensors""#, r#"weights = "adapter.gguf""#);
    space.edit("spec.toml", r#"{ peft = "peft" }"#, r#"{ peft = "adapter.gguf" }"#);
    assert_eq!(space.run().code, 0);
    let first = items(&space, TUNED[0]);
    TinyAdapter { architecture: "qwen3", ..TinyAdapter::default() }.write(&space.path("adapter.gguf")).unwrap();
    space.run().expect_message(ADOPTED, "the adapter is for the architecture `qwen3` and the model is of `llama`");
    TinyAdapter { seed: 4, ..TinyAdapter::default() }.write(&space.path("adapter.gguf")).unwrap();
    assert_eq!(space.run().code, 0);
    assert_ne!(items(&space, TUNED[0]), first);
}

#[test]
fn a_part_of_the_study_trains_no_more_than_it_asks() {
    let space = hosted();
    let profile = "[profiles.plain]\nonly = { conditions = \"base\" }\n[profiles.tiny]\nonly = { models = \"tiny\" }\n";
    space.write("spec.toml", format!("{}\n{profile}", space.read("spec.toml")));
    TinyModel { seed: 3, ..TinyModel::default() }.write(&space.path("other.gguf")).unwrap();
    space.edit("spec.toml", "[models]", "[models]\nother = { file = \"other.gguf\" }");
    space.edit("spec.toml", "{ tiny = \"stage:train\" }", "{ tiny = \"stage:train\", other = \"stage:train\" }");
    space.edit("spec.toml", r#"matrix = { model = ["tiny"] }"#, r#"matrix = { model = ["other", "tiny"] }"#);
    let names = |profile: &str| {
        let plan = space.plan_with(&["--profile", profile]);
        let names = plan.stages().iter().map(|stage| stage["name"].as_str().unwrap().to_owned());
        names.filter(|name| ["rows", "train", "adopt"].iter().any(|kind| name.starts_with(kind))).collect::<Vec<_>>()
    };
    assert_eq!(names("plain"), [""; 0]);
    assert_eq!(set(names("tiny")), set([ROWS, "train/tiny", ADOPTED]));
}
