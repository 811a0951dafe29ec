//! Runs pip, which knows the user's package index, proxy and login. Knows nothing of what is inside a wheel.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io::{BufRead, BufReader, PipeReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::error::OnDisk;
use crate::progress::Progress;
use crate::retry::NAP;
use crate::{FetchError, Settings, Watch};

/// Ways to call pip, the surest first.
const CALLS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip"], &["pip3"]];
/// Lines of pip's output that an error repeats.
const LAST: usize = 12;

/// Has pip put the wheel of `requirement` (`NAME==VERSION`) into `folder`; returns the command line that was run.
pub(crate) fn download(
    requirement: &str,
    folder: &Path,
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<String, FetchError> {
    // pip downloads into a temporary folder first; in ours, a killed pip leaves nothing behind elsewhere.
    let scratch = folder.join("scratch");
    std::fs::create_dir_all(&scratch).on_disk("create", &scratch)?;
    // One pipe for both streams: the order of the lines is pip's, and its last ones say what went wrong.
    let (output, input) = std::io::pipe().on_disk("open a pipe for", &scratch)?;
    let mut command = find(settings)?;
    command
        .args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"])
        .args(["--progress-bar", "off"])
        .arg("--dest")
        .arg(folder)
        .arg(requirement)
        .env("TMPDIR", &scratch)
        .stdin(Stdio::null())
        .stdout(input.try_clone().on_disk("open a pipe for", &scratch)?)
        .stderr(input);
    let line = command_line(&command);
    watch.say(&line);
    let child = command.spawn().map_err(|error| FetchError::PipMissing { tried: format!("{line}: {error}") })?;
    // The command holds the pipe's other end; while it does, the output has no end.
    drop(command);
    follow(Running(child), output, &line, folder, watch)?;
    Ok(line)
}

impl Settings {
    /// Commands that may call pip on this machine, without arguments; the first that works is used.
    #[must_use]
    pub fn pip_calls(&self) -> Vec<Command> {
        match &self.pip {
            Some(program) => vec![Command::new(program)],
            None => CALLS.iter().map(|call| start(call)).collect(),
        }
    }
}

/// The command that calls pip on this machine, without arguments.
fn find(settings: &Settings) -> Result<Command, FetchError> {
    if let Some(program) = &settings.pip {
        return Ok(Command::new(program));
    }
    let works = |call: &&&[&str]| {
        let mut probe = start(call);
        probe.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let found = CALLS.iter().find(works).map(|call| start(call));
    found.ok_or_else(|| {
        let tried = CALLS.map(|call| format!("`{}`", call.join(" "))).join(", ");
        FetchError::PipMissing { tried: format!("tried {tried}") }
    })
}

fn start(call: &[&str]) -> Command {
    let mut command = Command::new(call[0]);
    command.args(&call[1..]);
    command
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// A child that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Passes pip's lines on until it has ended.
fn follow(
    mut pip: Running,
    output: PipeReader,
    line: &str,
    folder: &Path,
    watch: &dyn Watch,
) -> Result<(), FetchError> {
    let lines = read_lines(output);
    let progress = Progress::new(watch);
    let mut last = VecDeque::new();
    loop {
        progress.step(largest_file(folder), None)?;
        match lines.recv_timeout(NAP) {
            Ok(line) => {
                watch.say(&line);
                last.push_back(line);
                last.drain(..last.len().saturating_sub(LAST));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = pip.0.wait().on_disk("wait for", Path::new(line))?;
    if status.success() {
        return Ok(());
    }
    let last = Vec::from(last).join("\n");
    Err(FetchError::PipFailed { command: line.to_owned(), status: status.to_string(), last })
}

/// The pipe's lines as they come.
fn read_lines(pipe: PipeReader) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Size of the largest file below `folder`: the wheel on its way. pip says nothing of how far it is.
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => largest_file(&entry.path()),
        Ok(meta) => meta.len(),
        // pip has just renamed or removed it.
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).max().unwrap_or(0)
}
