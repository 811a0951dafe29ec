//! What a file or a folder contains, as a digest.
//!
//! A file's digest is the plain BLAKE3 of its bytes, as `b3sum` prints it. A folder's is BLAKE3 over its sorted listing
//! in a domain of its own, so that no file can pass for a folder.

use crate::error::{At, CacheError};
use crate::listing::FolderListing;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use xlt_core::key::Digest;

/// What a path contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Size in bytes; of a folder, the sum of its files.
    pub size: u64,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Reads and hashes a file or a folder.
///
/// # Errors
/// Where something cannot be read, or is no plain file or folder.
pub fn digest_path(path: &Path) -> Result<Content, CacheError> {
    digest_knowing(path, &BTreeMap::new())
}

/// The same, where the digests of some files are known: these are not read.
pub(crate) fn digest_knowing(path: &Path, known: &BTreeMap<PathBuf, Digest>) -> Result<Content, CacheError> {
    let digest_file = |path: &Path| match known.get(path) {
        Some(digest) => Ok((*digest, fs::symlink_metadata(path)?.len())),
        None => digest_file(path),
    };
    if !fs::symlink_metadata(path).at("read", path)?.is_dir() {
        let (digest, size) = digest_file(path).at("read", path)?;
        return Ok(Content { digest, size, folder: false });
    }
    Ok(FolderListing::hashed_by(path, digest_file)?.content())
}

pub(crate) fn digest_file(path: &Path) -> io::Result<(Digest, u64)> {
    copy_hashing(&mut File::open(path)?, &mut io::sink())
}

/// Copies, and says what was copied.
pub(crate) fn copy_hashing(from: &mut impl Read, to: &mut impl Write) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    // Most files are small, and clearing a large buffer would take longer than reading them.
    let mut buffer = vec![0; 1 << 12];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok((Digest(*hasher.finalize().as_bytes()), hasher.count())),
            Ok(length) => {
                hasher.update(&buffer[..length]);
                to.write_all(&buffer[..length])?;
                if length == buffer.len() {
                    buffer.resize(1 << 17, 0);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The listing of a folder, hashed while it is made. Entries come sorted by name.
pub(crate) struct Listing {
    hasher: blake3::Hasher,
    size: u64,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self { hasher: blake3::Hasher::new_derive_key("xlt 2026 listing of a folder, v1"), size: 0 }
    }

    pub(crate) fn folder(&mut self, name: &str) {
        self.entry(0, name);
    }

    pub(crate) fn file(&mut self, name: &str, digest: Digest, size: u64) {
        self.entry(1, name);
        self.hasher.update(&size.to_le_bytes()).update(&digest.0);
        self.size += size;
    }

    fn entry(&mut self, kind: u8, name: &str) {
        self.hasher.update(&[kind]).update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
    }

    pub(crate) fn finish(self) -> Content {
        Content { digest: Digest(*self.hasher.finalize().as_bytes()), size: self.size, folder: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> Content {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        digest_path(root.path()).unwrap()
    }

    #[test]
    fn a_file_has_the_digest_that_b3sum_prints() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let expected = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(digest_path(&path).unwrap(), Content { digest: expected.parse().unwrap(), size: 3, folder: false });
    }

    #[test]
    fn a_long_file_is_hashed_to_its_end() {
        let bytes = vec![7; 300_001];
        let (digest, size) = copy_hashing(&mut bytes.as_slice(), &mut io::sink()).unwrap();
        assert_eq!((digest, size), (Digest::of(&bytes), 300_001));
    }

    #[test]
    fn a_folders_digest_is_pinned() {
        let found = folder(&[("b", "2"), ("a/x", "one")]);
        assert_eq!(found.size, 4);
        assert_eq!(found.digest.to_string(), "7a0ce79b7effc08014243d27f560ef691631515e06810dc414788e8462ee5daa");
    }

    #[test]
    fn a_folders_digest_sees_names_and_bytes() {
        let one = folder(&[("a", "1"), ("b", "2")]);
        assert_eq!(one, folder(&[("b", "2"), ("a", "1")]));
        for other in [&[("a", "1"), ("c", "2")], &[("a", "1"), ("b", "3")], &[("a", "2"), ("b", "1")]] {
            assert_ne!(one.digest, folder(other).digest, "{other:?}");
        }
    }
}
