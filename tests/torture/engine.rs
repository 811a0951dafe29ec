//! An engine in the background whose events are read as they come.

use crate::chance::Chance;
use crate::processes::{self, Process, signal};
use crate::support::{Answer, Outcome, Space};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// A run that is under way.
pub(crate) struct Engine {
    child: Child,
    events: BufReader<ChildStdout>,
    heard: String,
    stderr: JoinHandle<String>,
}

impl Engine {
    /// `xlt run spec.toml --json` in a folder.
    pub(crate) fn start(space: &Space, folder: &Path, jobs: u32) -> Self {
        let mut command = space.xlt(&["run", "spec.toml", "--allow-commands", "--json", "--jobs", &jobs.to_string()]);
        command.current_dir(folder);
        Self::of(command)
    }

    /// Whatever ends as a run that tells its events as JSON.
    pub(crate) fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let events = BufReader::new(child.stdout.take().unwrap());
        let mut pipe = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text).unwrap_or_default()
        });
        Self { child, events, heard: String::new(), stderr }
    }

    pub(crate) fn id(&self) -> i32 {
        self.child.id() as i32
    }

    pub(crate) fn interrupt(&self) {
        signal(self.id(), Signal::INT);
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it or, in one of three cases and if it has some, one of its workers; then it must come to its end with no more than that
    /// stage failed, or what it did instead is returned.
    pub(crate) fn kill_something(mut self, space: &Space, chance: &mut Chance) -> Option<String> {
        let workers: Vec<Process> = processes::of(space).into_iter().filter(Process::is_worker).collect();
        if chance.below(3) > 0 || workers.is_empty() || !self.runs() {
            self.kill();
            return None;
        }
        workers[chance.below(workers.len() as u64) as usize].kill();
        let outcome = self.end();
        let odd = !(0..=1).contains(&outcome.code) || outcome.failed.len() > 1;
        odd.then(|| format!("{outcome:#?}"))
    }

    /// Whether it has not ended yet.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Reads events up to the next of that name.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str) -> Value {
        loop {
            let mut line = String::new();
            let count = self.events.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended without {name}:\n{}", self.heard);
            self.heard.push_str(&line);
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Outcome {
        self.events.read_to_string(&mut self.heard).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let stderr = self.stderr.join().unwrap();
        Outcome::of(Answer { code, stdout: self.heard, stderr }, Vec::new())
    }
}
