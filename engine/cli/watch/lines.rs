//! Progress as plain lines, for logs and pipes.

use super::words;
use crate::term;
use xlt_run::{Observer, RunEvent};

/// A line for every stage that ran.
#[derive(Debug, Default)]
pub(super) struct Lines {
    settled: usize,
    stages: usize,
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
            RunEvent::Failed { .. } | RunEvent::Skipped { .. } => self.settled += 1,
            _ => {}
        }
        if let Some(message) = words::message(event) {
            term::tell(&message);
        }
    }
}
