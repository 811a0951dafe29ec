//! A table as Markdown.

use crate::languages::english_name;
use crate::sheet::{Field, Head, Sheet};
use std::fmt::Write as _;

pub(super) fn write_sheet(text: &mut String, Sheet { title, about, heads, rows, notes }: &Sheet) {
    let _ = writeln!(text, "## {title}\n\n{about}\n");
    line(text, heads.iter().map(|head| inline(head.text())));
    let _ = writeln!(text, "|{}", heads.iter().map(side).collect::<String>());
    for row in rows {
        line(text, row.fields.iter().map(field));
    }
    for note in notes {
        let _ = writeln!(text, "\n{}", inline(note));
    }
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    text.push('|');
    for field in fields {
        let _ = write!(text, " {field} |");
    }
    text.push('\n');
}

fn side(head: &Head) -> &'static str {
    match head {
        Head::Words(_) => "---|",
        Head::Numbers(_) => "---:|",
    }
}

fn field(field: &Field) -> String {
    match field {
        Field::Language(code) => match english_name(code) {
            Some(name) => format!("{name} ({code})"),
            None => inline(code),
        },
        Field::Text(text) => inline(text),
    }
}

/// Text that cannot break a table or a heading.
pub(super) fn inline(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
