//! How much there is of a value, shared parts as often as they are met: a list of which each half is the same list again is
//! small in memory and without end on paper.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// Lists in lists that are printed or handed on.
const DEPTH: usize = 100;

/// Takes fuel for every part of a value.
pub(crate) fn weigh(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    walk(value, DEPTH, &mut |bytes| state.consume_fuel(1 + bytes as u64 / 64))
}

/// Bytes of all texts in a value, and one for every part.
pub(crate) fn size(value: &Value) -> u64 {
    let mut size = 0_u64;
    let walked = walk(value, usize::MAX, &mut |bytes| {
        size = size.saturating_add(1 + bytes as u64);
        Ok(())
    });
    debug_assert!(walked.is_ok(), "values from outside are trees without faults");
    size
}

fn walk(value: &Value, depth: usize, visit: &mut impl FnMut(usize) -> Result<(), Error>) -> Result<(), Error> {
    visit(value.as_str().map_or(0, str::len))?;
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Error::new(ErrorKind::InvalidOperation, "lists or mappings are nested too deeply"));
    };
    for part in value.try_iter()? {
        walk(&part, depth, visit)?;
        if value.kind() == ValueKind::Map {
            walk(&value.get_item(&part)?, depth, visit)?;
        }
    }
    Ok(())
}
