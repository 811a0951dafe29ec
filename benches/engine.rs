//! What the engine itself costs: processor time and memory of runs whose stages do next to nothing.
//!
//! `cargo bench --bench engine` runs studies of 442, 4,474 and 44,983 stages; `-- --quick` leaves out the largest. Processor time is
//! that of the whole process tree. The last column says what is promised.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Models of each study, of 63 stages each, and the processor time in which a plan, or a run with nothing to do, is promised.
const STUDIES: [(usize, f64); 3] = [(7, 0.02), (71, 0.10), (714, 1.0)];

const SPEC: &str = r#"
[stages.download]
program = "sh"
args    = ["-c", "echo {model} > file", "-"]
outputs = { file = "file" }
matrix  = { model = [MODELS] }

[stages.quantize]
program = "sh"
args    = ["-c", "echo {model} quantized > model", "-", "{in.file}"]
inputs  = { file = "stage:download" }
outputs = { model = "model" }
matrix  = { model = [MODELS] }

[stages.finetune]
program = "sh"
args    = ["-c", "echo {model} tuned > adapter", "-", "{in.model}"]
inputs  = { model = "stage:quantize" }
outputs = { adapter = "adapter" }
matrix  = { model = [MODELS] }

[stages.evaluate]
program = "sh"
args    = ["-c", "echo {model} {condition} {language} {mode} > answers", "-", "{in.model}", "{in.adapter}"]
inputs  = { model = "stage:quantize", adapter = "stage:finetune" }
outputs = { answers = "answers" }

[stages.evaluate.matrix]
model     = [MODELS]
condition = ["base", "tuned"]
language  = ["l01", "l02", "l03", "l04", "l05", "l06", "l07", "l08", "l09", "l10", "l11", "l12", "l13", "l14", "l15"]
mode      = ["direct", "cot"]

[stages.analyze]
program = "sh"
args    = ["-c", "echo done > results", "-", "{in.answers}"]
inputs  = { answers = "stage:evaluate" }
outputs = { results = "results" }
"#;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    println!("{:>7}  {:<28} {:>9} {:>9} {:>8}   promised", "stages", "", "CPU s", "wall s", "peak MB");
    // Nothing is removed before the end: ext4 gives out no inode again within minutes of its removal, and walks past all of those
    // whenever it looks for a free one. After much was removed on its file system, a first run is slow for that long.
    let folders: Vec<_> = STUDIES.iter().map(|_| tempfile::tempdir().unwrap()).collect();
    for ((models, warm), folder) in STUDIES.into_iter().zip(&folders).take(if quick { 2 } else { 3 }) {
        study(models, warm, folder.path());
    }
    hashing();
}

/// How fast artifacts are read and hashed, from memory: what a verification, or a local file that is seen for the first time, costs.
fn hashing() {
    const BYTES: usize = 1 << 30;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, (0..BYTES).map(|at| (at * 31) as u8).collect::<Vec<u8>>()).unwrap();
    let cost = measure(3, || {
        xlt_cache::digest_path(&path).unwrap();
        0.0
    });
    println!("hashing: {:.2} GB per second of processor time; promised 1.5", BYTES as f64 / 1e9 / cost.cpu);
}

/// Runs one study cold and warm, plans it before and after, and starts its programs without an engine.
fn study(models: usize, warm: f64, folder: &Path) {
    let names: Vec<String> = (0..models).map(|model| format!("\"model-{model:03}\"")).collect();
    fs::write(folder.join("spec.toml"), SPEC.replace("MODELS", &names.join(", "))).unwrap();
    let stages = models * 63 + 1;
    let few = if models > 100 { 2 } else { 20 };

    let unplanned = measure(few, || xlt(folder, &["plan", "spec.toml"]));
    row(stages, "plan, nothing done", &unplanned, &format!("{warm} s, 200 MB"));
    let cold = measure(1, || xlt(folder, &["run", "spec.toml", "--allow-commands", "--jobs", "2"]));
    let bare = measure(1, || bare(folder, stages));
    row(stages, "the same programs alone", &bare, "");
    row(stages, "run, nothing done", &cold, &format!("{:.2} s", bare.cpu + 0.001 * stages as f64));
    println!(
        "{:>7}  {:<28} {:>6.2} ms{:>9.2}x{:>10} 1 ms",
        stages,
        "  above that, per stage",
        (cold.cpu - bare.cpu) * 1e3 / stages as f64,
        cold.cpu / bare.cpu,
        ""
    );
    let planned = measure(few, || xlt(folder, &["plan", "spec.toml"]));
    row(stages, "plan, nothing changed", &planned, &format!("{warm} s, 200 MB"));
    let again = measure(few, || xlt(folder, &["run", "spec.toml", "--allow-commands"]));
    row(stages, "run, nothing changed", &again, &format!("{warm} s"));
}

fn row(stages: usize, what: &str, cost: &Cost, promised: &str) {
    let Cost { cpu, wall, peak } = cost;
    println!("{stages:>7}  {what:<28} {cpu:>9.3} {wall:>9.3} {:>8.1}   {promised}", peak / 1e6);
}

/// Seconds, and bytes of the largest process that was started directly.
struct Cost {
    cpu: f64,
    wall: f64,
    peak: f64,
}

/// Cost of one of so many repetitions.
fn measure(times: u32, work: impl Fn() -> f64) -> Cost {
    let (begun, before) = (Instant::now(), cpu_seconds());
    let peak = (0..times).map(|_| work()).fold(0.0, f64::max);
    let times = f64::from(times);
    Cost { cpu: (cpu_seconds() - before) / times, wall: begun.elapsed().as_secs_f64() / times, peak }
}

/// Runs xlt to its end, which must be a good one.
fn xlt(folder: &Path, args: &[&str]) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xlt"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("XLT_CACHE", folder.join("cache")).env("XLT_STATE", folder.join("state"));
    let mut child = command.spawn().unwrap();
    let peak = watch(&child);
    assert!(child.wait().unwrap().success(), "{args:?}");
    peak
}

/// Starts as many programs as a study has stages, two at a time.
fn bare(folder: &Path, stages: usize) -> f64 {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for stage in (half..stages).step_by(2) {
                    let script = format!("echo model-{stage} > bare-{half}");
                    let mut command = Command::new("sh");
                    command.args(["-c", &script]).current_dir(folder).stdin(Stdio::null());
                    assert!(command.status().unwrap().success());
                }
            });
        }
    });
    0.0
}

/// Follows the memory of a process until it ends; says the most it had.
fn watch(child: &Child) -> f64 {
    let path = format!("/proc/{}/status", child.id());
    let peak = |text: &str| -> Option<f64> {
        text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
    };
    let mut most = 0.0;
    // What has ended and is not waited for has no memory any more.
    while let Some(kilobytes) = fs::read_to_string(&path).ok().and_then(|text| peak(&text)) {
        most = kilobytes * 1024.0;
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

/// Processor time of this process and of all that were waited for, and whose parents waited for them.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = |field: usize| fields.split(' ').nth(field).unwrap().parse::<f64>().unwrap();
    // `utime`, `stime`, `cutime` and `cstime` of proc(5), in ticks of a hundredth of a second.
    (ticks(11) + ticks(12) + ticks(13) + ticks(14)) / 100.0
}
