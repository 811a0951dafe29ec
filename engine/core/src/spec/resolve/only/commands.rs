//! What `only` leaves of the command stages. Those that work for the study do no more than what is left of it asks for; all others
//! stay as they are.

use crate::spec::{Adapter, CommandInput, CommandStage, MODEL_AXIS, Spec};
use std::collections::BTreeSet;

/// Leaves out of the stages what was for these models and these adapters, which the study no longer asks. `of_study`: what
/// [`of_study`] said before.
pub(super) fn prune(spec: &mut Spec, of_study: &BTreeSet<String>, models: &[String], adapters: &[String]) {
    let needed = needed(spec, adapters);
    let idle = downstream(spec, |stage| trainings(stage).any(|of| adapters.iter().any(|adapter| adapter == of)));
    spec.stages.retain(|stage| needed.contains(&stage.name) || !idle.contains(&stage.name));
    for stage in spec.stages.iter_mut().filter(|stage| of_study.contains(&stage.name)) {
        if let Some(values) = stage.matrix.get_mut(MODEL_AXIS) {
            values.retain(|value| !models.contains(value));
        }
    }
    let empty = downstream(spec, |stage| stage.matrix.values().any(Vec::is_empty));
    spec.stages.retain(|stage| !empty.contains(&stage.name));
}

/// Whether a stage reads what an adapter is to learn.
pub(super) fn is_read(adapter: &Adapter, stages: &[CommandStage]) -> bool {
    stages.iter().flat_map(trainings).any(|of| of == adapter.name)
}

fn trainings(stage: &CommandStage) -> impl Iterator<Item = &str> {
    stage.inputs.values().filter_map(|input| match input {
        CommandInput::Training(adapter) => Some(adapter.as_str()),
        CommandInput::File(_) | CommandInput::Remote(_) | CommandInput::Stage { .. } => None,
    })
}

fn producers(stage: &CommandStage) -> impl Iterator<Item = &str> {
    stage.inputs.values().filter_map(|input| match input {
        CommandInput::Stage { stage, .. } => Some(stage.as_str()),
        CommandInput::File(_) | CommandInput::Remote(_) | CommandInput::Training(_) => None,
    })
}

/// Stages whose outputs the study reads: those of its models, and of its adapters but those that are gone.
fn read_by_study<'s>(spec: &'s Spec, gone: &'s [String]) -> impl Iterator<Item = &'s str> {
    let adapters = spec.adapters.iter().filter(|adapter| !gone.contains(&adapter.name));
    let trained = adapters.flat_map(|adapter| adapter.trained_by.values());
    let made = spec.models.iter().filter_map(|model| model.file.made());
    made.chain(trained).map(|output| output.stage.as_str())
}

/// Stages that the study reads, and all that these read.
fn needed(spec: &Spec, gone: &[String]) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = read_by_study(spec, gone).map(str::to_owned).collect();
    grow(spec, &mut needed, |stage, needed| {
        let readers = spec.stages.iter().filter(|reader| needed.contains(&reader.name));
        readers.flat_map(producers).any(|producer| producer == stage.name)
    });
    needed
}

/// Stages of that kind, and all that read them.
fn downstream(spec: &Spec, kind: impl Fn(&CommandStage) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    grow(spec, &mut found, |stage, found| kind(stage) || producers(stage).any(|producer| found.contains(producer)));
    found
}

/// Stages that read something of the study or make something for it, and whatever these are connected with: on an axis of models
/// they have its models.
pub(super) fn of_study(spec: &Spec) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = read_by_study(spec, &[]).map(str::to_owned).collect();
    grow(spec, &mut found, |stage, found| {
        let readers = spec.stages.iter().filter(|reader| found.contains(&reader.name));
        trainings(stage).next().is_some()
            || producers(stage).any(|producer| found.contains(producer))
            || readers.flat_map(producers).any(|producer| producer == stage.name)
    });
    found
}

/// Adds stages that belong to a set, until none is left that does.
fn grow(spec: &Spec, set: &mut BTreeSet<String>, belongs: impl Fn(&CommandStage, &BTreeSet<String>) -> bool) {
    while let Some(stage) = spec.stages.iter().find(|stage| !set.contains(&stage.name) && belongs(stage, set)) {
        set.insert(stage.name.clone());
    }
}
