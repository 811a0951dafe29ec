//! The log of a stage, open while the stage runs, and kept small while it does: what prints for days does not fill the disk.

use super::folder::sentence;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use xlt_cache::Cache;
use xlt_core::key::Key;

/// A log is looked at so often.
const LOOK: Duration = Duration::from_secs(1);
/// How large a log may grow, and what is kept of a larger one.
const BOUNDS: Bounds = Bounds { most: 64 << 20, head: 1 << 20, tail: 15 << 20 };

/// The log that is open, if one is.
pub(super) type Open = Arc<Mutex<Option<PathBuf>>>;

/// Bytes of a log: at most, and of its beginning and its end what is kept when it has more.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    most: u64,
    head: u64,
    tail: u64,
}

/// Keeps the open log small, for as long as the process lives.
pub(super) fn keep_small(open: &Open) {
    let open = Arc::clone(open);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(LOOK);
            let path = open.lock().ok().and_then(|path| path.clone());
            if let Some(path) = path {
                // One that cannot be cut grows on.
                let _ = cut(&path, BOUNDS);
            }
        }
    });
}

/// Leaves out the middle of a log that has grown too large. Who writes it appends, so goes on at its new end; a line that is written
/// at this very moment may be lost.
fn cut(path: &Path, bounds: Bounds) -> Result<(), Error> {
    let mut file = File::options().read(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    if size <= bounds.most {
        return Ok(());
    }
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    (&mut file).take(bounds.head).read_to_end(&mut head)?;
    head.truncate(head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    file.seek(SeekFrom::Start(size - bounds.tail))?;
    file.read_to_end(&mut tail)?;
    let tail = &tail[tail.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)..];
    file.set_len(head.len() as u64)?;
    writeln!(file, "[xlt: the log grew beyond {} MiB; its middle is left out here]", bounds.most >> 20)?;
    file.write_all(tail)
}

/// What a stage and its programs say.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// An empty log in its place in the cache: `spare`, if there is such a file, else a new one.
    pub(super) fn open(cache: &Cache, key: &Key, spare: &Path) -> Result<Self, String> {
        let path = cache.log_path(key);
        cache.make_log_folder(key).map_err(|error| format!("failed to {error}"))?;
        let file = match fs::rename(spare, &path) {
            Ok(()) => appended_to(&path),
            Err(error) if error.kind() == ErrorKind::NotFound => File::create(&path).and_then(|_| appended_to(&path)),
            Err(error) => Err(error),
        };
        let file = file.map_err(|error| sentence(&path, &error))?;
        Ok(Self { path, file: Mutex::new(file) })
    }

    pub(super) fn say(&self, line: &str) {
        if let Ok(mut file) = self.file.lock() {
            let _ = writeln!(file, "{line}");
        }
    }

    /// Another handle on it, for a program.
    pub(super) fn handle(&self) -> Result<File, Error> {
        self.file.lock().map_err(|_| Error::other("it is broken"))?.try_clone()
    }

    /// The stage is finished. A log that stayed empty is put aside for the next stage, or removed.
    pub(super) fn close(&self, spare: Option<&Path>) {
        if self.path.metadata().is_ok_and(|found| found.len() > 0) {
            return;
        }
        let _ = match spare {
            Some(spare) => fs::rename(&self.path, spare),
            None => fs::remove_file(&self.path),
        };
    }
}

/// Appended to by all who share it: nobody writes over what another one said.
fn appended_to(path: &Path) -> Result<File, Error> {
    File::options().append(true).open(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

    use super::*;

    const SMALL: Bounds = Bounds { most: 100, head: 20, tail: 30 };

    #[test]
    fn of_a_log_that_grew_too_large_the_beginning_and_the_end_are_kept_in_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        File::create(&path).unwrap();
        let mut program = appended_to(&path).unwrap();
        for line in 0..30 {
            writeln!(program, "line {line}").unwrap();
        }
        cut(&path, SMALL).unwrap();
        writeln!(program, "last").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (head, tail) = text.split_once("[xlt: the log grew beyond 0 MiB; its middle is left out here]\n").unwrap();
        assert_eq!((head, tail), ("line 0\nline 1\n", "line 27\nline 28\nline 29\nlast\n"));
    }

    #[test]
    fn a_log_that_is_small_enough_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "a".repeat(100)).unwrap();
        cut(&path, SMALL).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a".repeat(100));
    }
}
