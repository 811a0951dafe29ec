//! When to try again, and how long to wait before. Without jitter: one client per file crowds no server, and its connections
//! wait together.

use std::thread;
use std::time::{Duration, Instant};

use crate::{FetchError, Settings, Watch};

/// How often a sleeper looks up.
pub(crate) const NAP: Duration = Duration::from_millis(50);

/// Why one try failed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It may pass: a sentence that fits after "because", and how long the server asks to wait.
    Passing { why: String, wait: Option<Duration> },
    /// It will not.
    Lasting(FetchError),
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Lasting(error)
    }
}

impl Trouble {
    /// Trouble that may pass.
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self::Passing { why: why.into(), wait: None }
    }
}

/// Counts tries in a row that brought nothing.
pub(crate) struct Patience<'a> {
    url: &'a str,
    settings: &'a Settings,
    failed: u32,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(url: &'a str, settings: &'a Settings) -> Self {
        Self { url, settings, failed: 0 }
    }

    /// A try brought something after all.
    pub(crate) fn renew(&mut self) {
        self.failed = 0;
    }

    /// Waits until the next try is due; `Err` when there is none, or the watcher wants to stop.
    pub(crate) fn wait(&mut self, why: String, asked: Option<Duration>, watch: &dyn Watch) -> Result<(), FetchError> {
        sleep(self.pause(why, asked, watch)?, watch)
    }

    /// How long to wait until the next try is due; `Err` when there is none.
    pub(crate) fn pause(
        &mut self,
        why: String,
        asked: Option<Duration>,
        watch: &dyn Watch,
    ) -> Result<Duration, FetchError> {
        self.failed += 1;
        let tries = self.settings.tries;
        if self.failed >= tries {
            return Err(FetchError::GaveUp { url: self.url.to_owned(), tries, why });
        }
        let doubled = self.settings.first_wait * 2_u32.saturating_pow(self.failed - 1);
        let pause = asked.unwrap_or_default().max(doubled).min(self.settings.longest_wait);
        let next = self.failed + 1;
        watch.say(&format!("{}: {why}; try {next} of {tries} in {:.1} s", self.url, pause.as_secs_f64()));
        Ok(pause)
    }
}

/// Waits, unless the watcher wants to stop.
pub(crate) fn sleep(pause: Duration, watch: &dyn Watch) -> Result<(), FetchError> {
    let end = Instant::now() + pause;
    loop {
        if watch.stop() {
            return Err(FetchError::Stopped);
        }
        match end.checked_duration_since(Instant::now()) {
            None | Some(Duration::ZERO) => return Ok(()),
            Some(left) => thread::sleep(left.min(NAP)),
        }
    }
}
