//! The terminal: the only place that writes to standard output and standard error.
//!
//! Results go to standard output, everything else to standard error. A reader that went away (`| head`) is no error.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use std::io::{IsTerminal, Write};

/// Prints a result, with a line break at its end.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

/// Prints a message.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A text for standard output that stands back, where a person reads it in colours.
#[cfg(feature = "llama")]
pub(crate) fn dim(text: &str) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if coloured { format!("\u{1b}[2m{text}\u{1b}[22m") } else { text.to_owned() }
}

/// Prints an error of the spec, with the place in the file.
pub(crate) fn tell_diagnostic(diagnostic: impl Diagnostic) {
    let theme = if colours() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width());
    if handler.render_report(&mut text, &diagnostic).is_err() {
        text = diagnostic.to_string();
    }
    tell(text.trim_end());
}

/// Whether a person watches standard error.
pub(crate) fn watched() -> bool {
    std::io::stderr().is_terminal()
}

fn colours() -> bool {
    watched() && std::env::var_os("NO_COLOR").is_none()
}

fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
}
