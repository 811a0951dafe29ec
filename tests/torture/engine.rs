//! An engine in the background whose events are read as they come.

use crate::processes::signal;
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
