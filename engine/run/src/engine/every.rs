//! Something that is done again and again, but not more often than that.

use std::time::{Duration, Instant};

/// When it is done.
pub(super) struct Every {
    interval: Duration,
    last: Instant,
}

impl Every {
    /// For the first time when so long has passed from now.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last: Instant::now() }
    }

    /// From now on not more often than that.
    pub(super) fn not_more_often_than(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Whether it is time; if so, for the next time it counts from now.
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.last.elapsed() >= self.interval;
        if due {
            self.last = Instant::now();
        }
        due
    }
}
