//! What prompts and chat templates have in common as Jinja templates.

pub(crate) mod source;
pub(crate) mod weight;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, escape_formatter};

/// Work that one rendering may do, in minijinja's units (instructions, and 64 bytes of result each). A long prompt takes
/// thousands; a template without an end is stopped after a part of a second, or some 16 MB.
const FUEL: u64 = 250_000;

/// An environment whose block tags, alone on a line, leave no trace of the line; that escapes nothing; with bounded work.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("only delimiters can be invalid, and these are the usual ones"));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| {
        weight::weigh(state, value)?;
        escape_formatter(out, state, value)
    });
    environment
}

/// Line of a template, from 1, that an error is about.
pub(crate) fn line(error: &Error) -> usize {
    error.line().unwrap_or(1)
}

/// The engine's words, without the place.
pub(crate) fn words(error: &Error) -> String {
    match error.detail() {
        _ if error.kind() == ErrorKind::OutOfFuel => {
            "it does not come to an end, and was stopped after 250,000 steps or 16 MB of text".to_owned()
        }
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}
