//! `xlt chat`: whether chat templates render as Hugging Face renders them.

use crate::failure::{Failure, STAGE_FAILED};
use crate::term;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};
use xlt_core::chat::vectors::{self, Mismatch, Vector};

/// Check chat templates against vectors of what Hugging Face renders
///
/// Each line of the file is an object: `template` (NAME.jinja lies in the folder), `case`, `messages`,
/// `add_generation_prompt`, `variables`, `bos_token`, `eos_token`, `now`, and `rendered` or `error`. Ends with 1 where a
/// case does not render as expected.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The vectors, one JSON object a line
    vectors: PathBuf,
    /// The folder of the templates [default: that of the vectors]
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Time for one rendering, which takes milliseconds; a template made to harm could take hours.
const PATIENCE: Duration = Duration::from_secs(5);
/// Stack for one rendering: a template can nest values deeper than the usual stack can drop.
const STACK: usize = 256 << 20;

/// The cases of one template.
struct Report<'a> {
    template: &'a str,
    passed: usize,
    failed: Vec<(&'a Vector, Mismatch)>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let name = args.vectors.display();
    let vectors = vectors::read(&read(&args.vectors, "name a file of vectors")?)
        .map_err(|error| Failure::sentence(format!("{name}: {error}")))?;
    let folder = args.templates.as_deref().or(args.vectors.parent()).unwrap_or(Path::new(""));
    let templates = templates(&vectors, folder, args)?;
    let reports = reports(&vectors, &templates)?;
    term::say(&if args.json { as_json(&reports) } else { as_text(&reports) });
    let failed = reports.iter().any(|report| !report.failed.is_empty());
    Ok(if failed { ExitCode::from(STAGE_FAILED) } else { ExitCode::SUCCESS })
}

/// The text of every template that a vector names.
fn templates(vectors: &[Vector], folder: &Path, args: &Args) -> Result<BTreeMap<String, String>, Failure> {
    let mut templates = BTreeMap::new();
    for vector in vectors {
        if !templates.contains_key(&vector.template) {
            let (file, line) = (args.vectors.display(), vector.line);
            let remedy = format!("{file}, line {line}, asks for it; name its folder with `--templates FOLDER`");
            let text = read(&folder.join(format!("{}.jinja", vector.template)), &remedy)?;
            templates.insert(vector.template.clone(), text);
        }
    }
    Ok(templates)
}

fn read(path: &Path, remedy: &str) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::sentence(format!("failed to read {}: {error}; {remedy}", path.display())))
}

/// Tries all vectors; templates come in the order in which the file names them.
fn reports<'a>(vectors: &'a [Vector], templates: &BTreeMap<String, String>) -> Result<Vec<Report<'a>>, Failure> {
    let mut reports: Vec<Report<'_>> = Vec::new();
    for vector in vectors {
        let template = vector.template.as_str();
        let known = reports.iter().position(|report| report.template == template);
        let index = known.unwrap_or_else(|| {
            reports.push(Report { template, passed: 0, failed: Vec::new() });
            reports.len() - 1
        });
        match check(vector, &templates[template])? {
            Ok(()) => reports[index].passed += 1,
            Err(mismatch) => reports[index].failed.push((vector, mismatch)),
        }
    }
    Ok(reports)
}

/// Renders in a thread of its own, so that there can be a clock beside.
fn check(vector: &Vector, template: &str) -> Result<Result<(), Mismatch>, Failure> {
    let (send, receive) = mpsc::channel();
    let (owned, template) = (vector.clone(), template.to_owned());
    let render = move || {
        // Nobody listens any more once the time is over.
        let _ = send.send(owned.check(&template));
    };
    let started = thread::Builder::new().stack_size(STACK).spawn(render);
    started.map_err(|error| Failure::sentence(format!("failed to start a thread: {error}")))?;
    receive.recv_timeout(PATIENCE).map_err(|_| {
        let (Vector { template, case, line, .. }, seconds) = (vector, PATIENCE.as_secs());
        let place = format!("line {line}, template `{template}`, case `{case}`");
        Failure::sentence(format!("{place}: not rendered after {seconds} seconds; leave the template out"))
    })
}

fn as_json(reports: &[Report<'_>]) -> String {
    let failure = |(vector, mismatch): &(&Vector, Mismatch)| {
        let message = mismatch.to_string();
        match mismatch {
            Mismatch::Prompt(difference) => json!({
                "line": vector.line, "case": vector.case, "message": message,
                "prompt_line": difference.line, "prompt_column": difference.column,
            }),
            _ => json!({ "line": vector.line, "case": vector.case, "message": message }),
        }
    };
    let template = |report: &Report<'_>| {
        json!({
            "template": report.template,
            "passed": report.passed,
            "cases": report.cases(),
            "failed": report.failed.iter().map(failure).collect::<Vec<_>>(),
        })
    };
    let (passed, cases) = totals(reports);
    json!({ "passed": passed, "cases": cases, "templates": reports.iter().map(template).collect::<Vec<_>>() })
        .to_string()
}

fn as_text(reports: &[Report<'_>]) -> String {
    let width = reports.iter().map(|report| report.template.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for report in reports {
        text.push_str(&format!("{:<width$}  {} of {}\n", report.template, report.passed, report.cases()));
        for (vector, mismatch) in &report.failed {
            text.push_str(&format!("  line {}, case `{}`: {mismatch}\n", vector.line, vector.case));
        }
    }
    let (passed, cases) = totals(reports);
    text + &format!("{passed} of {cases} cases render as expected\n")
}

fn totals(reports: &[Report<'_>]) -> (usize, usize) {
    (reports.iter().map(|report| report.passed).sum(), reports.iter().map(Report::cases).sum())
}

impl Report<'_> {
    fn cases(&self) -> usize {
        self.passed + self.failed.len()
    }
}
