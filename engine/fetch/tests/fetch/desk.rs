//! A user's desk: a private folder, a watcher that remembers, and short patience.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use xlt_core::key;
use xlt_core::plan::Pin;
use xlt_core::spec::Source;
use xlt_fetch::{FetchError, Fetched, Order, Settings, Watch, fetch_with};

/// Remembers what it was told; may want to stop.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) lines: RefCell<Vec<String>>,
    pub(crate) steps: RefCell<Vec<(u64, Option<u64>)>>,
    /// Stops once so many bytes are reported.
    pub(crate) stop_at: Cell<Option<u64>>,
    /// Stops at this time.
    pub(crate) stop_when: Cell<Option<Instant>>,
}

impl Watch for Recorder {
    fn progress(&self, done: u64, total: Option<u64>) {
        self.steps.borrow_mut().push((done, total));
    }
    fn say(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
    fn stop(&self) -> bool {
        let reached = |limit| self.steps.borrow().iter().any(|(done, _)| *done >= limit);
        self.stop_at.get().is_some_and(reached) || self.stop_when.get().is_some_and(|when| Instant::now() >= when)
    }
}

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) watch: Recorder,
    pub(crate) settings: Settings,
    pin: Option<Pin>,
    size: Option<u64>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let settings = Settings {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_secs(3),
            timeout: Duration::from_millis(300),
            ..Settings::default()
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, watch: Recorder::default(), settings, pin: None, size: None }
    }

    /// With time for servers on a machine that has much else to do.
    pub(crate) fn patient(mut self) -> Self {
        self.settings.timeout = Duration::from_secs(30);
        self
    }

    /// The hash of these bytes is pinned.
    pub(crate) fn pin(self, bytes: &[u8]) -> Self {
        self.pin_to(Pin { sha256: sha256(bytes), ..Pin::default() })
    }

    /// The lock says this.
    pub(crate) fn pin_to(mut self, pin: Pin) -> Self {
        self.pin = Some(pin);
        self
    }

    /// This size is pinned.
    pub(crate) fn pin_size(mut self, size: usize) -> Self {
        self.size = Some(size as u64);
        self
    }

    pub(crate) fn fetch(&self, source: &Source) -> Result<Fetched, FetchError> {
        let order = Order { source, pin: self.pin.as_ref(), size: self.size, many: false, folder: self.folder.path() };
        fetch_with(&order, &self.watch, &self.settings)
    }

    pub(crate) fn fetch_url(&self, url: &str) -> Result<Fetched, FetchError> {
        self.fetch(&Source::Url { url: url.to_owned() })
    }

    /// Works in another folder than its own.
    pub(crate) fn fetch_into(&self, url: &str, folder: &Path) -> Result<Fetched, FetchError> {
        let source = Source::Url { url: url.to_owned() };
        let order = Order { source: &source, pin: self.pin.as_ref(), size: self.size, many: false, folder };
        fetch_with(&order, &self.watch, &self.settings)
    }

    pub(crate) fn said(&self, part: &str) -> bool {
        self.watch.lines.borrow().iter().any(|line| line.contains(part))
    }

    /// Names of everything in the work folder.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the work folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

#[track_caller]
pub(crate) fn assert_is(fetched: &Fetched, bytes: &[u8]) {
    assert!(read(&fetched.path) == bytes, "the file has other bytes");
    assert_eq!((fetched.size, &fetched.sha256), (bytes.len() as u64, &sha256(bytes)));
    assert_eq!(fetched.blake3, [(fetched.path.clone(), key::Digest::of(bytes))].into());
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a readable file")
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Bytes in which every part differs from every other.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
