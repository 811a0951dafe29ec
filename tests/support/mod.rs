//! A study in a folder of its own, the binary, and a few words to tell what happens to them.
//!
//! Nothing comes from outside: the environment is cleared, cache, ledger and home are the space's own, and the programs on `PATH`
//! are the system's and the space's. Every program of the space writes its first argument, a stage's name, to a list of what was
//! executed, so that what ran is known from the programs and not only from what xlt says.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

pub(crate) mod hub;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

/// Writes its text, then its input files: `step STAGE OUTPUT TEXT INPUT...`.
const STEP: &str = r#"out=$1; text=$2; shift 2; { printf '%s\n' "$text"; cat -- /dev/null "$@"; } > "$out""#;
/// Writes the first line of its input: `first STAGE OUTPUT INPUT`.
const FIRST: &str = r#"head -n 1 "$2" > "$1""#;
/// Writes names and content of all files in its input folders: `gather STAGE OUTPUT FOLDER...`.
const GATHER: &str = r#"out=$1; shift; find -L "$@" -type f | LC_ALL=C sort | xargs -d '\n' grep -H '' > "$out""#;

/// A folder with a study in `work/`, and everything that xlt keeps beside it.
pub(crate) struct Space {
    root: tempfile::TempDir,
}

impl Space {
    /// An empty study; the programs `step`, `first` and `gather` are on its `PATH`.
    pub(crate) fn new() -> Self {
        let space = Self { root: tempfile::tempdir().unwrap() };
        for folder in ["work", "home", "bin"] {
            fs::create_dir(space.root.path().join(folder)).unwrap();
        }
        space.program("step", STEP);
        space.program("first", FIRST);
        space.program("gather", GATHER);
        space
    }

    /// A study with this spec.
    pub(crate) fn with_spec(spec: &str) -> Self {
        let space = Self::new();
        space.write("spec.toml", spec);
        space
    }

    /// Puts a shell script on `PATH`. Its first argument is logged and dropped.
    pub(crate) fn program(&self, name: &str, body: &str) {
        install(&self.bin(name), body);
    }

    /// Like [`Space::program`], but as a file of the study.
    pub(crate) fn script(&self, name: &str, body: &str) {
        install(&self.path(name), body);
    }

    /// A path in the study.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// A program on the space's `PATH`.
    pub(crate) fn bin(&self, name: &str) -> PathBuf {
        self.root.path().join("bin").join(name)
    }

    /// A path in the cache.
    pub(crate) fn cache(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("cache").join(name)
    }

    /// A path in the folder of ledgers.
    pub(crate) fn state(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("state").join(name)
    }

    /// A path in the home folder, which the programs of the stages see as `$HOME`.
    pub(crate) fn home(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("home").join(name)
    }

    /// Writes a file of the study.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the study.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Replaces a text, which must be there, everywhere in a file of the study.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}:\n{text}");
        self.write(name, text.replace(from, to));
    }

    /// Replaces a text by one of the same length, and leaves the file's times as they were.
    pub(crate) fn edit_in_secret(&self, name: &str, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        let modified = fs::metadata(self.path(name)).unwrap().modified().unwrap();
        self.edit(name, from, to);
        self.set_modified(name, modified);
    }

    /// Makes a file of the study look changed.
    pub(crate) fn touch(&self, name: &str) {
        self.set_modified(name, SystemTime::now() + Duration::from_secs(60));
    }

    fn set_modified(&self, name: &str, time: SystemTime) {
        File::options()
            .write(true)
            .open(self.path(name))
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
    }

    /// Removes a file or a folder of the study.
    pub(crate) fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    /// Whether the study has a file or a folder.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The binary with these arguments, in the study's folder and the space's environment.
    pub(crate) fn xlt(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xlt"));
        command.args(args).current_dir(self.path("")).stdin(Stdio::null());
        self.environment(&mut command);
        command
    }

    /// Gives a command the space's environment and nothing else.
    pub(crate) fn environment(&self, command: &mut Command) {
        let root = self.root.path();
        command.env_clear().env("PATH", format!("{}:/usr/bin:/bin", root.join("bin").display()));
        command
            .env("HOME", root.join("home"))
            .env("XLT_CACHE", root.join("cache"))
            .env("XLT_STATE", root.join("state"));
        command.env("COLUMNS", "200");
    }

    /// Runs the binary to its end.
    pub(crate) fn ask(&self, args: &[&str]) -> Answer {
        Answer::of(&self.xlt(args).output().unwrap())
    }

    /// `xlt run spec.toml`, commands allowed.
    pub(crate) fn run(&self) -> Outcome {
        self.run_with(&[])
    }

    /// `xlt run spec.toml` with more arguments.
    pub(crate) fn run_with(&self, args: &[&str]) -> Outcome {
        let args = [&["run", "spec.toml", "--allow-commands", "--json"], args].concat();
        let before = self.executed().len();
        let answer = self.ask(&args);
        Outcome::of(answer, self.executed().split_off(before))
    }

    /// `xlt plan spec.toml --json`.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_with(&[])
    }

    /// `xlt plan spec.toml --json` with more arguments.
    pub(crate) fn plan_with(&self, args: &[&str]) -> Plan {
        let answer = self.ask(&[&["plan", "spec.toml", "--json"], args].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
        Plan(serde_json::from_str(&answer.stdout).unwrap())
    }

    /// Every start of a program of the space so far, as the first argument it was given.
    pub(crate) fn executed(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home("executed")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Files and folders two levels below a folder of the cache: objects, or with `records/v1` records.
    pub(crate) fn members(&self, folder: &str) -> Vec<PathBuf> {
        let mut members: Vec<PathBuf> =
            children(&self.cache(folder)).iter().flat_map(|shard| children(shard)).collect();
        members.sort();
        members
    }

    /// Names of all objects in the cache: the digests of all artifacts.
    pub(crate) fn digests(&self) -> BTreeSet<String> {
        self.members("objects").iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// The object with these bytes.
    pub(crate) fn object(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        let same = |path: &PathBuf| path.is_file() && fs::read(path).unwrap() == bytes.as_ref();
        let found = self.members("objects").into_iter().find(same);
        found.unwrap_or_else(|| panic!("no object holds {:?}", String::from_utf8_lossy(bytes.as_ref())))
    }

    /// The record of a stage, by its name.
    pub(crate) fn record(&self, stage: &str) -> PathBuf {
        let field = format!("\"stage\":{},", Value::from(stage));
        let found =
            self.members("records/v1").into_iter().find(|path| fs::read_to_string(path).unwrap().contains(&field));
        found.unwrap_or_else(|| panic!("no record of {stage}"))
    }

    /// What was set aside because it was damaged.
    pub(crate) fn quarantined(&self) -> usize {
        children(&self.cache("quarantine")).len()
    }
}

/// Flips one bit in the middle of a file, as a failing disk does: size, times and rights stay as they are.
pub(crate) fn flip_bit(path: &Path) {
    let bytes = fs::metadata(path).unwrap().len();
    flip_bit_at(path, bytes / 2 * 8);
}

/// Flips that bit of a file.
pub(crate) fn flip_bit_at(path: &Path, bit: u64) {
    let before = fs::metadata(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], bit / 8).unwrap();
    file.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
    fs::set_permissions(path, before.permissions()).unwrap();
}

/// Paths of everything directly in a folder; of a folder that is not there, nothing.
pub(crate) fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// Names of stages, or anything else, as a set.
pub(crate) fn set<T: ToString>(names: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

/// What the binary said, and its exit code (-1 where a signal ended it).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The command ended with this code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The message says this.
    #[track_caller]
    pub(crate) fn expect_says(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "it does not say {text:?}:\n{self:#?}");
        self
    }

    /// The result has this.
    #[track_caller]
    pub(crate) fn expect_prints(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "it does not print {text:?}:\n{self:#?}");
        self
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    /// Stages that ran and were recorded.
    pub(crate) ran: BTreeSet<String>,
    /// Number of stages whose record was used.
    pub(crate) cached: u64,
    /// Stages that failed.
    pub(crate) failed: BTreeSet<String>,
    /// Stages that were skipped because another failed.
    pub(crate) skipped: BTreeSet<String>,
    /// Stages for which an input or a result was found damaged.
    pub(crate) damaged: BTreeSet<String>,
    /// Results that were written.
    pub(crate) exported: usize,
    /// Every start of a program of the space, in order.
    pub(crate) executed: Vec<String>,
    pub(crate) events: Vec<Value>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Reads the events that `run --json` printed.
    pub(crate) fn of(answer: Answer, executed: Vec<String>) -> Self {
        let Answer { code, stdout, stderr } = answer;
        let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let stages = |name: &str| -> BTreeSet<String> {
            let named = events.iter().filter(|event| event["event"] == name && event["ran"] != false);
            named.map(|event| event["stage"].as_str().unwrap().to_owned()).collect()
        };
        Self {
            code,
            ran: stages("stage_finished"),
            cached: events.last().and_then(|last| last["cached"].as_u64()).unwrap_or_default(),
            failed: stages("stage_failed"),
            skipped: stages("stage_skipped"),
            damaged: stages("artifact_damaged"),
            exported: events.iter().filter(|event| event["event"] == "result_written").count(),
            executed,
            events,
            stdout,
            stderr,
        }
    }

    /// Stages that ran or were found in the cache, whose names begin so.
    pub(crate) fn stages_named(&self, prefix: &str) -> usize {
        let finished = self.events.iter().filter(|event| event["event"] == "stage_finished");
        finished.filter(|event| event["stage"].as_str().is_some_and(|stage| stage.starts_with(prefix))).count()
    }

    /// The run succeeded and ran these stages, each once, and no others; programs and events agree.
    #[track_caller]
    pub(crate) fn expect_ran<T: ToString>(&self, stages: impl IntoIterator<Item = T>) -> &Self {
        assert_eq!(self.code, 0, "{self:#?}");
        assert_eq!(self.failed, BTreeSet::new(), "{self:#?}");
        self.expect_ran_of(stages)
    }

    /// Of the stages that did not fail these ran, each once, and no others; programs and events agree.
    #[track_caller]
    pub(crate) fn expect_ran_of<T: ToString>(&self, stages: impl IntoIterator<Item = T>) -> &Self {
        let expected = set(stages);
        assert_eq!(self.ran, expected, "what ran, and what should have; stderr: {}", self.stderr);
        let mut executed: Vec<String> =
            self.executed.iter().filter(|name| !self.failed.contains(*name)).cloned().collect();
        executed.sort();
        assert_eq!(executed, Vec::from_iter(expected), "what programs were started for, and what ran");
        self
    }

    /// The run succeeded and ran nothing.
    #[track_caller]
    pub(crate) fn expect_no_work(&self) -> &Self {
        self.expect_ran([""; 0])
    }

    /// So many stages were cached.
    #[track_caller]
    pub(crate) fn expect_cached(&self, count: u64) -> &Self {
        assert_eq!(self.cached, count, "stages cached; {:?}", self.events.last());
        self
    }

    /// These stages failed, these were skipped, and the exit code says so.
    #[track_caller]
    pub(crate) fn expect_failed<T: ToString, U: ToString>(
        &self,
        failed: impl IntoIterator<Item = T>,
        skipped: impl IntoIterator<Item = U>,
    ) -> &Self {
        assert_eq!((&self.failed, &self.skipped), (&set(failed), &set(skipped)), "failed, skipped; {self:#?}");
        assert_eq!(self.code, 1, "{self:#?}");
        let last = &self.events[self.events.len() - 1];
        assert_eq!(last["failed"], self.failed.len(), "{last}");
        assert_eq!(last["skipped"], self.skipped.len(), "{last}");
        self
    }

    /// Why a stage failed.
    #[track_caller]
    pub(crate) fn message(&self, stage: &str) -> &str {
        let failed = self.events.iter().find(|event| event["event"] == "stage_failed" && event["stage"] == stage);
        failed.unwrap_or_else(|| panic!("{stage} did not fail: {self:#?}"))["message"].as_str().unwrap()
    }

    /// A stage failed with these words.
    #[track_caller]
    pub(crate) fn expect_message(&self, stage: &str, words: &str) -> &Self {
        let message = self.message(stage);
        assert!(message.contains(words), "{stage}: {message:?} does not say {words:?}");
        self
    }

    /// The run was refused with these words before anything ran.
    #[track_caller]
    pub(crate) fn expect_refused(&self, words: &str) -> &Self {
        assert_eq!(self.code, 2, "{self:#?}");
        assert!(self.events.iter().all(|event| event["event"] != "stage_started"), "{self:#?}");
        assert_eq!(self.executed, Vec::<String>::new());
        assert!(self.stderr.contains(words), "{:?} does not say {words:?}", self.stderr);
        self
    }
}

/// What `plan --json` says.
#[derive(Debug)]
pub(crate) struct Plan(pub(crate) Value);

impl Plan {
    pub(crate) fn stages(&self) -> &Vec<Value> {
        self.0["stages"].as_array().unwrap()
    }

    /// Names of the stages with that verdict.
    pub(crate) fn verdict(&self, word: &str) -> BTreeSet<String> {
        set(self.stages().iter().filter(|stage| stage["verdict"] == word).map(|stage| stage["name"].as_str().unwrap()))
    }

    /// Every stage with its key.
    pub(crate) fn keys(&self) -> BTreeSet<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.stages().iter().map(|stage| (text(&stage["name"]), text(&stage["key"]))).collect()
    }

    /// What the plan says of a stage.
    #[track_caller]
    pub(crate) fn reason(&self, stage: &str) -> &str {
        let found = self.stages().iter().find(|other| other["name"] == stage);
        found.unwrap_or_else(|| panic!("no stage {stage}"))["reason"].as_str().unwrap()
    }
}

/// Hundreds of short stages, and one that gathers what they made.
pub(crate) fn hundreds(stages: usize) -> String {
    let numbers: Vec<String> = (1..stages).map(|number| number.to_string()).collect();
    format!(
        "[stages.short]\nprogram = \"step\"\nargs = [\"short/{{n}}\", \"{{out.text}}\", \"{{n}}\"]\noutputs = {{ text = \"{{n}}.txt\" }}\n\
         matrix = {{ n = [{}] }}\n\
         [stages.all]\nprogram = \"gather\"\nargs = [\"all\", \"{{out.text}}\", \"{{in.texts}}\"]\ninputs = {{ texts = \"stage:short\" }}\n\
         outputs = {{ text = \"all.txt\" }}\nexport = {{ text = \"all.txt\" }}\n",
        numbers.join(", ")
    )
}

fn install(path: &Path, body: &str) {
    write_script(path, &format!("printf '%s\\n' \"$1\" >> \"$HOME/executed\"\nshift\n{body}"));
}

/// Writes a shell script that can be executed. A thread that forks while another one has the file open for writing would make it "busy"; a
/// shell of its own writes it instead.
pub(crate) fn write_script(path: &Path, body: &str) {
    use std::io::Write;
    let text = format!("#!/bin/sh\n{body}\n");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"cat > "$0" && chmod 755 "$0""#]).arg(path).stdin(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
}
