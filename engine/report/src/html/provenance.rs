//! Where the numbers come from: a row for each cell, and the files that their stages read.

use super::words::language;
use crate::column;
use minijinja::{Value, context};
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::plan::EvaluateCell;
use xlt_core::provenance::{Origin, Used};
use xlt_core::results::{CellId, Column};

/// Nothing where nothing is known of it.
pub(super) fn provenance(origins: &[Origin]) -> Option<Value> {
    let sorted: BTreeMap<CellId, &Origin> = origins.iter().map(|origin| ((&origin.cell).into(), origin)).collect();
    let sorted: Vec<(CellId, &Origin)> = sorted.into_iter().collect();
    let columns = sorted.chunk_by(|(one, _), (next, _)| one.column == next.column).map(|cells| {
        let rows = cells.iter().map(|(id, origin)| row(id, origin)).collect::<Vec<_>>();
        context! { heading => column::heading(&cells[0].0.column), rows }
    });
    // The same file may be read under several names.
    let files: BTreeSet<&Used> = origins.iter().flat_map(|origin| &origin.inputs).collect();
    let file = |used: &&Used| context! { name => &*used.name, stage => &*used.stage, content => &*used.content };
    (!sorted.is_empty()).then(|| {
        context! {
            columns => columns.collect::<Vec<_>>(),
            files => files.iter().map(file).collect::<Vec<_>>(),
            first => &*sorted[0].1.stage,
        }
    })
}

fn row(id: &CellId, origin: &Origin) -> Value {
    let input = |used: &Used| context! { name => &*used.name, content => &*used.content };
    context! {
        anchor => anchor(id),
        language => language(&id.language),
        stage => &*origin.stage,
        key => &*origin.key,
        answers => &*origin.answers,
        kernels => &origin.kernel_class,
        llama => &origin.llama,
        version => &origin.version,
        inputs => origin.inputs.iter().map(input).collect::<Vec<_>>(),
    }
}

/// Name of a cell's row on the page.
pub(super) fn anchor(id: &CellId) -> String {
    let Column { model, condition, mode, seed } = id.column.clone();
    let cell = EvaluateCell { model, condition, seed, language: id.language.clone(), mode };
    format!("from/{}", super::items::escaped(&cell.name()))
}
