//! The folder: where things lie in it, which format it has, and opening it.

use crate::error::{At, CacheError};
use crate::locks;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xlt_core::key::{Digest, Key};

/// Format of the folder. Raise it when an older xlt must not touch a newer cache. No older one is read.
const FORMAT: u64 = 1;
/// Name of the folder of records; its number is the record's own format.
pub(crate) const RECORDS: &str = "v1";

const FOLDERS: [&str; 10] =
    ["objects", "records", "records/v1", "partial", "locks", "logs", "quarantine", "tmp", "runs", "uses"];

/// A cache folder that is open. Clones are cheap and mean the same folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: Arc<Path>,
    id: Arc<str>,
}

impl Cache {
    /// Opens the cache at `root`, making the folder where there is none. One that this user may only read is opened, too: whatever
    /// writes will say so.
    ///
    /// # Errors
    /// Where the folder cannot be made, is of another format, or lies where file locks do not work.
    pub fn open(root: &Path) -> Result<Self, CacheError> {
        let root = std::path::absolute(root).at("open the cache", root)?;
        let found = read_format(&root)?;
        let is_old = found.is_some();
        let id = match found {
            Some(id) => id,
            None => create(&root)?,
        };
        match locks::probe(&root) {
            Err(CacheError::Denied { .. }) if is_old => {}
            other => other?,
        }
        Ok(Self { root: root.into(), id: id.into() })
    }

    /// Its folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The random name that this cache got when it was made.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where an object lies, if it is there.
    #[must_use]
    pub fn object_path(&self, digest: &Digest) -> PathBuf {
        self.sharded("objects", &digest.to_string())
    }

    /// Where the record of a key lies, if it is there.
    #[must_use]
    pub fn record_path(&self, key: &Key) -> PathBuf {
        self.sharded(&format!("records/{RECORDS}"), &key.to_string())
    }

    /// The folder of all work in progress.
    #[must_use]
    pub fn partials(&self) -> PathBuf {
        self.folder("partial")
    }

    /// The folder for the work in progress on a key. Only the holder of the key's lock makes and fills it.
    #[must_use]
    pub fn partial(&self, key: &Key) -> PathBuf {
        self.partials().join(key.to_string())
    }

    /// The log of a key's stage. Its folder is made by [`Cache::make_log_folder`].
    #[must_use]
    pub fn log_path(&self, key: &Key) -> PathBuf {
        self.sharded("logs", &key.to_string())
    }

    /// Makes the folder in which the log of a key goes.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn make_log_folder(&self, key: &Key) -> Result<(), CacheError> {
        make_parent(&self.log_path(key))
    }

    pub(crate) fn lock_path(&self, key: &Key) -> PathBuf {
        self.sharded("locks", &key.to_string())
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn sharded(&self, folder: &str, name: &str) -> PathBuf {
        let mut path = self.root.join(folder);
        path.push(&name[..2]);
        path.push(name);
        path
    }

    /// A number that rises whenever records are removed, so that ledgers elsewhere know that they are out of date.
    pub(crate) fn generation(&self) -> u64 {
        let text = fs::read_to_string(self.folder("generation")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    pub(crate) fn raise_generation(&self) -> Result<(), CacheError> {
        let path = self.folder("generation");
        self.write_whole(&path, format!("{}\n", self.generation() + 1).as_bytes())
    }

    /// Writes a small file so that it is seen whole or not at all.
    pub(crate) fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
        let file = temporary(&self.folder("tmp")).and_then(|mut file| {
            file.write_all(bytes)?;
            // The file system's clock is coarse; the order of records is read from these times.
            file.as_file().set_modified(std::time::SystemTime::now())?;
            Ok(file)
        });
        let file = file.at("write", path)?;
        let renamed = match file.persist(path) {
            Err(error) if error.error.kind() == ErrorKind::NotFound => {
                make_parent(path)?;
                error.file.persist(path)
            }
            other => other,
        };
        renamed.map(drop).map_err(|error| error.error).at("write", path)
    }
}

/// A temporary file with the permissions of an ordinary one.
pub(crate) fn temporary(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new().prefix(".xlt-").permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)
}

pub(crate) fn make_parent(path: &Path) -> Result<(), CacheError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).at("make the folder", parent)
}

/// The id in the `format` file, or `None` where there is no such file.
fn read_format(root: &Path) -> Result<Option<String>, CacheError> {
    let text = match fs::read_to_string(root.join("format")) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(error).at("open the cache", root),
    };
    let mut lines = text.lines();
    let found = lines.next().and_then(|line| line.strip_prefix("xlt-cache ")?.parse().ok());
    match (found, lines.next().and_then(|line| line.strip_prefix("id "))) {
        (Some(found), _) if found > FORMAT => Err(CacheError::Newer { path: root.to_owned(), found, known: FORMAT }),
        (Some(found), _) if found < FORMAT => Err(CacheError::Older { path: root.to_owned(), found, known: FORMAT }),
        (Some(_), Some(id)) if !id.is_empty() => Ok(Some(id.to_owned())),
        _ => Err(CacheError::NotACache { path: root.to_owned() }),
    }
}

/// Makes the folders, then the `format` file, which therefore vouches for them. Two processes may do so at once.
fn create(root: &Path) -> Result<String, CacheError> {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).at("make the cache", root)?;
    }
    let id = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
    let file = temporary(&root.join("tmp")).and_then(|mut file| {
        write!(file, "xlt-cache {FORMAT}\nid {id}\n")?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    match file.at("make the cache", root)?.persist_noclobber(root.join("format")) {
        Ok(_) => Ok(id),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            read_format(root)?.ok_or_else(|| CacheError::NotACache { path: root.to_owned() })
        }
        Err(error) => Err(error.error).at("make the cache", root),
    }
}
