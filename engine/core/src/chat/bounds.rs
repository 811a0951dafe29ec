//! What keeps one rendering from running on or growing without bound, where minijinja's own fuel does not reach.
//!
//! Fuel counts instructions and the bytes of results. It does not see what printing a list costs of which each half is
//! the same list again, nor how long a method of a text searches. So values that are printed or handed to methods are
//! weighed first. What is left are values made of themselves that are compared, joined by `~` or filtered: a template that
//! is made to harm can still be slow there. Whoever tries templates of strangers keeps a clock beside, as workers and `xlt chat` do.

use crate::jinja::weight::{size, weigh};
use minijinja::value::Value;
use minijinja::{Environment, Error, State};
use minijinja_contrib::pycompat;

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
