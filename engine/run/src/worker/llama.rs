//! llama.cpp at work for a stage: what it says goes to the stage's log.

use super::{Desk, Trouble};
use std::io::Write;
use std::sync::{Arc, Mutex};
use xlt_llama::Backend;

/// llama.cpp, heard from now until this is dropped.
pub(super) struct Heard<'a> {
    pub(super) backend: Backend,
    desk: &'a Desk<'a>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// Starts llama.cpp. What it says goes to standard error at once, by which the engine learns what it said last before it
/// aborted, and to the stage's log in the end.
pub(super) fn start<'a>(desk: &'a Desk<'a>) -> Result<Heard<'a>, Trouble> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    let backend = Backend::start(move |line| {
        if let Ok(mut lines) = heard.lock() {
            lines.push(line.to_owned());
        }
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    });
    Ok(Heard { backend: backend.map_err(Trouble::new)?, desk, lines })
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        if let Ok(lines) = self.lines.lock() {
            lines.iter().for_each(|line| self.desk.log.say(line));
        }
    }
}
