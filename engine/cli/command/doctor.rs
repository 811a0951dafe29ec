//! `xlt doctor`: what this xlt can use here, and what to put right.

use super::cache::bytes;
use crate::context::{cache_folder, state_folder};
use crate::failure::{Failure, USER};
use crate::term;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use xlt_run::doctor::{Compute, Findings, Llama, Trouble};

/// Say what xlt can use on this machine, and what to put right
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The cache folder [default: $XLT_CACHE, else $XDG_CACHE_HOME/xlt, else ~/.cache/xlt]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Columns of a page.
const WIDTH: usize = 80;
/// Column at which what was found begins.
const INDENT: usize = 13;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let findings = Findings::gather(&cache_folder(args.cache.as_deref())?, &state_folder()?);
    term::say(&if args.json { as_json(&findings) } else { page(&findings) });
    let fatal = findings.troubles().any(|trouble| trouble.fatal);
    Ok(if fatal { ExitCode::from(USER) } else { ExitCode::SUCCESS })
}

fn page(findings: &Findings) -> String {
    let mut page = Page(format!("xlt {VERSION}\n\n"));
    match &findings.llama {
        None => page.note('!', "llama.cpp", "not in this build: it evaluates and quantizes nothing"),
        Some(llama) => page.llama(llama),
    }
    page.gap();
    page.machine(findings);
    page.gap();
    page.disk(findings);
    page.gap();
    page.network(findings);
    page.gap();
    page.0.push_str(&verdict(findings));
    page.0
}

fn verdict(findings: &Findings) -> String {
    match (findings.troubles().filter(|trouble| trouble.fatal).count(), findings.troubles().count()) {
        (0, 0) => "Everything is in order.".to_owned(),
        (0, _) => "xlt can run; what is marked ! is not needed by every study.".to_owned(),
        _ => "xlt cannot run before what is marked ✗ is put right.".to_owned(),
    }
}

/// Aligned lines, wrapped at the page's width.
struct Page(String);

impl Page {
    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn line(&mut self, name: &str, text: &str) {
        self.note(' ', name, text);
    }

    fn trouble(&mut self, name: &str, trouble: &Trouble) {
        self.note(mark(Some(trouble)), name, &trouble.what);
    }

    fn note(&mut self, mark: char, name: &str, text: &str) {
        let indent = format!("\n{}", " ".repeat(INDENT));
        let text = wrap(text, WIDTH - INDENT).join(&indent);
        self.0.push_str(&format!("{mark} {name:<width$}{text}\n", width = INDENT - 2));
    }

    fn llama(&mut self, llama: &Llama) {
        self.line("llama.cpp", llama.version);
        match &llama.compute {
            Ok(compute) => self.compute(compute),
            Err(trouble) => self.trouble("kernels", trouble),
        }
        let count = llama.libraries.len();
        self.line("backends", &format!("{count} libraries in {}", llama.backends.display()));
    }

    fn compute(&mut self, compute: &Compute) {
        self.line("kernels", &compute.kernel_class);
        let feature = |(name, value): &(String, String)| match value.as_str() {
            "1" => name.clone(),
            _ => format!("{name}={value}"),
        };
        self.line("features", &compute.cpu_features.iter().map(feature).collect::<Vec<_>>().join(" "));
        for device in &compute.devices {
            let unused = device.unused.as_ref().map(|why| format!("; not used: {why}")).unwrap_or_default();
            let (name, total) = (&device.name, bytes(device.memory_total));
            let what = device.description.trim();
            self.line(
                "device",
                &match device.kind {
                    "cpu" => format!("{name}: {what}, {total}"),
                    kind => format!("{name} ({kind}): {what}, {} free of {total}{unused}", bytes(device.memory_free)),
                },
            );
        }
        for (module, why) in &compute.idle {
            self.line("", &format!("no GPU by the module `{module}`: {why}"));
        }
        if compute.idle.is_empty() && compute.devices.iter().all(|device| device.kind == "cpu") {
            self.line("", "no GPU: that takes a module, and this xlt has none for GPUs (docs/gpu.md)");
        }
    }

    fn machine(&mut self, findings: &Findings) {
        let resources = findings.machine.resources;
        self.line("cores", &format!("{}; an evaluation computes in as many threads", resources.cores));
        let total = if resources.memory == u64::MAX { "unknown".to_owned() } else { bytes(resources.memory) };
        let available = findings.memory_available.map(|available| format!(", {} available", bytes(available)));
        self.line("memory", &(total + &available.unwrap_or_default()));
    }

    fn disk(&mut self, findings: &Findings) {
        let cache = &findings.cache;
        self.note(mark(cache.trouble.as_ref()), "cache", &cache.folder.display().to_string());
        let artifacts = cache.artifacts.map(|tally| format!("{} artifacts, {}", tally.count, bytes(tally.bytes)));
        let free = cache.free.map(|free| format!("{} free on its disk", bytes(free)));
        let locks = cache.locks.map(|work| if work { "locks work" } else { "locks do not work" }.to_owned());
        let facts: Vec<String> = artifacts.into_iter().chain(free).chain(locks).collect();
        if !facts.is_empty() {
            self.line("", &facts.join("; "));
        }
        if let Some(trouble) = &cache.trouble {
            self.line("", &trouble.what);
        }
        match &findings.state {
            (folder, None) => self.line("state", &folder.display().to_string()),
            (_, Some(trouble)) => self.trouble("state", trouble),
        }
    }

    fn network(&mut self, findings: &Findings) {
        match &findings.pip {
            Ok(pip) => self.line("pip", &format!("{}, by `{}`", pip.version, pip.command)),
            Err(trouble) => self.trouble("pip", trouble),
        }
        let token = if findings.hub_token { "a token is set" } else { "no token (only gated files need one)" };
        self.line("hub", &format!("{}; {token}", findings.hub));
    }
}

fn mark(trouble: Option<&Trouble>) -> char {
    match trouble {
        None => ' ',
        Some(Trouble { fatal: false, .. }) => '!',
        Some(Trouble { fatal: true, .. }) => '✗',
    }
}

/// Breaks a text into lines between words; a word that is longer than a line is one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn as_json(findings: &Findings) -> String {
    let problem = |trouble: Option<&Trouble>| trouble.map(|trouble| trouble.what.clone());
    let (resources, cache, (state, state_trouble)) = (findings.machine.resources, &findings.cache, &findings.state);
    let pip = findings.pip.as_ref();
    json!({
        "version": VERSION,
        "llama": findings.llama.as_ref().map(llama_json),
        "cores": resources.cores,
        "memory": (resources.memory != u64::MAX).then_some(resources.memory),
        "memory_available": findings.memory_available,
        "cache": {
            "folder": cache.folder.display().to_string(),
            "artifacts": cache.artifacts.map(|tally| tally.count),
            "bytes": cache.artifacts.map(|tally| tally.bytes),
            "free": cache.free,
            "locks": cache.locks,
            "problem": problem(cache.trouble.as_ref()),
        },
        "state": { "folder": state.display().to_string(), "problem": problem(state_trouble.as_ref()) },
        "pip": {
            "command": pip.ok().map(|pip| &pip.command),
            "version": pip.ok().map(|pip| &pip.version),
            "problem": problem(pip.err()),
        },
        "hub": { "endpoint": findings.hub, "token": findings.hub_token },
        "usable": !findings.troubles().any(|trouble| trouble.fatal),
    })
    .to_string()
}

fn llama_json(llama: &Llama) -> Value {
    let compute = llama.compute.as_ref();
    let devices = compute.map(|compute| compute.devices.as_slice()).unwrap_or_default().iter().map(|device| {
        json!({
            "name": device.name,
            "description": device.description,
            "kind": device.kind,
            "memory_free": device.memory_free,
            "memory_total": device.memory_total,
            "unused": device.unused,
        })
    });
    let features = compute.map(|compute| compute.cpu_features.as_slice()).unwrap_or_default();
    json!({
        "version": llama.version,
        "kernel_class": compute.ok().map(|compute| &compute.kernel_class),
        "cpu_features": features.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<serde_json::Map<_, _>>(),
        "devices": devices.collect::<Vec<_>>(),
        "modules_without_gpu": compute.map(|compute| compute.idle.as_slice()).unwrap_or_default().iter()
            .map(|(module, why)| json!({ "module": module, "why": why })).collect::<Vec<_>>(),
        "backends": { "folder": llama.backends.display().to_string(), "libraries": llama.libraries },
        "problem": compute.err().map(|trouble| &trouble.what),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("/a/very/long/path is long", 7), ["/a/very/long/path", "is long"]);
        assert_eq!(wrap("", 7), [""; 0]);
    }
}
