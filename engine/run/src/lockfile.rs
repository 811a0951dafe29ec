//! The lock file beside the spec, on disk.

use crate::error::RunError;
use fs_err as fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use xlt_core::lock::Lock;
use xlt_core::plan::Pin;
use xlt_core::spec::Source;

/// `NAME.lock` beside `NAME.toml`.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    lock: Lock,
}

impl LockFile {
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
        Ok(Self { path, lock })
    }

    /// The pin of a source.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Pin> {
        self.lock.get(source)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a pin and writes the file whole. Pins that another engine has added meanwhile are kept.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn pin(&mut self, source: &Source, pin: Pin) -> Result<(), RunError> {
        let meanwhile = Self::beside(&self.path)?;
        self.lock = meanwhile.lock;
        self.lock.insert(source, pin);
        self.write().map_err(|error| RunError::Lock { path: self.path.clone(), why: error.to_string() })
    }

    fn write(&self) -> std::io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.lock.to_text().as_bytes())?;
        file.as_file().sync_all()?;
        // A temporary file is private; a lock file is for everyone who can read the spec.
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.persist(&self.path)?;
        Ok(())
    }
}
