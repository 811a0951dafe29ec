//! The cluster, and a study of the demo's shape that runs on it.

use crate::engine::Engine;
use crate::real;
use crate::study;
use crate::support::{Answer, Outcome, Space, children, write_script};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use xlt_llama::tiny::TinyModel;

/// What the torture tests' study is changed by: files are local, and the training takes a few seconds, so that something can happen
/// meanwhile.
const CHANGES: [(&str, &str); 4] = [
    ("hf:org/tiny/m-*.gguf", "tiny.gguf"),
    ("hf:datasets/org/rows/{language}.jsonl", "{language}.jsonl"),
    ("steps = 6\ncheckpoint_every = 1", "steps = 400\ncheckpoint_every = 10"),
    ("batch_examples = 2", "batch_examples = 4"),
];
const EXECUTOR: &str = r#"
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

/// A study of the demo's shape in a space of its own.
pub(crate) fn demo() -> Space {
    let changed = |spec: String, (from, to): &(&str, &str)| {
        assert!(spec.contains(from), "{from}");
        spec.replace(from, to)
    };
    let spec = CHANGES.iter().fold(real::SPEC.to_owned(), changed) + EXECUTOR;
    on_cluster(&spec, |space| {
        TinyModel::default().write(&space.path("tiny.gguf")).unwrap();
        space.write("eng_Latn.jsonl", real::rows("tea", 0));
        space.write("fra_Latn.jsonl", real::rows("thé", 0));
    })
}

/// A study whose `sbatch` and `squeue` are the cluster's, with every call noted.
pub(crate) fn on_cluster(spec: &str, write: impl Fn(&Space)) -> Space {
    let space = Space::with_spec(spec);
    write(&space);
    for program in ["sbatch", "squeue"] {
        let body = format!("echo \"$@\" >> \"$HOME/{program}\"\nexec /usr/bin/{program} \"$@\"");
        write_script(&space.bin(program), &body);
    }
    space
}

/// Calls of a program of Slurm so far.
pub(crate) fn calls(space: &Space, program: &str) -> usize {
    fs::read_to_string(space.home(program)).unwrap_or_default().lines().count()
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
    study::results(&space.path(""))
}

/// The results of the demo's study, run on this machine without a cluster.
pub(crate) fn expected() -> &'static BTreeMap<PathBuf, Vec<u8>> {
    static EXPECTED: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| {
        let space = demo();
        let answer = Answer::of(&space.xlt(&["run", "spec.toml", "--json"]).output().unwrap());
        let outcome = Outcome::of(answer, Vec::new());
        assert_eq!((outcome.code, outcome.ran.len()), (0, real::STAGES), "{outcome:#?}");
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
