//! A cache in a folder of its own, and a few words to fill it with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xlt_cache::{Cache, Ingested, Ledger, RunGuard};
use xlt_core::key::{Digest, Key};
use xlt_core::record::{Output, Record};

pub(crate) struct Space {
    folder: tempfile::TempDir,
    pub(crate) cache: Cache,
}

impl Space {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        Self { folder, cache }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes files below `name`; a name with no files after it is a file itself.
    pub(crate) fn folder(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = self.path(name);
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    pub(crate) fn ingest(&self, bytes: impl AsRef<[u8]>) -> Ingested {
        let path = self.cache.root().join("partial/new");
        fs::write(&path, bytes).unwrap();
        self.cache.ingest(&path).unwrap()
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.path("state/ledger.sqlite")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.ledger_path(), &self.cache).unwrap()
    }

    /// A finished stage: its output and its record.
    pub(crate) fn finish(&self, stage: &str, text: &str) -> Record {
        let record = record(stage, text, &self.ingest(text));
        self.cache.write_record(&record).unwrap();
        record
    }

    /// Makes a record look as if it had been written so many days ago.
    pub(crate) fn age(&self, record: &Record, days: u64) {
        set_age(&self.cache.record_path(&record.key), days);
    }

    /// A run that begins now. Its note says so an hour late, since a cleaning takes what is up to an hour older for the run's own.
    pub(crate) fn begin_run(&self) -> RunGuard {
        // File systems' clocks tick every few milliseconds.
        let tick = || std::thread::sleep(Duration::from_millis(25));
        tick();
        let run = self.cache.share().unwrap();
        let notes = fs::read_dir(self.cache.root().join("runs")).unwrap().map(|note| File::open(note.unwrap().path()));
        notes.for_each(|note| note.unwrap().set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap());
        tick();
        run
    }
}

pub(crate) fn set_age(path: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    File::open(path).unwrap().set_modified(then).unwrap();
}

pub(crate) fn key(name: &str) -> Key {
    Key(Digest::of(name.as_bytes()).0)
}

pub(crate) fn record(stage: &str, text: &str, output: &Ingested) -> Record {
    let Ingested { digest, size, folder, .. } = *output;
    Record {
        key: key(&format!("{stage} {text}")),
        stage: stage.to_owned(),
        study: "study".to_owned(),
        outputs: vec![Output { name: "answers".to_owned(), digest, size, folder }],
        kernel_class: None,
        version: "0".to_owned(),
        manifest: format!("text = {text:?}\n"),
    }
}

/// Changes one bit in a read-only file.
pub(crate) fn flip_bit(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}
