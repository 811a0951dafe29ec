//! Which stage reads what another writes.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::scope::Scope;
use crate::spec::resolve::Context;
use crate::spec::suggest::{listed, nearest, suggest};
use crate::spec::text::{Place, Word};
use crate::spec::{CommandInput, CommandStage};

const STAGE: &str = "stage:";

/// An input of stage `of`: a local path, or an output of another stage.
pub(super) fn input(word: Word<'_>, of: &str, scope: &Scope, cx: &mut Context<'_>) -> Option<CommandInput> {
    if let Some(rest) = word.text.strip_prefix(STAGE) {
        return reference(word, rest, of, cx);
    }
    if let Some((scheme, rest)) = word.text.split_once(':')
        && scheme.len() > 1
        && scheme.bytes().all(|b| b.is_ascii_alphabetic())
    {
        let help = match nearest(scheme, ["stage"]) {
            Some(near) => format!("did you mean `{near}:{rest}`?"),
            None => "an input is a local path or `stage:NAME`; a path with a colon begins with `./`".to_owned(),
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

/// `NAME` or `NAME.OUTPUT`; both may have dots, and the longest name of a stage wins.
fn reference(word: Word<'_>, rest: &str, of: &str, cx: &mut Context<'_>) -> Option<CommandInput> {
    let stages = cx.root.table("stages")?;
    let dots = rest.rmatch_indices('.').map(|(dot, _)| (&rest[..dot], Some(&rest[dot + 1..])));
    let found = [(rest, None)].into_iter().chain(dots).find(|(name, _)| stages.get(name).is_some());
    let place = |text: &str| {
        let start = text.as_ptr() as usize - word.text.as_ptr() as usize;
        cx.texts.inside(word.place, word.text, start..start + text.len())
    };
    let Some((stage, output)) = found else {
        cx.faults.at(place(rest), format!("unknown stage `{rest}`")).label("not in `[stages]`").help(suggest(
            rest,
            "stages",
            &cx.root.names("stages"),
        ));
        return None;
    };
    if stage == of {
        cx.faults
            .at(place(stage), format!("stage `{of}` reads its own output"))
            .label("itself")
            .help("an input comes from a file or from another stage");
        return None;
    }
    let outputs = stages.table(stage)?.names("outputs");
    match (output, outputs.as_slice()) {
        (Some(output), known) if known.contains(&output) => {
            Some(CommandInput::Stage { stage: stage.to_owned(), output: output.to_owned() })
        }
        (Some(output), known) => {
            cx.faults
                .at(place(output), format!("stage `{stage}` has no output `{output}`"))
                .label("unknown output")
                .help(suggest(output, "its outputs", known));
            None
        }
        (None, [only]) => Some(CommandInput::Stage { stage: stage.to_owned(), output: (*only).to_owned() }),
        (None, []) => {
            cx.faults
                .at(place(stage), format!("stage `{stage}` has no outputs"))
                .label("nothing to read")
                .help(format!("declare what it writes: `[stages.{stage}.outputs]`"));
            None
        }
        (None, several) => {
            cx.faults
                .at(place(stage), format!("stage `{stage}` has several outputs"))
                .label("which one?")
                .help(format!("write `{STAGE}{stage}.OUTPUT` with one of {}", listed(several)));
            None
        }
    }
}

/// An input that another stage writes.
struct Wire<'a> {
    reader: usize,
    writer: usize,
    input: &'a str,
}

/// Checks the stages together: no circles, and for every instance the instances that it reads.
pub(super) fn check(stages: &[CommandStage], cx: &mut Context<'_>) {
    let index: BTreeMap<&str, usize> = stages.iter().enumerate().map(|(at, stage)| (stage.name.as_str(), at)).collect();
    let mut wires = Vec::new();
    for (reader, stage) in stages.iter().enumerate() {
        for (input, from) in &stage.inputs {
            if let CommandInput::Stage { stage, .. } = from
                && let Some(&writer) = index.get(stage.as_str())
            {
                wires.push(Wire { reader, writer, input });
            }
        }
    }
    for wire in &wires {
        check_axes(wire, stages, cx);
    }
    check_circles(&wires, stages, cx);
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
    for circle in kosaraju_scc(&graph).into_iter().filter(|component| component.len() > 1) {
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
