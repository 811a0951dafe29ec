//! The lock file beside the spec, on disk.

use crate::error::RunError;
use fs_err as fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use xlt_core::key::Digest;
use xlt_core::lock::{Estimate, Lock, Registered};
use xlt_core::plan::{NewClaim, Pin};
use xlt_core::spec::Source;

/// `NAME.lock` beside `NAME.toml`.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    lock: Lock,
    /// What is written into it as the study's name.
    study: Option<String>,
}

impl LockFile {
    /// Reads the lock file of a study's spec; there need not be one.
    ///
    /// # Errors
    /// As [`LockFile::beside`], and where it was written for another study.
    pub fn of(spec: &Path, study: &str) -> Result<Self, RunError> {
        let mut file = Self::beside(spec)?;
        if let Some(other) = file.lock.study.as_ref().filter(|other| *other != study) {
            let why = format!(
                "it was written for the study `{other}`, and this is `{study}`\n  restore the right one from version control; if the \
                 study has a new name, write that into the lock file"
            );
            return Err(RunError::Lock { path: file.path, why });
        }
        file.study = Some(study.to_owned());
        Ok(file)
    }

    /// Reads the lock file of a spec; there need not be one.
    ///
    /// # Errors
    /// Where it is there and cannot be read or understood.
    pub fn beside(spec: &Path) -> Result<Self, RunError> {
        let path = spec.with_extension("lock");
        let lock = match fs::read_to_string(&path) {
            Ok(text) => Lock::parse(&text).map_err(|why| {
                let why = format!(
                    "{why}\n  restore it from version control, or delete it to have its files fetched and pinned anew"
                );
                RunError::Lock { path: path.clone(), why }
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Lock::default(),
            Err(error) => return Err(RunError::Lock { why: error.to_string(), path }),
        };
        Ok(Self { path, lock, study: None })
    }

    /// The pin of a source.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Pin> {
        self.lock.get(source)
    }

    /// When a claim was first seen.
    #[must_use]
    pub fn claim(&self, digest: &Digest) -> Option<&Registered> {
        self.lock.claim(digest)
    }

    /// What is believed of a source that is not pinned, or not here.
    #[must_use]
    pub fn estimate(&self, source: &Source) -> Option<Estimate> {
        self.lock.estimate(source)
    }

    /// Registers claims and writes the file whole; nothing is written where there are none.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn register(&mut self, claims: &[NewClaim]) -> Result<(), RunError> {
        if claims.is_empty() {
            return Ok(());
        }
        self.change(|lock| {
            for NewClaim { digest, text, post_hoc } in claims {
                lock.register(*digest, Registered { text: text.clone(), post_hoc: *post_hoc });
            }
            Ok(true)
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a pin and writes the file whole. Pins that another engine has added meanwhile are kept. `declared`: the spec
    /// itself says what the content is, and the file has been found so; then it counts more than an older pin.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn pin(&mut self, source: &Source, pin: Pin, declared: bool) -> Result<(), RunError> {
        self.change(|lock| {
            match lock.get(source) {
                None => lock.insert(source, pin),
                Some(there) if there.sha256 == pin.sha256 && (there.commit.is_some() || pin.commit.is_none()) => {
                    return Ok(false);
                }
                Some(there) if declared || there.sha256 == pin.sha256 => lock.insert(source, pin),
                Some(_) => {
                    return Err(format!("another run has pinned {source} meanwhile, with other content; run again"));
                }
            }
            Ok(true)
        })
    }

    /// Reads the file anew, changes what it says, and writes it whole where something changed. Two engines may do so at once: the
    /// folder's lock makes it one step. It ends with the handle.
    fn change(&mut self, change: impl FnOnce(&mut Lock) -> Result<bool, String>) -> Result<(), RunError> {
        let failed = |why: String| RunError::Lock { path: self.path.clone(), why };
        let folder = std::fs::File::open(self.folder()).map_err(|error| failed(error.to_string()))?;
        folder.lock().map_err(|error| failed(error.to_string()))?;
        let mut lock = Self::beside(&self.path)?.lock;
        let changed = change(&mut lock).map_err(failed)?;
        lock.study = self.study.clone().or(lock.study);
        self.lock = lock;
        if changed {
            self.write().map_err(|error| RunError::Lock { path: self.path.clone(), why: error.to_string() })
        } else {
            Ok(())
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn write(&self) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.folder())?;
        file.write_all(self.lock.to_text().as_bytes())?;
        file.as_file().sync_all()?;
        // A temporary file is private; a lock file is for everyone who can read the spec.
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]
    use super::*;

    #[test]
    fn pins_that_several_engines_add_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("study.toml");
        let source = |number: u8| Source::Url { url: format!("https://localhost/{number}") };
        std::thread::scope(|scope| {
            for number in 0..16 {
                let (spec, source) = (&spec, source(number));
                scope.spawn(move || {
                    let pin = Pin { sha256: "ab".repeat(32), size: Some(1), ..Pin::default() };
                    LockFile::beside(spec).unwrap().pin(&source, pin, false).unwrap();
                });
            }
        });
        let mut lock = LockFile::beside(&spec).unwrap();
        let other = Pin { sha256: "cd".repeat(32), size: Some(1), ..Pin::default() };
        assert!(lock.pin(&source(3), other.clone(), false).is_err(), "a pin is honoured, not replaced");
        let same = Pin { sha256: "ab".repeat(32), commit: Some("c0ffee".to_owned()), ..other.clone() };
        lock.pin(&source(4), same, false).unwrap();
        assert!(lock.get(&source(4)).is_some_and(|pin| pin.commit.is_some()), "a commit is added to what was known");
        lock.pin(&source(5), other.clone(), true).unwrap();
        assert_eq!(lock.get(&source(5)), Some(&other), "the spec's own word counts more");
        assert!((0..16).all(|number| lock.get(&source(number)).is_some()));
    }
}
