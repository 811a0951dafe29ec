//! Tells the watcher how far we are, but not more often than an eye can follow.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::{FetchError, Watch};

const PAUSE: Duration = Duration::from_millis(100);

/// A watcher that is not called too often.
pub(crate) struct Progress<'a> {
    watch: &'a dyn Watch,
    last: Cell<Option<Instant>>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(watch: &'a dyn Watch) -> Self {
        Self { watch, last: Cell::new(None) }
    }

    /// Reports `done` unless that was just done; `Err` when the watcher wants to stop.
    pub(crate) fn step(&self, done: u64, total: Option<u64>) -> Result<(), FetchError> {
        if self.last.get().is_none_or(|last| last.elapsed() >= PAUSE) {
            self.last.set(Some(Instant::now()));
            self.watch.progress(done, total);
        }
        if self.watch.stop() { Err(FetchError::Stopped) } else { Ok(()) }
    }

    /// Reports the end, always.
    pub(crate) fn end(&self, done: u64) {
        self.watch.progress(done, Some(done));
    }
}

/// The watcher of one of several files, who hears of all of them as of one.
pub(crate) struct Shifted<'a> {
    pub(crate) watch: &'a dyn Watch,
    /// Bytes of the files before.
    pub(crate) before: u64,
    /// Bytes of all files, if that is known.
    pub(crate) total: Option<u64>,
}

impl Watch for Shifted<'_> {
    fn progress(&self, done: u64, _: Option<u64>) {
        self.watch.progress(self.before + done, self.total);
    }

    fn say(&self, line: &str) {
        self.watch.say(line);
    }

    fn stop(&self) -> bool {
        self.watch.stop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(Cell<u32>);

    impl Watch for Counter {
        fn progress(&self, _: u64, _: Option<u64>) {
            self.0.set(self.0.get() + 1);
        }
        fn say(&self, _: &str) {}
        fn stop(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_fast_download_does_not_flood_the_terminal() {
        let counter = Counter(Cell::new(0));
        let progress = Progress::new(&counter);
        (0..1000).for_each(|done| progress.step(done, None).expect("nobody stops"));
        assert!(counter.0.get() <= 10, "{} calls", counter.0.get());
        assert!(counter.0.get() >= 1);
    }
}
