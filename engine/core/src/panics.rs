//! Panics of a library on what a user gave it, which are errors and no bugs of ours.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread will be [`caught`]: a hook that reports bugs has nothing to report then.
#[must_use]
pub fn are_caught() -> bool {
    CAUGHT.get()
}

/// What `work` returns. `work` must leave nothing half-done behind that is used after its panic.
///
/// # Errors
/// The words of its panic.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CAUGHT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(outer);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_only_there() {
        assert_eq!(caught(are_caught), Ok(true));
        assert_eq!(caught(|| -> u8 { panic!("no {}", "way") }), Err("no way".to_owned()));
        assert_eq!(caught(|| -> u8 { panic!("no way") }), Err("no way".to_owned()));
        assert!(!are_caught());
    }
}
