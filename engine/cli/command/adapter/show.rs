//! `xlt adapter show`: what an adapter changes, and by how much.

use super::short;
use crate::failure::Failure;
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use std::path::Path;
use xlt_core::lora::{Kind, Lora, PairShape, kinds};

pub(super) fn run(adapter: &Path, as_json: bool) -> Result<(), Failure> {
    let lora = super::read(adapter)?;
    let kinds = kinds(&lora);
    term::say(&if as_json { json(&lora, &kinds).to_string() } else { text(&lora, &kinds) });
    Ok(())
}

fn text(lora: &Lora, kinds: &[Kind]) -> String {
    let (tensors, parameters) = (lora.pairs.len(), lora.parameters());
    let ranks: Vec<String> = ranks(lora).iter().map(ToString::to_string).collect();
    let word = if ranks.len() == 1 { "rank" } else { "ranks" };
    let mut text = format!(
        "{}, alpha {}, {word} {}, {tensors} tensors changed by {parameters} numbers\n\n",
        lora.architecture,
        lora.alpha,
        ranks.join(", ")
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["tensor", "layers", "shape", "rank", "numbers", "norm"]);
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for kind in kinds {
        let each = |form: fn(&PairShape) -> String| {
            let mut forms: Vec<String> = kind.shapes.iter().map(form).collect();
            forms.dedup();
            forms.join(", ")
        };
        table.add_row([
            kind.name.clone(),
            ranges(&kind.layers),
            each(weight),
            each(|shape| shape.rank.to_string()),
            kind.parameters.to_string(),
            short(kind.norm),
        ]);
    }
    text.push_str(&table.trim_fmt());
    text
}

fn json(lora: &Lora, kinds: &[Kind]) -> Value {
    let shape = |shape: &PairShape| {
        let PairShape { experts, rank, inputs, outputs } = shape;
        json!({ "experts": experts, "rank": rank, "inputs": inputs, "outputs": outputs })
    };
    let kind = |kind: &Kind| {
        json!({
            "name": kind.name,
            "layers": kind.layers,
            "shapes": kind.shapes.iter().map(shape).collect::<Vec<_>>(),
            "parameters": kind.parameters,
            "norm": kind.norm,
        })
    };
    json!({
        "architecture": lora.architecture,
        "alpha": lora.alpha,
        "ranks": ranks(lora),
        "tensors": lora.pairs.len(),
        "parameters": lora.parameters(),
        "kinds": kinds.iter().map(kind).collect::<Vec<_>>(),
    })
}

fn ranks(lora: &Lora) -> Vec<usize> {
    let mut ranks: Vec<usize> = lora.pairs.iter().map(|pair| pair.shape.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// The weight that a pair changes: outputs and inputs, of how many experts.
fn weight(shape: &PairShape) -> String {
    let PairShape { experts, inputs, outputs, .. } = shape;
    if *experts == 1 { format!("{outputs} x {inputs}") } else { format!("{experts} of {outputs} x {inputs}") }
}

/// Numbers in order, those that follow each other as a range.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<[usize; 2]> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == *number => *last = *number,
            _ => ranges.push([*number; 2]),
        }
    }
    let texts =
        ranges.iter().map(|[first, last]| if first == last { first.to_string() } else { format!("{first}-{last}") });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_range() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
        assert_eq!(ranges(&[]), "");
    }
}
