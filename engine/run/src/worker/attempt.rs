//! What a worker in a job of a cluster says of the stage that it works on: that it begins, how much memory it and all that it started
//! take, and how it ended. Whoever finds the stage later learns from that of what it died.

use crate::protocol::{Reply, Ticket};
use crate::shortage;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use xlt_cache::Cache;
use xlt_core::attempts::{Begun, Line};
use xlt_core::key::Key;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is written down that the attempt lives, whatever it takes.
const ALIVE: Duration = Duration::from_secs(15);

/// An attempt under way.
pub(super) struct Attempt {
    notes: Arc<Notes>,
    run: String,
    /// Ends the thread that looks.
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Notes {
    cache: Cache,
    key: Key,
}

impl Notes {
    /// A cache that cannot be written to will be told of by the stage itself.
    fn say(&self, line: &Line) {
        let _ = self.cache.say_of_attempt(&self.key, &line.text());
    }
}

impl Attempt {
    /// Begins one. The lock of the key is held.
    pub(super) fn begin(cache: &Cache, key: Key, ticket: &Ticket) -> Self {
        let notes = Arc::new(Notes { cache: cache.clone(), key });
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        notes.say(&Line::Begun(Begun { at, ..ticket.begun.clone() }));
        let (over, told) = channel();
        let watching = Arc::clone(&notes);
        let thread = std::thread::spawn(move || {
            let (begun, mut most, mut said) = (Instant::now(), 0, Instant::now());
            while told.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let bytes = memory_of_group().unwrap_or(0);
                // A quarter more is worth a line at once.
                if bytes > most + most / 4 || said.elapsed() >= ALIVE {
                    (most, said) = (most.max(bytes), Instant::now());
                    watching.say(&Line::Peak { bytes: most, after: begun.elapsed().as_secs() });
                }
            }
        });
        Self { notes, run: ticket.begun.run.clone(), over: Some(over), thread: Some(thread) }
    }

    /// Says how it ended, while the lock is still held. Of one that is done the record will tell.
    pub(super) fn end(mut self, reply: &Reply) {
        self.stop();
        let run = self.run.clone();
        let line = match reply {
            Reply::Stopped => Line::Stopped,
            Reply::Failed { message, tail, .. } if short(message, tail) => Line::Short { message: message.clone() },
            Reply::Failed { message, tail, .. } => Line::Failed { run, message: message.clone(), tail: tail.clone() },
            Reply::Damaged { blake3, what } => Line::Damaged { run, blake3: blake3.clone(), what: what.clone() },
            Reply::Done(_) | Reply::Busy | Reply::Already { .. } | Reply::Progress { .. } => return,
        };
        self.notes.say(&line);
    }

    fn stop(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a failure is for want of memory: more of it may do.
fn short(message: &str, tail: &[String]) -> bool {
    shortage::is_of_memory(message) || tail.iter().any(|line| shortage::is_of_memory(line))
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Bytes in memory of all processes of this one's group, files that they map among them, as a cluster counts them.
fn memory_of_group() -> Option<u64> {
    let group = rustix::process::getpgrp().as_raw_nonzero().get();
    let processes = std::fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::split_whitespace);
        // Of a process in namespaces it has several groups, the innermost last.
        (line("NSpgid:")?.next_back()?.parse::<i32>().ok()? == group).then_some(())?;
        Some(line("VmRSS:")?.next()?.parse::<u64>().ok()? << 10)
    });
    Some(processes.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_memory_of_the_group_is_at_least_that_of_this_process() {
        let held = vec![1_u8; 64 << 20];
        let bytes = memory_of_group().expect("Linux says it");
        assert!(bytes >= 64 << 20, "{bytes} bytes, {} held", held.len());
    }
}
