//! Who uses the cache: runs, shared; a cleaning, alone or beside them. And what each run needs, so that a cleaning leaves it alone.
//!
//! A run notes itself in `runs/` and *pins* the records that it relies on, in a file beside its note, before anything is read of
//! them. A cleaning beside runs takes the lock `pinning` alone for each batch of what it removes, and reads the pins under it: what was
//! pinned before the batch stays; what is pinned after it is looked for anew, as everything is that a stage reads.

use crate::error::{At, CacheError, Holders};
use crate::layout::{self, Cache};
use crate::locks::{host, open};
use crate::tree;
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use xlt_core::key::Key;

/// How long a run waits for a cleaning to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How a cleaning calls itself.
const CLEANING: &str = "`xlt cache gc`";
/// End of the name of a run's pins; what is before it is the name of its note.
const PINS: &str = ".pins";

/// The cache is in use, shared with other runs, until this is dropped: no cleaning removes what this has pinned, or what was made since
/// it began.
#[derive(Debug)]
#[must_use = "the cache is held only while this lives"]
pub struct RunGuard {
    cache: Cache,
    _lock: File,
    note: Note,
}

/// A cleaning that has the cache to itself.
#[derive(Debug)]
pub(crate) struct Alone {
    _lock: File,
    _note: Note,
}

/// A cleaning beside runs.
#[derive(Debug)]
pub(crate) struct Beside {
    cache: Cache,
    _lock: File,
    _only: File,
    note: Note,
}

/// How a cleaning holds the cache.
#[derive(Debug)]
pub(crate) enum Cleaning {
    Alone(#[expect(dead_code, reason = "held")] Alone),
    Beside(Beside),
}

/// What the runs that are under way need. While it lives none of them pins anything more.
#[derive(Debug)]
pub(crate) struct Needed {
    /// Records that they rely on.
    pub(crate) keys: BTreeSet<Key>,
    /// When the first of them began, where there is one.
    pub(crate) since: Option<SystemTime>,
    _pinning: File,
}

impl RunGuard {
    /// Keeps records, and what they name, from cleanings while this lives. To be called before anything is read of them.
    ///
    /// # Errors
    /// Where it cannot be written down.
    pub fn pin<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Result<(), CacheError> {
        let lines: String = keys.into_iter().map(|key| format!("{key}\n")).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let _pinning = self.cache.pinning(|file| file.lock_shared())?;
        let path = self.note.pins();
        let file = File::options().append(true).open(&path);
        file.and_then(|mut file| file.write_all(lines.as_bytes())).at("write", &path)
    }
}

impl Cache {
    /// Holds the cache, shared, while a run lasts. Waits for a cleaning that has the cache to itself.
    ///
    /// # Errors
    /// Where such a cleaning does not end, or the lock file cannot be used.
    pub fn share(&self) -> Result<RunGuard, CacheError> {
        self.share_within(PATIENCE)
    }

    fn share_within(&self, patience: Duration) -> Result<RunGuard, CacheError> {
        // A cleaning beside runs sees every run that holds the lock, since both come about under this one.
        let _pinning = self.pinning(|file| file.lock_shared())?;
        let path = self.folder("lock");
        let file = open(&path).at("open the lock", &path)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock_shared() {
                Ok(()) => {
                    let note = self.note("a run")?;
                    fs::write(note.pins(), "").at("write into", &note.path)?;
                    return Ok(RunGuard { cache: self.clone(), _lock: file, note });
                }
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Err(self.in_use()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Holds the cache for a cleaning: alone where nobody else has it, else beside the runs that have. Does not wait.
    ///
    /// # Errors
    /// [`CacheError::InUse`] where another cleaning is on, or a run of an xlt that pins nothing.
    pub(crate) fn begin_cleaning(&self) -> Result<Cleaning, CacheError> {
        match self.exclude() {
            Ok(alone) => Ok(Cleaning::Alone(alone)),
            Err(CacheError::InUse { .. }) => self.beside().map(Cleaning::Beside),
            Err(error) => Err(error),
        }
    }

    fn exclude(&self) -> Result<Alone, CacheError> {
        let path = self.folder("lock");
        let file = open(&path).at("open the lock", &path)?;
        match file.try_lock() {
            Ok(()) => {
                // Nobody else holds the cache, so these are of processes that were killed.
                tree::children(&self.folder("runs"))?.iter().try_for_each(|(_, path)| tree::remove(path))?;
                Ok(Alone { _lock: file, _note: self.note(CLEANING)? })
            }
            Err(TryLockError::WouldBlock) => Err(self.in_use()),
            Err(TryLockError::Error(error)) => Err(error).at("lock", &path),
        }
    }

    fn beside(&self) -> Result<Beside, CacheError> {
        let [shared, only] = ["lock", "locks/cleaning"].map(|name| self.folder(name));
        let files = [&shared, &only].map(|path| open(path).at("open the lock", path));
        let [lock, alone] = files;
        let (lock, alone) = (lock?, alone?);
        let free = |found: Result<(), TryLockError>, path: &Path| match found {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(self.in_use()),
            Err(TryLockError::Error(error)) => Err(error).at("lock", path),
        };
        free(lock.try_lock_shared(), &shared)?;
        free(alone.try_lock(), &only)?;
        Ok(Beside { cache: self.clone(), _lock: lock, _only: alone, note: self.note(CLEANING)? })
    }

    /// Holds the lock under which runs pin.
    fn pinning(&self, take: impl Fn(&File) -> std::io::Result<()>) -> Result<File, CacheError> {
        let path = self.folder("locks/pinning");
        let file = open(&path).at("open the lock", &path)?;
        take(&file).at("lock", &path)?;
        Ok(file)
    }

    fn in_use(&self) -> CacheError {
        self.in_use_by(&self.notes())
    }

    fn in_use_by(&self, notes: &[PathBuf]) -> CacheError {
        CacheError::InUse { path: self.root().to_owned(), holders: Holders(lines(notes)) }
    }

    /// The notes whose writers still live, sorted by name.
    fn notes(&self) -> Vec<PathBuf> {
        let notes = fs::read_dir(self.folder("runs")).into_iter().flatten().flatten().map(|note| note.path());
        let held = notes.filter(|note| {
            let locked = File::open(note).map(|file| file.try_lock_shared());
            matches!(locked, Ok(Err(TryLockError::WouldBlock)))
        });
        let mut notes: Vec<_> = held.collect();
        notes.sort();
        notes
    }

    fn note(&self, what: &str) -> Result<Note, CacheError> {
        let folder = self.folder("runs");
        let note = layout::temporary(&folder).and_then(|mut file| {
            file.as_file().lock()?;
            write!(file, "{what} (process {} on {})", std::process::id(), host())?;
            let (file, path) = file.keep()?;
            Ok(Note { path, _file: file })
        });
        note.at("write into", &folder)
    }
}

impl Cleaning {
    /// What may not be removed now, however old it is.
    pub(crate) fn needed(&self) -> Result<Option<Needed>, CacheError> {
        match self {
            Self::Alone(_) => Ok(None),
            Self::Beside(beside) => beside.needed().map(Some),
        }
    }

    /// Lines about the runs beside which this is.
    pub(crate) fn runs(&self) -> Vec<String> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::Beside(beside) => lines(&beside.runs()),
        }
    }
}

impl Beside {
    /// Notes of the runs that are under way.
    fn runs(&self) -> Vec<PathBuf> {
        let mut notes = self.cache.notes();
        notes.retain(|note| *note != self.note.path);
        notes
    }

    fn needed(&self) -> Result<Needed, CacheError> {
        let pinning = self.cache.pinning(File::lock)?;
        let mut needed = Needed { keys: BTreeSet::new(), since: None, _pinning: pinning };
        for note in self.runs() {
            let pins = pins_of(&note);
            let text = match fs::read_to_string(&pins) {
                // It ended meanwhile, or is of an xlt that pins nothing.
                Err(_) if !note.exists() => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(self.cache.in_use_by(&self.runs()));
                }
                other => other.at("read", &pins)?,
            };
            needed.keys.extend(text.lines().filter_map(|line| line.parse::<Key>().ok()));
            let began = fs::metadata(&note).and_then(|note| note.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            needed.since = Some(needed.since.map_or(began, |since| since.min(began)));
        }
        Ok(needed)
    }
}

/// What notes say.
fn lines(notes: &[PathBuf]) -> Vec<String> {
    notes.iter().filter_map(|note| fs::read_to_string(note).ok()).collect()
}

/// A line in `runs/` that says who holds the cache; locked while its writer lives, so that a dead one is not believed.
#[derive(Debug)]
struct Note {
    path: PathBuf,
    _file: File,
}

impl Note {
    fn pins(&self) -> PathBuf {
        pins_of(&self.path)
    }
}

fn pins_of(note: &Path) -> PathBuf {
    let mut name = note.as_os_str().to_owned();
    name.push(PINS);
    PathBuf::from(name)
}

impl Drop for Note {
    fn drop(&mut self) {
        // The note first: one without pins is of an xlt that pins nothing. What stays is not locked, and a cleaning removes it.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(self.pins());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_waits_for_a_cleaning_and_then_names_it() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let cleaning = cache.exclude().unwrap();
        let error = cache.share_within(Duration::from_millis(30)).unwrap_err();
        let expected = format!("in use by `xlt cache gc` (process {} on ", std::process::id());
        assert!(error.to_string().contains(&expected), "{error}");
        drop(cleaning);
        let _run = cache.share_within(Duration::ZERO).unwrap();
    }

    #[test]
    fn the_note_of_a_process_that_was_killed_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        fs::write(root.path().join("runs/.xlt-dead"), "a run (process 1 on nowhere)").unwrap();
        let _run = cache.share().unwrap();
        assert_eq!(cache.notes().len(), 1, "{:?}", cache.notes());
    }

    #[test]
    fn a_run_that_is_gone_leaves_neither_note_nor_pins() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let run = cache.share().unwrap();
        run.pin(&[Key([1; 32])]).unwrap();
        drop(run);
        assert_eq!(fs::read_dir(root.path().join("runs")).unwrap().count(), 0);
    }
}
