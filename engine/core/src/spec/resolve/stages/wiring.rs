//! Which stage reads what another writes.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::output::{STAGE, output};
use super::scope::Scope;
use crate::spec::resolve::{ADAPTER, Context, origin};
use crate::spec::suggest::{listed, nearest};
use crate::spec::text::{Place, Word};
use crate::spec::{CommandInput, CommandStage, MODEL_AXIS, Model, StageOutput};

/// An adapter's training.
const TRAINING: &str = "training:";
/// What is fetched.
const REMOTE: [&str; 4] = ["hf:", "https:", "http:", "pypi:"];

/// An input of stage `of`: a local path, a file from elsewhere, an output of another stage, or an adapter's training.
pub(super) fn input(word: Word<'_>, of: &str, scope: &Scope, cx: &mut Context<'_>) -> Option<CommandInput> {
    if word.text.starts_with(STAGE) {
        let StageOutput { stage, output } = output(word, Some(of), cx)?;
        return Some(CommandInput::Stage { stage, output });
    }
    if let Some(adapter) = word.text.strip_prefix(TRAINING) {
        let place = cx.texts.inside(word.place, word.text, TRAINING.len()..word.text.len());
        return cx.known(ADAPTER, Word { text: adapter, place }).then(|| CommandInput::Training(adapter.to_owned()));
    }
    if REMOTE.iter().any(|scheme| word.text.starts_with(scheme)) {
        scope.check_values(word, "in the address of an input", cx);
        return origin::by_itself(word, "inputs", cx).map(CommandInput::Remote);
    }
    if let Some((scheme, rest)) = word.text.split_once(':')
        && scheme.len() > 1
        && scheme.bytes().all(|b| b.is_ascii_alphabetic())
    {
        let help = match nearest(scheme, ["stage", "training", "hf", "https", "pypi"]) {
            Some(near) => format!("did you mean `{near}:{rest}`?"),
            None => "an input is a local path, `stage:NAME`, `training:ADAPTER` or an address such as `hf:ORG/REPO/PATH`; a path with a \
                     colon begins with `./`"
                .to_owned(),
        };
        cx.faults.at(word.place, format!("an input cannot come from `{scheme}:`")).label("not known here").help(help);
        return None;
    }
    if word.text.is_empty() {
        cx.faults.at(word.place, "an empty path").label("empty").help("write a path beside the spec, or `stage:NAME`");
    }
    scope.check_values(word, "in the path of an input", cx);
    Some(CommandInput::File(cx.texts.join(word.place, word.text)))
}

/// An input that another stage writes.
struct Wire<'a> {
    reader: usize,
    writer: usize,
    input: &'a str,
}

/// Checks the stages together: no circles, and for every instance the instances that it reads.
pub(super) fn check(stages: &[CommandStage], models: &[Model], cx: &mut Context<'_>) {
    let index: BTreeMap<&str, usize> = stages.iter().enumerate().map(|(at, stage)| (stage.name.as_str(), at)).collect();
    let (mut wires, mut by_model) = (Vec::new(), Vec::new());
    for (reader, stage) in stages.iter().enumerate() {
        for (input, from) in &stage.inputs {
            match from {
                CommandInput::Stage { stage, .. } => {
                    wires.extend(index.get(stage.as_str()).map(|&writer| Wire { reader, writer, input }));
                }
                // A training is written for a model's vocabulary, so it waits for whatever makes the model.
                CommandInput::Training(_) => {
                    let makers = makers(stage, models).filter_map(|maker| index.get(maker));
                    by_model.extend(makers.map(|&writer| Wire { reader, writer, input }));
                }
                CommandInput::File(_) | CommandInput::Remote(_) => {}
            }
        }
    }
    for wire in &wires {
        check_axes(wire, stages, cx);
    }
    wires.append(&mut by_model);
    check_circles(&wires, stages, cx);
}

/// The stages that make the models on a stage's axis.
fn makers<'a>(stage: &'a CommandStage, models: &'a [Model]) -> impl Iterator<Item = &'a str> {
    let on_axis = stage.matrix.get(MODEL_AXIS).into_iter().flatten();
    let models = on_axis.filter_map(|name| models.iter().find(|model| model.name == *name));
    models.filter_map(|model| Some(model.file.made()?.stage.as_str()))
}

fn place_of(wire: &Wire<'_>, stages: &[CommandStage], cx: &Context<'_>) -> Option<Place> {
    let table = cx.root.table("stages")?.table(&stages[wire.reader].name)?;
    Some(table.table("inputs")?.get(wire.input)?.place)
}

/// On a shared axis the writer has every value of the reader.
fn check_axes(wire: &Wire<'_>, stages: &[CommandStage], cx: &mut Context<'_>) {
    let (reader, writer) = (&stages[wire.reader], &stages[wire.writer]);
    let Some(place) = place_of(wire, stages, cx) else { return };
    for (axis, values) in &reader.matrix {
        let Some(written) = writer.matrix.get(axis) else { continue };
        let written: BTreeSet<&String> = written.iter().collect();
        let missing: Vec<&str> = values.iter().filter(|value| !written.contains(value)).map(String::as_str).collect();
        if !missing.is_empty() {
            cx.faults
                .at(place, format!("stage `{}` does not run for {axis} {}", writer.name, listed(&missing)))
                .label(format!("read by stage `{}` for each {axis}", reader.name))
                .help(format!("add the value to axis `{axis}` of `{}`, or rename one of the axes", writer.name));
        }
    }
}

fn check_circles(wires: &[Wire<'_>], stages: &[CommandStage], cx: &mut Context<'_>) {
    let node = |at: usize| NodeIndex::<u32>::new(at);
    let mut graph = DiGraph::<(), ()>::with_capacity(stages.len(), wires.len());
    stages.iter().for_each(|_| {
        graph.add_node(());
    });
    wires.iter().for_each(|wire| {
        graph.add_edge(node(wire.reader), node(wire.writer), ());
    });
    for circle in kosaraju_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1 || graph.contains_edge(component[0], component[0]))
    {
        let members: BTreeSet<usize> = circle.into_iter().map(NodeIndex::index).collect();
        let Some((first, way)) = shortest(&members, wires) else { continue };
        let Some(place) = place_of(first, stages, cx) else { continue };
        let names: Vec<&str> = way.iter().map(|at| stages[*at].name.as_str()).collect();
        cx.faults
            .at(place, format!("stages wait for each other: {}", arrows(&names)))
            .label(format!("`{}` waits for `{}`", names[0], names[1]))
            .help("cut the circle: each stage reads only what is written before it");
    }
}

/// `a -> b -> a`, cut in the middle where it gets long.
fn arrows(names: &[&str]) -> String {
    match names {
        [first, second, third, .., last] if names.len() > 10 => {
            format!("{first} -> {second} -> {third} -> … -> {last}")
        }
        names => names.join(" -> "),
    }
}

/// The shortest way from the first member back to itself, and its first wire.
fn shortest<'w, 'a>(members: &BTreeSet<usize>, wires: &'w [Wire<'a>]) -> Option<(&'w Wire<'a>, Vec<usize>)> {
    let start = *members.first()?;
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        next += 1;
        let last = *way.last()?;
        for wire in wires.iter().filter(|wire| wire.reader == last && members.contains(&wire.writer)) {
            let longer: Vec<usize> = way.iter().copied().chain([wire.writer]).collect();
            if wire.writer == start {
                let first = wires.iter().find(|wire| wire.reader == longer[0] && wire.writer == longer[1])?;
                return Some((first, longer));
            }
            if seen.insert(wire.writer) {
                ways.push(longer);
            }
        }
    }
    None
}
