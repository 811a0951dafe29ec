//! A lock file: what is read is written, and read again as the same.

use xlt_core::lock::Lock;

/// The input is the file's text.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(lock) = Lock::parse(text) {
        assert_eq!(Lock::parse(&lock.to_text()), Ok(lock), "{text}");
    }
}
