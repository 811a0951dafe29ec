//! What the analysis found, as tables.

use super::{inline, language_name, row};
use crate::effects::{self, claims, facts};
use crate::sheet::{Field, Head, Sheet};
use std::fmt::Write as _;
use xlt_core::results::Results;

/// Claims and their verdicts, before everything else.
pub(super) fn claims(text: &mut String, results: &Results) {
    if let Some(claims) = claims::claims(results) {
        sheet(text, &claims);
        text.push('\n');
    }
}

/// What must be known before the numbers.
pub(super) fn facts(text: &mut String, results: &Results) {
    for fact in facts::facts(results) {
        let _ = writeln!(text, "- {}: {}", fact.name, inline(&fact.value));
    }
    text.push('\n');
}

/// Everything else.
pub(super) fn sheets(text: &mut String, results: &Results) {
    for of in effects::sheets(results) {
        text.push('\n');
        sheet(text, &of);
    }
}

fn sheet(text: &mut String, Sheet { title, about, heads, rows, notes }: &Sheet) {
    let _ = writeln!(text, "## {title}\n\n{about}\n");
    let line = |text: &mut String, fields: Vec<String>| {
        let mut fields = fields.into_iter();
        row(text, &fields.next().unwrap_or_default(), fields);
    };
    line(text, heads.iter().map(|head| inline(head.text())).collect());
    let side = |head: &Head| match head {
        Head::Words(_) => "---|",
        Head::Numbers(_) => "---:|",
    };
    let _ = writeln!(text, "|{}", heads.iter().map(side).collect::<String>());
    for row in rows {
        let field = |field: &Field| match field {
            Field::Language(code) => language_name(code),
            Field::Text(text) => inline(text),
        };
        line(text, row.fields.iter().map(field).collect());
    }
    for note in notes {
        let _ = writeln!(text, "\n{}", inline(note));
    }
}
