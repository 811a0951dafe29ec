//! Markdown: the table that a person reads first, then what must be known to read it, and the rest.
//!
//! Everything but headings, facts and notes is a [`Sheet`], and written as one.

mod cells;
mod grid;
mod marks;
mod models;
mod sheet;
#[cfg(test)]
mod tests;

use crate::effects::{claims, facts, sheets};
use crate::sheet::Sheet;
use cells::{generation, noise, normalizations, reasoning, rotation};
use grid::{accuracy, tokens};
use models::{fertility, training};
use sheet::{inline, write_sheet};
use std::fmt::Write as _;
use xlt_core::results::Results;

/// The results as Markdown: languages as rows, model, condition and mode as columns, then what must be known to read it.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let mut text = format!("# {}\n\n", inline(&results.study));
    if let Some(claims) = claims::claims(results) {
        write_sheet(&mut text, &claims);
        text.push('\n');
    }
    if results.cells.is_empty() {
        text.push_str("There are no results yet.\n");
    } else {
        at_a_glance(&mut text, results);
        write_sheet(&mut text, &accuracy(results));
    }
    for sheet in more(results) {
        text.push('\n');
        write_sheet(&mut text, &sheet);
    }
    list(&mut text, "Notes", &results.notes);
    text
}

/// What comes after the table of accuracy, where there is something of it.
fn more(results: &Results) -> Vec<Sheet> {
    let mut more = Vec::new();
    if !results.cells.is_empty() {
        more.extend(sheets(results));
        more.extend([normalizations, reasoning, generation, rotation].iter().filter_map(|of| of(results)));
        more.push(tokens(results));
    }
    more.extend([training, noise, fertility].iter().filter_map(|of| of(results)));
    more
}

/// What must be known before the numbers.
fn at_a_glance(text: &mut String, results: &Results) {
    text.push_str("## At a glance\n\n");
    for fact in facts::facts(results) {
        let _ = writeln!(text, "- {}: {}", fact.name, inline(&fact.value));
    }
    text.push('\n');
}

fn list(text: &mut String, title: &str, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title}\n");
    for sentence in sentences {
        let _ = writeln!(text, "- {}", sentence.replace('\n', " "));
    }
}
