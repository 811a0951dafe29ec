//! A line between engine and worker, either way: what is read is written, and read again as the same.

use xlt_run::protocol::rewritten;

/// The input is a line.
pub fn check(input: &[u8]) {
    for side in xlt_run::protocol::Speaker::BOTH {
        if let Some(line) = rewritten(side, input) {
            assert_eq!(rewritten(side, &line).as_ref(), Some(&line), "{}", String::from_utf8_lossy(input));
            assert!(!line.contains(&b'\n'), "one line: {}", String::from_utf8_lossy(input));
        }
    }
}
