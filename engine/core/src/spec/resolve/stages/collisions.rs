//! Exports of all stages go to one folder: no two may have one path.

use std::collections::BTreeSet;

use super::pattern::{Axes, Pattern};
use super::texts;
use crate::spec::CommandStage;
use crate::spec::resolve::Context;
use crate::spec::suggest::listed;
use crate::spec::text::Place;

struct Export<'a> {
    stage: &'a str,
    axes: &'a Axes,
    place: Place,
    pattern: Pattern,
}

/// Reports paths to which two stages, or two instances of one, export.
///
/// Paths are written out only where their form does not tell that they differ: a matrix may have 45,000 instances.
pub(super) fn between_exports(stages: &[CommandStage], cx: &mut Context<'_>) {
    let mut exports = collect(stages, cx);
    exports.sort_by(|a, b| a.pattern.prefix().cmp(b.pattern.prefix()));
    let mut doubtful = BTreeSet::new();
    for (at, export) in exports.iter().enumerate() {
        let missing = missing_axes(export);
        if !missing.is_empty() {
            cx.faults
                .at(
                    export.place,
                    format!("all instances of stage `{}` along {} export to one path", export.stage, listed(&missing)),
                )
                .label("the same for all of them")
                .help(format!("put `{{{}}}` into the path", missing.join("}`, `{")));
        }
        if !export.pattern.is_unambiguous(export.axes) {
            doubtful.insert(at);
        }
        let near =
            exports[at + 1..].iter().take_while(|next| next.pattern.prefix().starts_with(export.pattern.prefix()));
        let near = near.count();
        if near > 0 {
            doubtful.extend(at..=at + near);
        }
    }
    meet(&doubtful.into_iter().map(|at| &exports[at]).collect::<Vec<_>>(), cx);
}

fn collect<'a>(stages: &'a [CommandStage], cx: &Context<'_>) -> Vec<Export<'a>> {
    let table = |stage: &CommandStage| cx.root.table("stages")?.table(&stage.name);
    let exports = stages.iter().filter_map(|stage| Some((stage, table(stage)?))).flat_map(|(stage, table)| {
        texts(table, "export").filter_map(|(_, word)| {
            let pattern = Pattern::of(word.text, &stage.params, &stage.matrix)?;
            Some(Export { stage: &stage.name, axes: &stage.matrix, place: word.place, pattern })
        })
    });
    exports.collect()
}

/// Axes with more than one value of which the path says nothing.
fn missing_axes<'a>(export: &Export<'a>) -> Vec<&'a str> {
    let silent =
        export.axes.iter().filter(|(axis, values)| values.len() > 1 && export.pattern.axes().all(|a| a != *axis));
    silent.map(|(axis, _)| axis.as_str()).collect()
}

/// Writes the paths out and reports each pair of exports that meet, once.
fn meet(exports: &[&Export<'_>], cx: &mut Context<'_>) {
    let written = exports
        .iter()
        .enumerate()
        .flat_map(|(at, export)| export.pattern.expand(export.axes).into_iter().map(move |path| (path, at)));
    let mut paths: Vec<(String, usize)> = written.collect();
    paths.sort();
    let mut reported = BTreeSet::new();
    for pair in paths.windows(2) {
        let [(path, first), (next, second)] = pair else { continue };
        if path != next || !reported.insert((*first, *second)) {
            continue;
        }
        let (first, second) = (exports[*first], exports[*second]);
        let own = "give each export a path of its own, for instance with a folder for each stage";
        let (message, help) = if first.place == second.place {
            let apart = "put a sign between the axes that no value has, such as `/`";
            (format!("two instances of stage `{}` export to `{path}`", first.stage), apart)
        } else if first.stage == second.stage {
            (format!("stage `{}` exports two outputs to `{path}`", first.stage), own)
        } else {
            (format!("stages `{}` and `{}` both export to `{path}`", first.stage, second.stage), own)
        };
        let fault = cx.faults.at(second.place, message);
        fault.label("the same path").help(help);
        if first.place != second.place {
            fault.also(first.place, "and here");
        }
    }
}
