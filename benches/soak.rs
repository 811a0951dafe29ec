//! A long day in minutes: whether memory, open files and the ledger stay as they are while stages come and go.
//!
//! `cargo bench --bench soak`: one run of 43,200 small programs, as many as fit into 24 hours at one every two seconds, each with a
//! line in its log; then one of 2,000 evaluations, of a tiny random model in twenty modes and a hundred languages, by one worker. `XLT_SOAK_STAGES` sets the number of
//! programs. What is counted of the workers is the sum over all that live.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use support::setting;
use xlt_core::languages::belebele;
use xlt_llama::tiny::TinyModel;

/// Shares of a run at whose end it is looked at. Before the first, allocators and tables still find their size.
const LOOKS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.99];

fn main() {
    let stages: usize = setting("XLT_SOAK_STAGES").map_or(43_200, |stages| stages.parse().unwrap());
    println!("{:>7}  {:<12} {:>9} {:>6} {:>10} {:>6}", "stages", "", "engine MB", "files", "workers MB", "files");
    let folder = tempfile::tempdir().unwrap();
    programs(folder.path(), stages);
    soak("programs", folder.path(), stages);
    let folder = tempfile::tempdir().unwrap();
    soak("evaluations", folder.path(), evaluations(folder.path(), 20));
}

/// A study of so many programs, in chains of a hundred.
fn programs(folder: &Path, stages: usize) {
    let axis: Vec<String> = (0..stages.div_ceil(100)).map(|n| format!("\"{n}\"")).collect();
    let axis = axis.join(", ");
    let mut spec = String::new();
    for link in 0..100 {
        let input = if link == 0 { String::new() } else { format!("inputs = {{ x = \"stage:s{}\" }}\n", link - 1) };
        spec.push_str(&format!(
            "[stages.s{link}]\nprogram = \"sh\"\nargs = [\"-c\", \"echo {{n}} {link} > x; echo {{n}} is done\"]\n\
             {input}outputs = {{ x = \"x\" }}\nmatrix = {{ n = [{axis}] }}\n"
        ));
    }
    fs::write(folder.join("spec.toml"), spec).unwrap();
}

/// A study of one tiny model in so many modes and a hundred languages; says how many evaluations that are.
fn evaluations(folder: &Path, modes: usize) -> usize {
    TinyModel::default().write(&folder.join("tiny.gguf")).unwrap();
    let languages: Vec<&str> = belebele().map(|language| language.code).take(100).collect();
    for language in &languages {
        let row = |id| {
            format!(r#"{{"id": "{id}", "text": "{language} {id}", "q": "which?", "a": "one", "b": "two", "right": 1}}"#)
        };
        let rows: Vec<String> = (0..4).map(row).collect();
        fs::write(folder.join(format!("{language}.jsonl")), rows.join("\n")).unwrap();
    }
    let names: Vec<String> = (0..modes).map(|mode| format!("\"m{mode}\"")).collect();
    let evaluations = modes * languages.len();
    let modes: String = (0..modes).map(|mode| format!("[modes.m{mode}]\ninstruction = \"Way {mode}.\"\n")).collect();
    let spec = format!(
        "models.tiny.file = \"tiny.gguf\"\nlanguages.four = {languages:?}\nconditions.base.modes = [{names}]\n\
         [prompt]\nbody = \"{{{{ passage }}}} {{{{ question }}}} {{{{ options_block }}}}\"\nlabels = [\"1\", \"2\"]\n\
         [data.d]\nfile = \"{{language}}.jsonl\"\nkey = \"id\"\n\
         fields = {{ passage = \"text\", question = \"q\", options = [\"a\", \"b\"], answer = \"right\" }}\n\
         [evaluate]\ndata = \"d\"\nlanguages = \"four\"\ncontext = 512\n{modes}",
        names = names.join(", ")
    );
    fs::write(folder.join("spec.toml"), spec).unwrap();
    evaluations
}

/// Runs a study, and looks at its processes when a share of so many stages is done.
fn soak(name: &str, folder: &Path, stages: usize) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xlt"));
    command.args(["run", "spec.toml", "--allow-commands", "--json", "--jobs", "2"]).current_dir(folder);
    command.env("XLT_CACHE", folder.join("cache")).env("XLT_STATE", folder.join("state"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut looks = LOOKS.iter().map(|share| (stages as f64 * share) as usize).peekable();
    let mut done = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        done += usize::from(line.unwrap().contains("\"event\":\"stage_finished\""));
        if looks.next_if(|look| done >= *look).is_some() {
            let engine = Held::of(child.id());
            let workers = children(child.id()).into_iter().map(Held::of).fold(Held::default(), Held::plus);
            println!(
                "{done:>7}  {name:<12} {:>9.1} {:>6} {:>10.1} {:>6}",
                engine.bytes / 1e6,
                engine.files,
                workers.bytes / 1e6,
                workers.files
            );
        }
    }
    assert!(child.wait().unwrap().success());
    let (ledger, logs) = (size(&folder.join("state")), size(&folder.join("cache/logs")));
    println!("{done:>7}  {name:<12} ledger {:.1} MB, logs {:.1} MB", ledger as f64 / 1e6, logs as f64 / 1e6);
}

/// What a process has: bytes in memory, open files.
#[derive(Default)]
struct Held {
    bytes: f64,
    files: usize,
}

impl Held {
    fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.parse().ok());
        let files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        Self { bytes: kilobytes.unwrap_or(0.0) * 1024.0, files }
    }

    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, files: self.files + other.files }
    }
}

/// The workers: children of the engine, of whichever of its threads.
fn children(engine: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{engine}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |file| file.len()) }
            },
        )
        .sum()
}
