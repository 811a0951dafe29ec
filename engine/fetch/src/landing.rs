//! The file that grows in the work folder, hashed on the way, and what it takes to call it finished.
//!
//! `partial` is what has arrived so far, `file` is finished and verified. Knows nothing of where bytes come from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::OnDisk;
use crate::progress::Progress;
use crate::{FetchError, Fetched, Order, Watch};

const FINISHED: &str = "file";
const PARTIAL: &str = "partial";
const BLOCK: usize = 1 << 20;

/// A growing file.
pub(crate) struct Landing {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    size: u64,
}

impl Landing {
    /// Starts an empty file.
    pub(crate) fn create(folder: &Path) -> Result<Self, FetchError> {
        let path = folder.join(PARTIAL);
        let file = File::create(&path).on_disk("create", &path)?;
        Ok(Self { path, file, hasher: Sha256::new(), size: 0 })
    }

    /// Takes up what an earlier call has left, which may be nothing.
    pub(crate) fn resume(folder: &Path, watch: &dyn Watch) -> Result<Self, FetchError> {
        let path = folder.join(PARTIAL);
        let mut options = File::options();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).on_disk("open", &path)?;
        let (hasher, size) = hash(&mut file, &path, watch)?;
        Ok(Self { path, file, hasher, size })
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes so far.
    pub(crate) fn sha256(&self) -> String {
        format!("{:x}", self.hasher.clone().finalize())
    }

    /// Appends.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).on_disk("write", &self.path)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Drops what is there and starts again at zero.
    pub(crate) fn restart(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).on_disk("empty", &self.path)?;
        self.hasher = Sha256::new();
        self.size = 0;
        Ok(())
    }

    /// Appends the next `length` bytes of `from` as the system copies best (on some file systems without copying at
    /// all), then hashes the copy. Returns how many there were.
    pub(crate) fn write_from(&mut self, from: &File, length: u64, source: &Path) -> Result<u64, FetchError> {
        let copied = io::copy(&mut from.take(length), &mut self.file).on_disk("copy", source)?;
        let mut copy = File::open(&self.path).on_disk("read", &self.path)?;
        let hashed = copy
            .seek(SeekFrom::Start(self.size))
            .and_then(|_| io::copy(&mut copy.take(copied), &mut self.hasher))
            .on_disk("read", &self.path)?;
        self.size += hashed;
        Ok(hashed)
    }

    /// Checks size and hash against the order and gives the file its final name. A wrong file is removed.
    pub(crate) fn finish(self, order: &Order<'_>, from: &str) -> Result<Fetched, FetchError> {
        let sha256 = self.sha256();
        if let Err(error) = check_size(order, self.size, from).and_then(|()| check_hash(order, &sha256, from)) {
            std::fs::remove_file(&self.path).on_disk("remove", &self.path)?;
            return Err(error);
        }
        let path = order.folder.join(FINISHED);
        self.file.sync_all().on_disk("write", &self.path)?;
        std::fs::rename(&self.path, &path).on_disk("rename", &self.path)?;
        Ok(Fetched { path, size: self.size, sha256 })
    }
}

/// The file that an earlier call finished and nobody took, if the pin says that it is the right one.
pub(crate) fn finished_earlier(order: &Order<'_>, watch: &dyn Watch) -> Result<Option<Fetched>, FetchError> {
    let path = order.folder.join(FINISHED);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FetchError::Disk { doing: "open", path, source }),
    };
    if let Some(pin) = order.sha256 {
        let (hasher, size) = hash(&mut file, &path, watch)?;
        let sha256 = format!("{:x}", hasher.finalize());
        if sha256 == pin && order.size.is_none_or(|expected| expected == size) {
            return Ok(Some(Fetched { path, size, sha256 }));
        }
    }
    std::fs::remove_file(&path).on_disk("remove", &path)?;
    Ok(None)
}

/// Refuses a size other than the pinned one.
pub(crate) fn check_size(order: &Order<'_>, got: u64, from: &str) -> Result<(), FetchError> {
    match order.size {
        Some(expected) if expected != got => Err(FetchError::WrongSize { from: from.to_owned(), expected, got }),
        _ => Ok(()),
    }
}

fn check_hash(order: &Order<'_>, got: &str, from: &str) -> Result<(), FetchError> {
    match order.sha256 {
        Some(expected) if expected != got => {
            Err(FetchError::WrongHash { from: from.to_owned(), expected: expected.to_owned(), got: got.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Reads a file to its end.
fn hash(file: &mut File, path: &Path, watch: &dyn Watch) -> Result<(Sha256, u64), FetchError> {
    let total = file.metadata().on_disk("read", path)?.len();
    let progress = Progress::new(watch);
    let (mut hasher, mut size) = (Sha256::new(), 0);
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block).on_disk("read", path)?;
        if count == 0 {
            return Ok((hasher, size));
        }
        hasher.update(&block[..count]);
        size += count as u64;
        progress.step(size, Some(total))?;
    }
}
