//! The file that grows in the work folder, hashed on the way, and what it takes to call it finished.
//!
//! `partial` is what has arrived so far, without a gap; `partial.parts` has gaps, and is hashed up to the first; `copy` is
//! copied from elsewhere on this disk; `file` is finished and verified. Knows nothing of where bytes come from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};
use xlt_core::key::Digest;

use crate::error::OnDisk;
use crate::hashes::Hashes;
use crate::progress::Progress;
use crate::want::Want;
use crate::{FetchError, Watch};

const FINISHED: &str = "file";
const PARTIAL: &str = "partial";
const PARTS: &str = "partial.parts";
const COPY: &str = "copy";
const BLOCK: usize = 1 << 20;

/// A growing file.
pub(crate) struct Landing {
    path: PathBuf,
    file: File,
    hashes: Hashes,
    size: u64,
}

impl Landing {
    /// Starts an empty file.
    pub(crate) fn create(folder: &Path) -> Result<Self, FetchError> {
        Self::create_as(folder.join(PARTIAL))
    }

    /// Starts an empty file that leaves alone what a download has left.
    pub(crate) fn beside(folder: &Path) -> Result<Self, FetchError> {
        Self::create_as(folder.join(COPY))
    }

    fn create_as(path: PathBuf) -> Result<Self, FetchError> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path).on_disk("create", &path)?;
        Ok(Self { path, file, hashes: Hashes::default(), size: 0 })
    }

    /// Takes up what an earlier call has left, which may be nothing.
    pub(crate) fn resume(folder: &Path, watch: &dyn Watch) -> Result<Self, FetchError> {
        let path = folder.join(PARTIAL);
        let mut options = File::options();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).on_disk("open", &path)?;
        let (hashes, size) = hash(&mut file, &path, watch)?;
        Ok(Self { path, file, hashes, size })
    }

    /// Takes up a file with gaps. None of it is hashed yet.
    pub(crate) fn parts(folder: &Path) -> Result<Option<Self>, FetchError> {
        let path = folder.join(PARTS);
        match File::options().read(true).write(true).open(&path) {
            Ok(file) => Ok(Some(Self { path, file, hashes: Hashes::default(), size: 0 })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FetchError::Disk { doing: "open", path, source }),
        }
    }

    /// Whether the file may have gaps.
    pub(crate) fn in_parts(&self) -> bool {
        self.path.ends_with(PARTS)
    }

    /// The file as those see it who write into gaps.
    pub(crate) fn share(&self) -> Result<(File, PathBuf), FetchError> {
        Ok((self.file.try_clone().on_disk("open", &self.path)?, self.path.clone()))
    }

    /// Waits until what was written is on disk.
    pub(crate) fn sync(&self) -> Result<(), FetchError> {
        self.file.sync_data().on_disk("write", &self.path)
    }

    /// Bytes of the file, gaps included.
    pub(crate) fn length(&self) -> Result<u64, FetchError> {
        Ok(self.file.metadata().on_disk("read", &self.path)?.len())
    }

    /// From now on the file has all its `total` bytes, and gaps. Under its other name it is never taken for one without.
    pub(crate) fn open_parts(&mut self, folder: &Path, total: u64) -> Result<(), FetchError> {
        if !self.in_parts() {
            let path = folder.join(PARTS);
            std::fs::rename(&self.path, &path).on_disk("rename", &self.path)?;
            self.path = path;
        }
        self.file.set_len(total).on_disk("lengthen", &self.path)
    }

    /// Hashes further, to the first gap, `front`, but at most so many bytes; says whether there were any.
    pub(crate) fn hash_on(&mut self, front: u64, most: u64) -> Result<bool, FetchError> {
        let end = front.min(self.size + most);
        let room = |size: u64| usize::try_from(end.saturating_sub(size)).unwrap_or(BLOCK).min(BLOCK);
        let hashed = self.size < end;
        let mut block = vec![0; room(self.size)];
        while self.size < end {
            let block = &mut block[..room(self.size)];
            self.file.read_exact_at(block, self.size).on_disk("read", &self.path)?;
            self.hashes.update(block);
            self.size += block.len() as u64;
        }
        Ok(hashed)
    }

    /// Drops what is not hashed; from now on the file grows at its end.
    pub(crate) fn close_parts(&mut self, folder: &Path) -> Result<(), FetchError> {
        self.file.set_len(self.size).on_disk("shorten", &self.path)?;
        let path = folder.join(PARTIAL);
        std::fs::rename(&self.path, &path).on_disk("rename", &self.path)?;
        self.path = path;
        self.file.seek(SeekFrom::End(0)).on_disk("read", &self.path).map(drop)
    }

    /// Removes a file with gaps, if there is one.
    pub(crate) fn forget_parts(folder: &Path) {
        // A leftover that cannot be removed is of no use without its journal.
        let _ = std::fs::remove_file(folder.join(PARTS));
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes so far.
    pub(crate) fn sha256(&self) -> String {
        self.hashes.sha256()
    }

    /// Appends.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).on_disk("write", &self.path)?;
        self.hashes.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Drops what is there and starts again at zero.
    pub(crate) fn restart(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).on_disk("empty", &self.path)?;
        self.hashes = Hashes::default();
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
            .and_then(|_| io::copy(&mut copy.take(copied), &mut self.hashes))
            .on_disk("read", &self.path)?;
        self.size += hashed;
        Ok(hashed)
    }

    /// Refuses the bytes so far if they are not the wanted ones.
    pub(crate) fn check(&self, want: &Want<'_>, from: &str) -> Result<(), FetchError> {
        want.check_size(self.size, from)?;
        want.check_sha256(&self.sha256(), from)?;
        let Some(expected) = want.git else { return Ok(()) };
        let got = git_name(&self.path, self.size).on_disk("read", &self.path)?;
        if got == expected {
            return Ok(());
        }
        let (expected, got) = (format!("git blob {expected}"), format!("git blob {got}"));
        Err(FetchError::Altered { from: from.to_owned(), expected, got })
    }

    /// Checks the file and gives it its final name. A wrong one is removed.
    pub(crate) fn finish(self, want: &Want<'_>, from: &str) -> Result<Landed, FetchError> {
        if let Err(error) = self.check(want, from) {
            std::fs::remove_file(&self.path).on_disk("remove", &self.path)?;
            return Err(error);
        }
        let path = finished(want.folder);
        self.file.sync_all().on_disk("write", &self.path)?;
        std::fs::rename(&self.path, &path).on_disk("rename", &self.path)?;
        Ok(Landed { path, size: self.size, sha256: self.sha256(), blake3: self.hashes.blake3() })
    }

    /// Cuts off what came after the first `size` bytes, so that [`Landing::resume`] takes up there.
    pub(crate) fn cut(folder: &Path, size: u64) -> Result<(), FetchError> {
        let path = folder.join(PARTIAL);
        match File::options().write(true).open(&path) {
            Ok(file) => file.set_len(size).on_disk("shorten", &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(FetchError::Disk { doing: "open", path, source }),
        }
    }
}

/// A file under its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landed {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) blake3: Digest,
}

/// Where a finished file lies in its folder.
pub(crate) fn finished(folder: &Path) -> PathBuf {
    folder.join(FINISHED)
}

/// The file that an earlier call finished and nobody took, whatever it is.
pub(crate) fn left_over(folder: &Path, watch: &dyn Watch) -> Result<Option<Landed>, FetchError> {
    let path = finished(folder);
    match File::open(&path) {
        Ok(mut file) => {
            let (hashes, size) = hash(&mut file, &path, watch)?;
            Ok(Some(Landed { path, size, sha256: hashes.sha256(), blake3: hashes.blake3() }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FetchError::Disk { doing: "open", path, source }),
    }
}

/// The same, if it is known to be the right one. A wrong one is removed, and so is one of which nothing is known.
pub(crate) fn finished_earlier(want: &Want<'_>, watch: &dyn Watch) -> Result<Option<Landed>, FetchError> {
    let path = finished(want.folder);
    if want.knows_content()
        && let Some(landed) = left_over(want.folder, watch)?
        && want.sha256.is_none_or(|sha256| sha256 == landed.sha256)
        && want.size.is_none_or(|size| size == landed.size)
        && want.git.map_or(Ok(true), |name| landed.is_git_blob(name))?
    {
        return Ok(Some(landed));
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.on_disk("remove", &path).map(|()| None),
    }
}

impl Landed {
    /// Whether git calls it so.
    pub(crate) fn is_git_blob(&self, name: &str) -> Result<bool, FetchError> {
        Ok(git_name(&self.path, self.size).on_disk("read", &self.path)? == name)
    }
}

/// What git calls a file with these bytes (gitformat-pack: the SHA-1 of a header and the content).
fn git_name(path: &Path, size: u64) -> io::Result<String> {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size}\0"));
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

/// Reads a file to its end.
fn hash(file: &mut File, path: &Path, watch: &dyn Watch) -> Result<(Hashes, u64), FetchError> {
    let total = file.metadata().on_disk("read", path)?.len();
    let progress = Progress::new(watch);
    let (mut hashes, mut size) = (Hashes::default(), 0);
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block).on_disk("read", path)?;
        if count == 0 {
            return Ok((hashes, size));
        }
        hashes.update(&block[..count]);
        size += count as u64;
        progress.step(size, Some(total))?;
    }
}
