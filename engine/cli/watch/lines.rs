//! Progress as plain lines, for logs and pipes.

use super::words;
use crate::term;
use std::time::{Duration, Instant};
use xlt_run::{Learning, Observer, RunEvent, Unit};

/// A line for every stage that ran.
#[derive(Debug, Default)]
pub(super) struct Lines {
    settled: usize,
    stages: usize,
    /// When the progress of a training was told last: it may take hours, and its first loss is worth knowing.
    told: Option<Instant>,
}

/// How often the progress of a training is told.
const EVERY: Duration = Duration::from_secs(30);

impl Lines {
    fn learning(&mut self, stage: &str, done: u64, total: Option<u64>, learning: Learning) {
        if self.told.is_none_or(|told| told.elapsed() >= EVERY) {
            self.told = Some(Instant::now());
            let amount = words::amount(done, total, Unit::Steps);
            term::tell(&format!("{stage}: {amount}  {}", words::learning(learning)));
        }
    }
}

impl Observer for Lines {
    fn event(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Planned { stages, cached } => (self.stages, self.settled) = (*stages, *cached),
            RunEvent::Finished { stage, ran, seconds, .. } => {
                self.settled += 1;
                if *ran {
                    term::tell(&format!(
                        "[{}/{}] {} {}",
                        self.settled,
                        self.stages,
                        stage.name,
                        words::duration(*seconds)
                    ));
                }
            }
            RunEvent::Progress { stage, done, total, learning: Some(learning), .. } => {
                self.learning(&stage.name, *done, *total, *learning);
            }
            RunEvent::Failed { .. } | RunEvent::Skipped { .. } => self.settled += 1,
            _ => {}
        }
        if let Some(message) = words::message(event) {
            term::tell(&message);
        }
    }
}
