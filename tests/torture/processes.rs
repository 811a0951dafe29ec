//! What of a space is alive: every process that has its folder in the environment, or works in it.

use crate::support::Space;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: i32,
    pub(crate) command: String,
}

impl Process {
    pub(crate) fn is_worker(&self) -> bool {
        self.command.contains(" worker --cache ")
    }

    pub(crate) fn kill(&self) {
        signal(self.id, Signal::KILL);
    }
}

/// Sends a signal. A process that is gone takes no notice.
pub(crate) fn signal(id: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(id).unwrap(), signal);
}

/// Every live process of a space.
pub(crate) fn of(space: &Space) -> Vec<Process> {
    let home = space.home("");
    let root = home.parent().unwrap();
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|&id| belongs(id, root)).map(|id| Process { id, command: command(id) }).collect()
}

fn belongs(id: i32, root: &Path) -> bool {
    let works_there = fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|folder| folder.starts_with(root));
    let name = root.as_os_str().as_encoded_bytes();
    let knows =
        || fs::read(format!("/proc/{id}/environ")).is_ok_and(|bytes| bytes.windows(name.len()).any(|at| at == name));
    works_there || knows()
}

fn command(id: i32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default()).replace('\0', " ")
}

/// Waits until nothing of the space is alive, which must not take long; says how long it took.
#[track_caller]
pub(crate) fn expect_none(space: &Space) -> Duration {
    expect_none_within(space, Duration::from_secs(20))
}

/// The same where something may well take its time.
#[track_caller]
pub(crate) fn expect_none_within(space: &Space, patience: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let left = of(space);
        if left.is_empty() {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < patience, "still alive: {left:#?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until some process of the space is as wanted.
#[track_caller]
pub(crate) fn wait_for(space: &Space, wanted: impl Fn(&Process) -> bool) -> Process {
    for _ in 0..10_000 {
        if let Some(found) = of(space).into_iter().find(&wanted) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("no such process: {:#?}", of(space));
}
