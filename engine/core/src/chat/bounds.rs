//! What keeps one rendering from running on or growing without bound, where minijinja's own fuel does not reach.
//!
//! Fuel counts instructions and the bytes of results. It does not see what printing a list costs of which each half is
//! the same list again, nor how long a method of a text searches. So values that are printed or handed to methods are
//! weighed first. What is left are values made of themselves that are compared, joined by `~` or filtered: a template that
//! is made to harm can still be slow there. Whoever tries templates of strangers keeps a clock beside, as `xlt chat` does.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, escape_formatter};
use minijinja_contrib::pycompat;

/// Lists in lists that are printed or handed on.
const DEPTH: usize = 100;
/// Work of a rendering, in minijinja's units: an instruction, or 64 bytes. Templates in use take a few hundred.
const FUEL: u64 = 10_000;
/// More work for each byte of messages and variables: for many short messages, and many tools.
const FUEL_PER_BYTE: u64 = 4;

/// Bounds the work to what `size` bytes of messages and variables may need.
pub(super) fn set(environment: &mut Environment<'_>, size: u64) {
    environment.set_fuel(Some(FUEL.saturating_add(size.saturating_mul(FUEL_PER_BYTE))));
    environment.set_unknown_method_callback(|state, value, method, arguments| {
        charge(state, value, method, arguments)?;
        pycompat::unknown_method_callback(state, value, method, arguments)
    });
    environment.set_formatter(|out, state, value| {
        weigh(state, value)?;
        escape_formatter(out, state, value)
    });
}

/// Takes fuel for every part of a value, shared parts as often as they are met.
pub(super) fn weigh(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    walk(value, DEPTH, &mut |bytes| state.consume_fuel(1 + bytes as u64 / 64))
}

/// Bytes of all texts in a value, and one for every part.
pub(super) fn size(value: &Value) -> u64 {
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

/// Takes fuel for what a method of Python's is about to do.
fn charge(state: &State<'_, '_>, value: &Value, method: &str, arguments: &[Value]) -> Result<(), Error> {
    arguments.iter().try_for_each(|argument| weigh(state, argument))?;
    let Some(text) = value.as_str() else { return Ok(()) };
    weigh(state, value)?;
    let given = arguments.iter().map(size).fold(0, u64::saturating_add);
    match method {
        // Each character of the text is looked for in the argument.
        "strip" | "lstrip" | "rstrip" => state.consume_fuel((text.len() as u64).saturating_mul(given) / 4096),
        // `{0}` may stand there often, and `{:1000000}` is as long as it says.
        "format" => {
            let fields = text.matches('{').count() as u64;
            let digits = text.split(|character: char| !character.is_ascii_digit()).filter(|digits| !digits.is_empty());
            let widths = digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).fold(0, u64::saturating_add);
            state.consume_fuel(fields.saturating_mul(given).saturating_add(widths) / 64)
        }
        _ => Ok(()),
    }
}
