//! The two digests that a file is known by: SHA-256, which hubs and locks name, and BLAKE3, by which the store will name it. Both are
//! computed while the bytes pass, so that weights are read once.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};
use xlt_core::key::Digest;

/// Both, of the bytes so far.
#[derive(Default)]
pub(crate) struct Hashes {
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl Hashes {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
    }

    /// SHA-256 in lower-case hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        format!("{:x}", self.sha256.clone().finalize())
    }

    pub(crate) fn blake3(&self) -> Digest {
        Digest(*self.blake3.finalize().as_bytes())
    }
}

impl Write for Hashes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
