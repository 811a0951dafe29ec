//! The cluster, and a study of the demo's shape that runs on it.

use crate::engine::Engine;
use crate::support::{Answer, Outcome, Space, children};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use xlt_llama::tiny::TinyModel;

/// Number of the study's stages: downloads, the quantized model, the training, evaluations (base and tuned, two languages, two modes), the
/// analysis.
pub(crate) const STAGES: usize = 3 + 1 + 1 + 2 * 2 * 2 + 1;

/// The demo's shape. The training takes a few seconds, so that something can happen meanwhile.
const SPEC: &str = r#"
name = "demo"
[models]
tiny = { file = "tiny.gguf", quantize = "Q8_0" }
[languages]
target = ["eng_Latn", "fra_Latn"]
[data.rows]
file  = "{language}.jsonl"
key   = "id"
group = "passage"
[data.rows.fields]
passage = "text"
question = "question"
options = ["a", "b"]
answer = "answer"
[prompt]
body = """
{{ passage }}
{{ question }}
{{ options_block }}"""
labels = ["1", "2"]
[modes.direct]
instruction = "Answer with 1 or 2."
[modes.cot]
instruction = "Think first."
reason = { max_tokens = 6 }
cue = "Answer: "
[adapters.a]
train_on = { data = "rows", part = "all", allow_shared_items = true, languages = ["eng_Latn"], mode = "direct" }
seeds = [1]
lora = { rank = 4, alpha = 8, dropout = 0.05 }
optimizer = { lr = 0.02 }
batch_examples = 4
steps = 400
checkpoint_every = 10
[conditions]
base = { modes = ["direct", "cot"] }
tuned = { adapter = "a", modes = ["direct", "cot"] }
[evaluate]
data = "rows"
languages = "target"
context = 512
unit = 200
slots = 3
[executor]
cores = 1
memory = "600MB"
idle = "3s"
time = "10m"
tasks = 4
"#;

/// The folder of the cluster that `make test-slurm` has started.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("XLT_SLURM").map(PathBuf::from).expect("no Slurm: `make test-slurm` starts one for these tests")
}

/// Ends the controller as a crash does, or begins it again.
pub(crate) fn controller(command: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/slurm.sh");
    let status = Command::new(script).arg(command).arg(folder()).status().unwrap();
    assert!(status.success(), "{command}: {status}");
}

/// The demo's study in a space of its own.
pub(crate) fn demo() -> Space {
    on_cluster(SPEC, |space| {
        TinyModel::default().write(&space.path("tiny.gguf")).unwrap();
        space.write("eng_Latn.jsonl", rows("tea"));
        space.write("fra_Latn.jsonl", rows("thé"));
    })
}

/// A study whose `sbatch` and `squeue` are the cluster's, with every call noted.
pub(crate) fn on_cluster(spec: &str, write: impl Fn(&Space)) -> Space {
    let space = Space::with_spec(spec);
    write(&space);
    for program in ["sbatch", "squeue"] {
        let text = format!("#!/bin/sh\necho \"$@\" >> \"$HOME/{program}\"\nexec /usr/bin/{program} \"$@\"\n");
        let path = space.bin(program);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    space
}

/// Calls of a program of Slurm so far.
pub(crate) fn calls(space: &Space, program: &str) -> usize {
    fs::read_to_string(space.home(program)).unwrap_or_default().lines().count()
}

fn rows(word: &str) -> String {
    let rows = (0..6).flat_map(|passage| (0..2).map(move |question| (passage, question)));
    let row = |(passage, question): (usize, usize)| {
        let answer = 1 + (passage + question) % 2;
        format!(
            r#"{{"id": "{passage}|{question}", "passage": "p{passage}", "text": "Passage {passage} tells of the {word} that number {} drank.", "question": "Who of {question} drank it?", "a": "one", "b": "the other one", "answer": {answer}}}"#,
            passage * 7
        ) + "\n"
    };
    rows.map(row).collect()
}

/// `xlt` in the space, on the cluster.
pub(crate) fn xlt(space: &Space, args: &[&str]) -> Command {
    let mut command = space.xlt(args);
    command.env("SLURM_CONF", folder().join("slurm.conf"));
    command
}

/// A run on the cluster, in the background.
pub(crate) fn start(space: &Space) -> Engine {
    Engine::of(xlt(space, &["run", "spec.toml", "--json", "--allow-commands", "--executor", "slurm"]))
}

/// A run on the cluster to its end.
pub(crate) fn run(space: &Space) -> Outcome {
    start(space).end()
}

/// What a program of Slurm answers.
pub(crate) fn slurm(program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(args).env("SLURM_CONF", folder().join("slurm.conf")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What an administrator does about nodes that were drained.
pub(crate) fn resume_drained_nodes() {
    let drained = slurm("sinfo", &["--noheader", "--format=%n", "--states=drain"]);
    for node in drained.split_whitespace() {
        slurm("scontrol", &["update", &format!("nodename={node}"), "state=resume"]);
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a job has begun a stage whose name begins so.
#[track_caller]
pub(crate) fn wait_for_attempt(space: &Space, stage: &str) {
    let begun = format!("\"stage\":\"{stage}");
    wait_until(&format!("an attempt at {stage}"), || {
        space.members("attempts").iter().any(|path| fs::read_to_string(path).unwrap_or_default().contains(&begun))
    });
}

/// The results in the space, by path.
pub(crate) fn results(space: &Space) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = space.path("spec.results");
    let mut folders = vec![root.clone()];
    let mut files = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for path in children(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(&root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The results of the demo's study, run on this machine without a cluster.
pub(crate) fn expected() -> &'static BTreeMap<PathBuf, Vec<u8>> {
    static EXPECTED: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| {
        let space = demo();
        let answer = Answer::of(&space.xlt(&["run", "spec.toml", "--json"]).output().unwrap());
        let outcome = Outcome::of(answer, Vec::new());
        assert_eq!((outcome.code, outcome.ran.len()), (0, STAGES), "{outcome:#?}");
        results(&space)
    });
    &EXPECTED
}

/// The run did every stage of the demo, and its results are those of a local run.
#[track_caller]
pub(crate) fn expect_demo(space: &Space, outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.failed.len()), (0, 0), "{outcome:#?}\n{}", logs(space));
    let (found, expected) = (results(space), expected());
    assert!(found.keys().eq(expected.keys()), "other files: {:?}", found.keys());
    let other: Vec<_> = found.iter().filter(|(path, bytes)| expected[*path] != **bytes).map(|(path, _)| path).collect();
    assert!(other.is_empty(), "other bytes: {other:?}");
    assert_eq!(space.members("attempts"), Vec::<PathBuf>::new(), "attempts at recorded stages are forgotten");
}

/// What jobs said.
pub(crate) fn logs(space: &Space) -> String {
    let logs = children(&space.cache("cluster/logs"));
    logs.iter().map(|log| format!("{}\n{}", log.display(), fs::read_to_string(log).unwrap_or_default())).collect()
}
