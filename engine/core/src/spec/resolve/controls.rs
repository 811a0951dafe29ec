//! Rotations and examples: whether a mode that asks for them can have them.

use super::Context;
use super::data::check_part;
use crate::spec::tree::Table;
use crate::spec::{Data, Evaluate, Mode};

/// Checks every mode against the evaluated data.
pub(super) fn fit(evaluate: Option<&Evaluate>, data: &[Data], modes: &[Mode], cx: &mut Context<'_>) {
    for entry in cx.root.sorted("modes") {
        let Some(table) = entry.node.table() else { continue };
        rotation(&entry.key, table, modes, cx);
        let rows = evaluate.and_then(|evaluate| Some((evaluate, data.iter().find(|data| data.name == evaluate.data)?)));
        if let (Some(shots), Some((evaluate, rows))) = (table.table("shots"), rows) {
            examples(&entry.key, table, shots, evaluate, rows, cx);
        }
    }
}

/// Orders are averaged by their likelihoods, which a text that the model writes does not have.
fn rotation(mode: &str, table: &Table, modes: &[Mode], cx: &mut Context<'_>) {
    let Some(node) = table.get("rotate") else { return };
    let of_it = |name: &str| name.strip_prefix(mode).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if let Some(writes) = modes.iter().find(|mode| mode.rotate && mode.generates() && of_it(&mode.name)) {
        cx.faults
            .at(node.place, format!("mode `{}` writes, so its options cannot be rotated", writes.name))
            .label("averages likelihoods")
            .help("rotate a mode with `score = \"labels\"` or `\"texts\"` and without `reason`");
    }
}

fn examples(mode: &str, table: &Table, shots: &Table, evaluate: &Evaluate, rows: &Data, cx: &mut Context<'_>) {
    if let Some(reason) = table.get("reason").filter(|node| node.table().is_some_and(|it| it.get("filler").is_none())) {
        cx.faults
            .at(reason.place, format!("mode `{mode}` reasons, and its examples have no reasoning to show"))
            .label("with `shots`")
            .help("leave out `shots` or `reason`");
    }
    let Some(part) = shots.word("part") else { return };
    if rows.split.is_none() {
        let place = shots.get("number").map_or(part.place, |node| node.place);
        cx.faults
            .at(place, format!("`data.{}` has no part to take examples from", rows.name))
            .label("needs a held-out part")
            .help(format!("add `[data.{}.split]` with `train` and `test`", rows.name));
    } else if part.text == evaluate.part || part.text == "all" || evaluate.part == "all" {
        cx.faults
            .at(part.place, format!("mode `{mode}` would show questions of the evaluated part `{}`", evaluate.part))
            .label("not held out")
            .help("take examples from another part, such as `train`");
    } else {
        check_part(part, rows, cx);
    }
}
