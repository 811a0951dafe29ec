//! Tables that are the same in every format.

use super::words::language;
use crate::sheet::{Field, Head, Row, Sheet};
use minijinja::{Value, context};

/// A longer table is folded.
const OPEN: usize = 30;

/// As a template takes it.
pub(super) fn sheet(Sheet { title, about, heads, rows, notes }: &Sheet) -> Value {
    let words: Vec<bool> = heads.iter().map(|head| matches!(head, Head::Words(_))).collect();
    let head = |head: &Head| context! { text => head.text(), words => matches!(head, Head::Words(_)) };
    let row = |Row { fields, continues }: &Row| {
        let field = |(field, words): (&Field, &bool)| match field {
            Field::Language(code) => context! { language => language(code), text => "", words },
            Field::Text(text) => context! { language => (), text, words },
        };
        context! { continues, fields => fields.iter().zip(&words).map(field).collect::<Vec<_>>() }
    };
    context! {
        title => *title,
        about => about.as_str(),
        heads => heads.iter().map(head).collect::<Vec<_>>(),
        rows => rows.iter().map(row).collect::<Vec<_>>(),
        notes,
        folded => rows.len() > OPEN,
    }
}
