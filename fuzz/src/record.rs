//! A record of the cache: what is read is written, and read again as the same.

use xlt_core::key::Digest;
use xlt_core::record::Record;

/// The input is a record's text, or its first line: then the checksum is added, as by somebody who wants to be believed.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let line = text.split('\n').next().unwrap_or_default();
    for text in [text.to_owned(), format!("{line}\n{}\n", Digest::of(line.as_bytes()))] {
        if let Ok(record) = Record::from_text(&text) {
            assert_eq!(Record::from_text(&record.to_text()), Ok(record), "{text}");
        }
    }
}
