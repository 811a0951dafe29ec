//! `xlt adapter diff`: how what two adapters change differs.

use super::short;
use crate::failure::Failure;
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use std::path::Path;
use xlt_core::lora::{Difference, KindDifference, difference};

pub(super) fn run(first: &Path, second: &Path, as_json: bool) -> Result<(), Failure> {
    let difference = difference(&super::read(first)?, &super::read(second)?);
    term::say(&if as_json { json(&difference).to_string() } else { text(first, second, &difference) });
    Ok(())
}

fn text(first: &Path, second: &Path, difference: &Difference) -> String {
    let lists = [
        (format!("only {} changes", first.display()), &difference.only_first),
        (format!("only {} changes", second.display()), &difference.only_second),
        ("both change, in different shapes,".to_owned(), &difference.misfits),
    ];
    let mut text = String::new();
    for (who, tensors) in lists.iter().filter(|(_, tensors)| !tensors.is_empty()) {
        text.push_str(&format!("{who} {}:\n", count(tensors.len())));
        tensors.iter().for_each(|tensor| text.push_str(&format!("  {tensor}\n")));
        text.push('\n');
    }
    if difference.kinds.is_empty() {
        return text + "there is no tensor that both change\n";
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["tensor", "number", "norm of first", "norm of second", "difference", "cosine"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let known = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
    for KindDifference { name, tensors, norms, relative, cosine } in &difference.kinds {
        let [first, second] = norms.map(short);
        table.add_row([name.clone(), tensors.to_string(), first, second, known(*relative), known(*cosine)]);
    }
    text + &table.trim_fmt()
}

fn count(tensors: usize) -> String {
    if tensors == 1 { "1 tensor".to_owned() } else { format!("{tensors} tensors") }
}

fn json(difference: &Difference) -> Value {
    let kind = |kind: &KindDifference| {
        json!({
            "name": kind.name,
            "tensors": kind.tensors,
            "norms": kind.norms,
            "relative": kind.relative,
            "cosine": kind.cosine,
        })
    };
    json!({
        "only_first": difference.only_first,
        "only_second": difference.only_second,
        "misfits": difference.misfits,
        "kinds": difference.kinds.iter().map(kind).collect::<Vec<_>>(),
    })
}
