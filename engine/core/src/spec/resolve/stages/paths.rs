//! Paths that a stage writes: they stay in its folder, and no two outputs are one file.

use super::pattern::{Pattern, assignments};
use super::texts;
use crate::inner;
use crate::spec::CommandStage;
use crate::spec::resolve::Context;
use crate::spec::suggest::suggest;
use crate::spec::text::{Place, Word};
use crate::spec::tree::Table;

/// Where inputs are put.
const INPUTS: &str = "in";

/// Checks `outputs` and `export` of a stage.
pub(super) fn check(table: &Table, stage: &CommandStage, cx: &mut Context<'_>) {
    let mut outputs = Vec::new();
    for (name, word) in texts(table, "outputs") {
        let Some(pattern) = Pattern::of(word.text, &stage.params, &stage.matrix) else { continue };
        if in_inputs(&pattern, stage) {
            cx.faults
                .at(word.place, format!("output `{name}` lies in `{INPUTS}/`"))
                .label("where the inputs are")
                .help("choose another folder");
        }
        inner(word, &pattern, table, stage, cx);
        outputs.push((name, word.place, pattern));
    }
    for (at, second) in outputs.iter().enumerate() {
        outputs[..at].iter().for_each(|first| check_pair(first, second, stage, cx));
    }
    let known = table.names("outputs");
    let exports = table.table("export").map(|table| table.entries.as_slice()).unwrap_or_default();
    for export in exports {
        if !known.contains(&export.key.as_str()) {
            cx.faults
                .at(export.key_place, format!("unknown output `{}`", export.key))
                .label("cannot be exported")
                .help(suggest(&export.key, "outputs of this stage", &known));
        }
        if let Some(word) = export.node.word()
            && let Some(pattern) = Pattern::of(word.text, &stage.params, &stage.matrix)
        {
            inner(word, &pattern, table, stage, cx);
        }
    }
}

fn in_inputs(pattern: &Pattern, stage: &CommandStage) -> bool {
    let inside = |path: &str| path.split('/').next() == Some(INPUTS);
    match pattern.axes().next().filter(|_| pattern.prefix().is_empty()) {
        Some(first) => stage.matrix.get(first).into_iter().flatten().any(|value| inside(value)),
        None => inside(&pattern.with(|axis| format!("{{{axis}}}"))),
    }
}

/// Reports a path that leaves its folder, by itself or by a value of an axis.
fn inner(word: Word<'_>, pattern: &Pattern, table: &Table, stage: &CommandStage, cx: &mut Context<'_>) {
    let path = pattern.with(|_| "x".to_owned());
    if let Some(label) = inner::fault(&path) {
        cx.faults
            .at(word.place, format!("`{}` is not a path inside a folder", word.text))
            .label(label)
            .help("write a relative path without `.` and `..`");
        return;
    }
    for axis in pattern.axes() {
        let values = stage.matrix.get(axis).into_iter().flatten();
        for value in values.filter(|value| inner::fault(value).is_some()) {
            cx.faults
                .at(
                    place_of(table, axis, value).unwrap_or(word.place),
                    format!("`{value}` of axis `{axis}` is used in a path"),
                )
                .label("no relative path")
                .also(word.place, "used here")
                .help("leave the axis out of the path, or choose values without `.` and `..`");
        }
    }
}

fn place_of(table: &Table, axis: &str, value: &str) -> Option<Place> {
    let values = table.table("matrix")?.get(axis)?.items();
    values.iter().find(|node| node.scalar().as_deref() == Some(value)).map(|node| node.place)
}

/// Reports two outputs that are the same file in some instance.
fn check_pair(
    first: &(&str, Place, Pattern),
    second: &(&str, Place, Pattern),
    stage: &CommandStage,
    cx: &mut Context<'_>,
) {
    let (a, b) = (&first.2, &second.2);
    let apart = !a.prefix().starts_with(b.prefix()) && !b.prefix().starts_with(a.prefix());
    if apart {
        return;
    }
    let mut used: Vec<&str> = a.axes().chain(b.axes()).collect();
    used.sort_unstable();
    used.dedup();
    let instances = assignments(&used, &stage.matrix);
    if let Some(path) =
        instances.iter().map(|chosen| (a.fill(&used, chosen), b.fill(&used, chosen))).find(|(a, b)| a == b)
    {
        cx.faults
            .at(
                second.1,
                format!("outputs `{}` and `{}` of stage `{}` are both `{}`", first.0, second.0, stage.name, path.0),
            )
            .label("the same path")
            .also(first.1, "and here")
            .help("give each output a path of its own");
    }
}
