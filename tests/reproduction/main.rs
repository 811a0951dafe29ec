//! The specs of the paper as they are checked in: planned without a network, and run in their exact shape (seven models of the
//! right architectures, three columns, six targets, tuning on six varieties, every stage) on tiny models from a hub on this machine.
#![cfg(feature = "llama")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod plans;
#[path = "../support/mod.rs"]
mod support;

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use support::hub::{Hub, Repositories};
use support::{Answer, Outcome, Space};
use xlt_llama::tiny::{Architecture, TinyModel};

/// Each model of paper.toml: repository, path up to the pieces' numbers, architecture, whether it is published in pieces.
const MODELS: [(&str, &str, Architecture, bool); 7] = [
    ("unsloth/Qwen3-4B-Instruct-2507-GGUF", "Qwen3-4B-Instruct-2507-BF16", Architecture::Qwen3, false),
    ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "Meta-Llama-3.1-8B-Instruct-Q8_0", Architecture::Llama, false),
    ("ggml-org/gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4", Architecture::GptOss, false),
    ("ggml-org/Qwen3-32B-GGUF", "Qwen3-32B-Q8_0", Architecture::Qwen3, false),
    ("bartowski/Llama-3.3-70B-Instruct-GGUF", "Llama-3.3-70B-Instruct-Q4_K_M", Architecture::Llama, false),
    ("ggml-org/gpt-oss-120b-GGUF", "gpt-oss-120b-mxfp4", Architecture::GptOss, true),
    ("unsloth/DeepSeek-V3.1-GGUF", "Q4_K_M/DeepSeek-V3.1-Q4_K_M", Architecture::Deepseek2, true),
];
const VARIETIES: [&str; 6] = ["acm_Arab", "apc_Arab", "arb_Arab", "ars_Arab", "ary_Arab", "arz_Arab"];
const TARGETS: [&str; 6] = ["heb_Hebr", "amh_Ethi", "mlt_Latn", "jpn_Jpan", "kor_Hang", "fra_Latn"];
/// The tokens of gpt-oss's answer slot.
const CHANNELS: [&str; 2] = ["<|channel|>", "<|message|>"];
/// Passages of the made-up data, two questions on each.
const PASSAGES: usize = 12;
/// The study's size, and nothing else, is changed: fewer questions, and a few words of reasoning.
const SIZE: [&str; 5] = [
    "--set=data.belebele.split.train=8",
    "--set=data.belebele.split.test=4",
    "--set=modes.cot.reason.max_tokens=4",
    "--set=adapters.arabic.batch_examples=16",
    "--set=adapters.arabic.lora.rank=4",
];

/// A copy of the checked-in spec with its lock.
fn paper() -> Space {
    let space = Space::new();
    let specs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    for name in ["paper.toml", "paper.lock", "paper-extended.toml"] {
        space.write(name, std::fs::read(specs.join(name)).unwrap());
    }
    space
}

/// Seven tiny models under the names of the paper's, and questions in the form of Belebele.
fn library() -> Hub {
    let mut repositories = Repositories::default();
    for ((repository, path, architecture, in_pieces), seed) in MODELS.into_iter().zip(1..) {
        let model = TinyModel { architecture, seed, pre: "qwen2", more_specials: &CHANNELS, ..TinyModel::default() };
        if in_pieces {
            for (number, piece) in (1..).zip(model.shards()) {
                repositories.add(repository, &format!("{path}-0000{number}-of-00002.gguf"), piece);
            }
        } else {
            repositories.add(repository, &format!("{path}.gguf"), model.bytes());
        }
    }
    for language in VARIETIES.iter().chain(&TARGETS) {
        let path = format!("data/{language}.jsonl");
        repositories.add("datasets/facebook/belebele", &path, questions(language).into_bytes());
    }
    Hub::open(repositories)
}

fn questions(language: &str) -> String {
    let rows = (0..PASSAGES).flat_map(|passage| (1..=2).map(move |number| (passage, number)));
    let row = |(passage, number): (usize, usize)| {
        json!({
            "link": format!("passage-{passage}"),
            "question_number": number,
            "flores_passage": format!("{language}: tree {passage} is {} years old.", passage * 7 + 3),
            "question": format!("How old is it, {number}?"),
            "mc_answer1": "one", "mc_answer2": "two", "mc_answer3": "three", "mc_answer4": "four",
            "correct_answer_num": ((passage + number) % 4 + 1).to_string(),
            "dialect": language,
        })
    };
    rows.map(|row_of| format!("{}\n", row(row_of))).collect()
}

fn run(space: &Space, hub: &Hub, args: &[&str]) -> Outcome {
    let mut command = space.xlt(&[&["run", "paper.toml", "--json"], &SIZE[..], args].concat());
    command.env("HF_ENDPOINT", hub.address());
    Outcome::of(Answer::of(&command.output().unwrap()), vec![])
}

fn count_by_kind<'a>(stages: impl IntoIterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let mut kinds = BTreeMap::new();
    for stage in stages {
        *kinds.entry(stage.split('/').next().unwrap_or_default()).or_default() += 1;
    }
    kinds
}

#[test]
fn the_paper_runs_in_its_exact_shape_from_the_spec_that_is_checked_in() {
    let (space, hub) = (paper(), library());
    // Nothing is pinned yet: a run that may not change the lock file says so before anything is fetched.
    run(&space, &hub, &["--locked"])
        .expect_refused("hf:ggml-org/gpt-oss-120b-GGUF/*-mxfp4-*.gguf@d932fcea62f83e088d8f076a2cd2d7eb02dfa682");
    assert_eq!(hub.asked(), Vec::<String>::new());

    let mut command = space.xlt(&["lock", "paper.toml"]);
    Answer::of(&command.env("HF_ENDPOINT", hub.address()).output().unwrap())
        .expect_code(0)
        .expect_prints("every file is pinned")
        .expect_prints("@f938c2568d34511a0e9fb5d340c7050a9df3cb13: commit f938c2568d34, 2 files");
    assert!(hub.asked().iter().all(|path| !path.contains("/resolve/")), "pinned without being fetched");
    let lock = space.read("paper.lock");
    assert!(!lock.contains("unpinned = true") && lock.contains("parameters = 671000000000"), "{lock}");

    let outcome = run(&space, &hub, &["--locked"]);
    assert_eq!((outcome.code, &outcome.failed), (0, &BTreeSet::new()), "{outcome:#?}");
    let expected = [("analyze", 1), ("download", 19), ("evaluate", 126), ("finetune", 7), ("quantize", 1)];
    assert_eq!(count_by_kind(&outcome.ran), BTreeMap::from(expected));
    let results: serde_json::Value = serde_json::from_str(&space.read("paper.results/results.json")).unwrap();
    assert_eq!(results["cells"].as_array().map(Vec::len), Some(7 * 3 * 6), "{}", results["cells"]);
    let claims = space.read("paper.results/claims.csv");
    assert!(claims.contains("Relatives gain no more than controls"), "{claims}");

    run(&space, &hub, &["--locked", "--offline"]).expect_no_work().expect_cached(154);
}

#[test]
fn a_part_of_the_paper_is_fetched_first_and_run_without_a_network() {
    let (space, hub) = (paper(), library());
    let part = ["--models", "qwen3-4b,gpt-oss-120b"];
    let mut fetch = space.xlt(&[&["fetch", "paper.toml", "--json"], &SIZE[..], &part].concat());
    let fetched = Outcome::of(Answer::of(&fetch.env("HF_ENDPOINT", hub.address()).output().unwrap()), vec![]);
    assert_eq!(count_by_kind(&fetched.ran), BTreeMap::from([("download", 14)]), "{fetched:#?}");
    hub.asked();

    // With the data here it can be told what the paper's split leaks: a test question's passage has another question, mostly.
    let more = ["--set=data.belebele.split.train=20"];
    let mut plan = space.xlt(&[&["plan", "paper.toml"], &SIZE[..], &more, &part].concat());
    let plan = Answer::of(&plan.output().unwrap());
    let leak = plan.stdout.lines().find(|line| line.starts_with("leaks: ")).unwrap_or_default();
    assert!(leak.starts_with("leaks: adapter `arabic` learns 0 of the 4 questions"), "{}", plan.stdout);
    let shared: usize = leak.split(", and ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    assert!((1..=4).contains(&shared), "{leak}");

    // Of these two models only what one evaluation reads.
    let one =
        run(&space, &hub, &[&part[..], &["--offline", "--only", "evaluate/qwen3-4b/tuned/*/heb_Hebr/*"]].concat());
    let expected = [("evaluate", 1), ("finetune", 1), ("quantize", 1)];
    assert_eq!((one.code, count_by_kind(&one.ran)), (0, BTreeMap::from(expected)), "{one:#?}");
    assert_eq!(hub.asked(), Vec::<String>::new());

    space.ask(&["plan", "paper.toml", "--models", "qwen3-4"]).expect_code(2).expect_says("did you mean `qwen3-4b`?");
    space
        .ask(&["plan", "paper.toml", "--only", "train/*"])
        .expect_code(2)
        .expect_says("no stage's name matches `train/*`");
}
