//! What it takes to analyze 100,800 answers: seven models, three columns, 48 languages, a hundred questions on fifty passages.
//!
//! `cargo bench --bench analyze` makes up the answers, has them imported, and then edits a claim twice, after which nothing but the
//! analysis is due. The numbers are of the whole command, and of its largest process. Promised are 5 s and 500 MB; the page has a
//! promise of its own, 30 MB.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where the machine does not do as told")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use xlt_core::languages;

const MODELS: usize = 7;
const LANGUAGES: usize = 48;
const ITEMS: usize = 100;
/// Condition and mode of each column.
const COLUMNS: [(&str, &str); 3] = [("base", "direct"), ("base", "reasoned"), ("tuned", "direct")];

const SPEC: &str = r#"
name = "large"
languages.relatives_of_arabic = ["heb_Hebr", "amh_Ethi", "mlt_Latn", "tir_Ethi"]
modes.direct = {}
modes.reasoned = {}

[data.quiz]
file   = "quiz/{language}.jsonl"
key    = "number"
group  = "passage"
fields = { passage = "text", question = "question", options = ["a", "b", "c", "d"], answer = "answer" }

[prompt]
body   = "{{ passage }} {{ question }}\n{{ options_block }}"
labels = ["A", "B", "C", "D"]

[conditions]
base  = { modes = ["direct", "reasoned"] }
tuned = { modes = ["direct"] }

[evaluate]
data = "quiz"

[analyze]
gain = { of = "tuned", over = "base" }

[[claims]]
text     = "tuning helps"
estimate = "gain(tuned, all)"
expect   = { above = 0.0 }

[[claims]]
text     = "the gain is no greater in relatives"
estimate = "gain(tuned, relatives_of_arabic) - gain(tuned, rest)"
expect   = { within = 0.05 }
"#;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_study(folder);
    row("import and analysis", xlt(folder));
    for edited in ["above = 0.01", "above = 0.02"] {
        let spec = fs::read_to_string(folder.join("spec.toml")).unwrap();
        let line = spec.lines().find(|line| line.contains("above = ")).unwrap();
        fs::write(folder.join("spec.toml"), spec.replace(line, &format!("expect = {{ {edited} }}"))).unwrap();
        row("analysis alone", xlt(folder));
    }
    for file in ["report.html", "results.json", "results.md"] {
        println!(
            "{file:20} {:6.1} MB",
            fs::metadata(folder.join("spec.results").join(file)).unwrap().len() as f64 / 1e6
        );
    }
}

fn row(what: &str, (seconds, peak): (f64, f64)) {
    println!("{what:20} {seconds:6.2} s  {:6.0} MB", peak / 1e6);
}

fn write_study(folder: &Path) {
    let group = ["heb_Hebr", "amh_Ethi", "mlt_Latn", "tir_Ethi"];
    let others = languages::belebele().map(|language| language.code).filter(|code| !group.contains(code));
    let rest: Vec<&str> = others.take(LANGUAGES - group.len()).collect();
    let models = (0..MODELS).map(|model| {
        format!("models.model-{model} = {{ answers = \"answers/model-{model}/{{condition}}.{{mode}}.{{language}}.jsonl\" }}\n")
    });
    let spec = SPEC.replace(
        "modes.direct",
        &format!("languages.rest = {}\n{}modes.direct", json!(rest), models.collect::<String>()),
    );
    let spec = spec.replace("data = \"quiz\"", "data = \"quiz\"\nlanguages = [\"relatives_of_arabic\", \"rest\"]");
    fs::write(folder.join("spec.toml"), spec).unwrap();
    let mut draw = Draw(1);
    for code in group.iter().chain(&rest) {
        write(folder, &format!("quiz/{code}.jsonl"), (0..ITEMS).map(|number| question(number, &mut draw)));
        for model in 0..MODELS {
            for (condition, mode) in COLUMNS {
                let right = 40 + 5 * model as u64 + if condition == "tuned" { 10 } else { 0 };
                let path = format!("answers/model-{model}/{condition}.{mode}.{code}.jsonl");
                write(folder, &path, (0..ITEMS).map(|number| answer(number, right, &mut draw)));
            }
        }
    }
}

fn question(number: usize, draw: &mut Draw) -> serde_json::Value {
    let mut words = |count: u64| (0..count).map(|_| format!("word{}", draw.below(2000))).collect::<Vec<_>>().join(" ");
    // Two questions share a passage, whose words do not matter to the analysis.
    let (text, question) = (format!("passage {}: {}", number / 2, "text ".repeat(80)), words(9));
    let [a, b, c, d] = [(); 4].map(|()| words(4));
    json!({"number": number, "passage": number / 2, "text": text, "question": question, "a": a, "b": b, "c": c, "d": d,
        "answer": number % 4 + 1})
}

fn answer(number: usize, right: u64, draw: &mut Draw) -> serde_json::Value {
    let chosen = if draw.below(100) < right { number % 4 } else { draw.below(4) as usize };
    let mut logprobs = [(); 4].map(|()| -3.0 - draw.below(4000) as f64 / 1000.0);
    logprobs[chosen] = -0.3 - draw.below(1000) as f64 / 1000.0;
    json!({"key": number.to_string(), "logprobs": logprobs})
}

fn write(folder: &Path, path: &str, lines: impl Iterator<Item = serde_json::Value>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

/// A generator of numbers that is the same everywhere (Knuth's constants for 64 bits, MMIX).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Runs the spec; seconds, and bytes of the largest process.
fn xlt(folder: &Path) -> (f64, f64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xlt"));
    command.args(["run", "spec.toml"]).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.env("XLT_CACHE", folder.join("cache")).env("XLT_STATE", folder.join("state"));
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut most = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        most = peaks(child.id()).fold(most, f64::max);
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success());
    (begun.elapsed().as_secs_f64(), most)
}

/// The most memory so far of a process and of those that it started.
fn peaks(id: u32) -> impl Iterator<Item = f64> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(move |entry| {
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let own = entry.file_name().to_str()?.parse() == Ok(id) || field("PPid:")?.parse() == Ok(id);
        let kilobytes: f64 = field("VmHWM:")?.strip_suffix(" kB")?.parse().ok()?;
        own.then_some(kilobytes * 1024.0)
    })
}
