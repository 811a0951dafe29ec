//! A study of real stages: a model and data come from a hub, in pieces; the model is quantized, trained and asked, and the answers
//! are analyzed.

use crate::engine::Engine;
use crate::study::results;
use crate::support::hub::{Hub, Manner, Repositories};
use crate::support::{Answer, Outcome, Space, children, set};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use xlt_llama::tiny::TinyModel;

/// Number of its stages: downloads, the quantized model, the training, evaluations (base and tuned, two languages, two modes), the analysis.
pub(crate) const STAGES: usize = 3 + 1 + 1 + 2 * 2 * 2 + 1;
pub(crate) const ENGLISH: &str = "evaluate/tiny/base/eng_Latn/direct";

pub(crate) const SPEC: &str = r#"
name = "real"
[models]
tiny = { file = "hf:org/tiny/m-*.gguf", quantize = "Q8_0" }
[languages]
target = ["eng_Latn", "fra_Latn"]
[data.rows]
file  = "hf:datasets/org/rows/{language}.jsonl"
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
batch_examples = 2
steps = 6
checkpoint_every = 1
[conditions]
base = { modes = ["direct", "cot"] }
tuned = { adapter = "a", modes = ["direct", "cot"] }
[evaluate]
data = "rows"
languages = "target"
context = 512
unit = 200
slots = 3
"#;

/// What the hub has: the model in two pieces, and rows in two languages. The French ones are of more than 1 MiB, so that a large
/// artifact, which is not read at every use, is among those of the study.
pub(crate) fn repositories() -> Repositories {
    let mut repositories = Repositories::default();
    for (number, piece) in (1..).zip(TinyModel::default().shards()) {
        repositories.add("org/tiny", &format!("m-0000{number}-of-00002.gguf"), piece);
    }
    repositories.add("datasets/org/rows", "eng_Latn.jsonl", rows("tea", 0).into());
    repositories.add("datasets/org/rows", "fra_Latn.jsonl", rows("thé", 100 << 10).into());
    repositories
}

/// Six passages with two questions each; so much of every row is read by nobody.
pub(crate) fn rows(word: &str, unread: usize) -> String {
    let unread = "x".repeat(unread);
    let rows = (0..6).flat_map(|passage| (0..2).map(move |question| (passage, question)));
    let row = |(passage, question): (usize, usize)| {
        let answer = 1 + (passage + question) % 2;
        format!(
            r#"{{"id": "{passage}|{question}", "passage": "p{passage}", "text": "Passage {passage} tells of the {word} that number {} drank.", "question": "Who of {question} drank it?", "a": "one", "b": "the other one", "answer": {answer}, "unread": "{unread}"}}"#,
            passage * 7
        ) + "\n"
    };
    rows.map(row).collect()
}

/// A hub that takes its time.
pub(crate) fn hub() -> Hub {
    let manner = Manner { piece: 64 << 10, pause: Duration::from_millis(8), ..Manner::default() };
    Hub::at("127.0.0.1:0", repositories(), manner)
}

pub(crate) fn space() -> Space {
    Space::with_spec(SPEC)
}

/// Puts a copy of the spec into a folder of its own; returns the folder.
pub(crate) fn copy(space: &Space, name: &str) -> PathBuf {
    space.write(&format!("{name}/spec.toml"), SPEC);
    space.path(name)
}

/// `xlt ARGS` in the space, with the hub.
pub(crate) fn xlt(space: &Space, hub: &Hub, args: &[&str]) -> Command {
    let mut command = space.xlt(args);
    command.env("HF_ENDPOINT", hub.address());
    command
}

/// `xlt run --json` in a folder of the space.
pub(crate) fn command(space: &Space, hub: &Hub, folder: &Path) -> Command {
    let mut command = xlt(space, hub, &["run", "spec.toml", "--json", "--jobs", "2"]);
    command.current_dir(folder);
    command
}

/// A shell in the study's folder, with the space's environment and the hub; `$0` is xlt.
pub(crate) fn shell(space: &Space, hub: &Hub, script: &str) -> Command {
    script_of(Command::new("/bin/sh"), space, hub, script)
}

/// The same with a shell that another program begins.
pub(crate) fn script_of(mut shell: Command, space: &Space, hub: &Hub, script: &str) -> Command {
    shell.args(["-c", script, env!("CARGO_BIN_EXE_xlt")]).current_dir(space.path("")).stdin(Stdio::null());
    space.environment(&mut shell);
    shell.env("HF_ENDPOINT", hub.address());
    shell
}

/// A run in the background.
pub(crate) fn start(space: &Space, hub: &Hub) -> Engine {
    Engine::of(command(space, hub, &space.path("")))
}

/// A run to its end.
pub(crate) fn run(space: &Space, hub: &Hub) -> Outcome {
    outcome(command(space, hub, &space.path("")))
}

pub(crate) fn outcome(mut command: Command) -> Outcome {
    Outcome::of(Answer::of(&command.output().unwrap()), Vec::new())
}

/// A space in which the study has been run to its end, as the unbroken run that all others are held against.
pub(crate) fn done() -> (Space, Hub) {
    let (space, hub) = (space(), hub());
    let outcome = run(&space, &hub);
    assert_eq!((outcome.code, outcome.ran.len()), (0, STAGES), "{outcome:#?}");
    (space, hub)
}

/// The results of an unbroken run.
pub(crate) fn expected() -> &'static BTreeMap<PathBuf, Vec<u8>> {
    static EXPECTED: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| results(&done().0.path("")));
    &EXPECTED
}

/// Stages that have a record.
pub(crate) fn recorded(space: &Space) -> BTreeSet<String> {
    recorded_in(&space.cache("records/v1"))
}

/// Stages that have a record in that folder.
pub(crate) fn recorded_in(folder: &Path) -> BTreeSet<String> {
    let records = children(folder).into_iter().flat_map(|shard| children(&shard));
    let records = records.filter_map(|path| fs::read_to_string(path).ok());
    let stage = |text: String| {
        let record: Value = serde_json::from_str(text.lines().next()?).ok()?;
        Some(record["stage"].as_str()?.to_owned())
    };
    set(records.filter_map(stage))
}

/// What is wrong with the results in a folder, if anything is.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    let (found, expected) = (results(folder), expected());
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<_>>();
    if names(&found) != names(expected) {
        return Some(format!("other files: {:?}", names(&found).symmetric_difference(&names(expected))));
    }
    let other: Vec<_> = found.iter().filter(|(name, bytes)| expected[*name] != **bytes).map(|(name, _)| name).collect();
    (!other.is_empty()).then(|| format!("other bytes: {other:?}"))
}
