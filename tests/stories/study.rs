//! A study of models and data, planned without llama.cpp: local files are stages like any other.

use crate::support::{Space, set};
use serde_json::Value;
use std::collections::BTreeMap;

/// Two models, two languages, two modes: 4 files, 8 evaluations, one analysis.
const SPEC: &str = r#"
[models]
tiny  = { file = "models/tiny.gguf" }
other = { file = "models/other.gguf" }

[languages]
target = ["heb_Hebr", "fra_Latn"]

[data.quiz]
file   = "quiz/{language}.jsonl"
key    = "id"
fields = { passage = "passage", question = "question", options = ["a", "b"], answer = "answer" }

[prompt]
body   = "{{ passage }} {{ question }} {{ options_block }}"
labels = ["1", "2"]

[modes.direct]
instruction = "Answer with 1 or 2 only."

[modes.brief]
instruction = "Answer."

[conditions]
base = { modes = ["direct", "brief"] }

[evaluate]
data      = "quiz"
languages = "target"
"#;

fn study() -> Space {
    let space = Space::with_spec(SPEC);
    space.write("models/tiny.gguf", "weights");
    space.write("models/other.gguf", "other weights");
    for language in ["heb_Hebr", "fra_Latn"] {
        space.write(&format!("quiz/{language}.jsonl"), format!("{language}\n"));
    }
    space
}

fn kinds(space: &Space) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for stage in space.plan().stages() {
        *kinds.entry(stage["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    kinds
}

#[test]
fn local_models_and_data_are_planned() {
    let space = study();
    let expected = [("analyze", 1), ("download", 4), ("evaluate", 8)].map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(kinds(&space), BTreeMap::from(expected));
    let plan = space.plan();
    assert_eq!(plan.verdict("run").len(), 4);
    let evaluate = |stage: &&Value| stage["kind"] != "download";
    let names = plan.stages().iter().filter(evaluate).map(|stage| stage["name"].as_str().unwrap());
    assert_eq!(plan.verdict("maybe"), set(names));
    assert!(plan.verdict("maybe").contains("evaluate/tiny/base/heb_Hebr/direct"), "{plan:#?}");
    assert!(plan.keys().iter().filter(|(name, _)| name.starts_with("download/")).all(|(_, key)| key.len() == 64));
}

#[test]
fn a_profile_plans_its_part() {
    let space = study();
    space.edit(
        "spec.toml",
        "[models]",
        "[profiles.quick]\nonly = { models = [\"tiny\"], languages = [\"heb_Hebr\"] }\n[models]",
    );
    let names = |args: &[&str]| set(space.plan_with(args).stages().iter().map(|stage| stage["name"].as_str().unwrap()));
    let (all, quick) = (names(&[]), names(&["--profile", "quick"]));
    let evaluate = |mode| format!("evaluate/tiny/base/heb_Hebr/{mode}");
    assert!(quick.is_subset(&all));
    assert_eq!(quick.len(), 5, "{quick:?}");
    assert!(quick.is_superset(&set([evaluate("direct"), evaluate("brief"), "analyze".to_owned()])), "{quick:?}");
}

#[test]
fn missing_files_of_a_study_are_all_named() {
    let space = study();
    space.remove("models");
    space.remove("quiz/fra_Latn.jsonl");
    let answer = space.ask(&["plan"]);
    answer
        .expect_code(2)
        .expect_says("models/tiny.gguf")
        .expect_says("models/other.gguf")
        .expect_says("quiz/fra_Latn.jsonl");
}

#[test]
fn an_unreadable_answer_is_no_model() {
    let space = study();
    // Only the download stages can be done; the models are none, and every evaluation says so.
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.ran.len()), (1, 4), "{outcome:#?}");
    assert_eq!((outcome.failed.len(), &outcome.skipped), (8, &set(["analyze"])), "{outcome:#?}");
    space.edit("spec.toml", "Answer with 1 or 2 only.", "Answer with 1 or 2.");
    assert_eq!(space.plan().verdict("run").len(), 8);
    assert_eq!(space.plan().verdict("cached").len(), 4);
}

/// Nothing listens at this address: whoever tried to fetch it would say so.
const REMOTE: &str = "https://127.0.0.1:9/other.gguf";

#[test]
fn locked_and_offline_refuse_before_anything_runs() {
    let space = study();
    space.edit("spec.toml", "models/other.gguf", REMOTE);
    assert_eq!(space.plan().reason("download/model/other"), "not in the lock file yet");
    space
        .run_with(&["--offline"])
        .expect_refused("must fetch https://127.0.0.1:9/other.gguf, and `--offline` forbids it");
    space
        .run_with(&["--locked"])
        .expect_refused("does not pin these, and `--locked` forbids adding them:\n    https://127.0.0.1:9/other.gguf");
    assert_eq!(space.members("objects"), Vec::<std::path::PathBuf>::new());
    assert!(!space.has("spec.lock"));
}

#[test]
fn a_lock_file_of_another_study_is_refused_and_left_alone() {
    let space = study();
    let lock = "version = 1\nstudy = \"theirs\"\n";
    space.write("spec.lock", lock);
    space.run().expect_refused("it was written for the study `theirs`, and this is `spec`");
    space.ask(&["plan"]).expect_code(2).expect_says("restore the right one from version control");
    assert_eq!(space.read("spec.lock"), lock);
    space.edit("spec.lock", "theirs", "spec");
    space.ask(&["plan"]).expect_code(0);
}

#[test]
fn a_language_that_the_data_lack_is_named_with_its_neighbour() {
    let space = study();
    space.edit("spec.toml", "fra_Latn", "fao_Latn");
    space.ask(&["plan"]).expect_code(2).expect_says("quiz/fao_Latn.jsonl").expect_says("beside it is fra_Latn.jsonl");
}

#[test]
fn a_lock_file_that_cannot_be_read_is_not_overwritten() {
    let space = study();
    space.write("spec.lock", "<<<<<<< ours\n");
    space.run().expect_refused("spec.lock");
    assert_eq!(space.read("spec.lock"), "<<<<<<< ours\n");
}
