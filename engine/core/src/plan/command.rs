//! Command stages of the spec, expanded over their matrix.

use super::placeholder::Placeholders;
use super::stage::{Export, Input, InputSource, Resources, Stage, StageId, Work};
use super::{Builder, PlanError};
use crate::spec::{CommandInput, CommandStage, Spec, StageOutput};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What all instances of a command stage share.
#[derive(Debug)]
pub struct CommandShared {
    /// As the spec has it.
    pub spec: CommandStage,
    args: Vec<Placeholders>,
    env: Vec<(String, Placeholders)>,
    outputs: Vec<Placeholders>,
}

/// One instance of a command stage.
#[derive(Debug, Clone)]
pub struct CommandInstance {
    /// What it shares with its siblings.
    pub shared: Arc<CommandShared>,
    /// Number of its value on each axis, in the order of `shared.spec.axes`.
    pub values: Box<[u32]>,
}

/// A command ready to be run in a private folder; all paths are relative to that folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Program, as the spec resolved it.
    pub program: String,
    /// Arguments, filled in.
    pub args: Vec<String>,
    /// Environment, filled in.
    pub env: Vec<(String, String)>,
    /// Path of each output, in the order of the outputs' names.
    pub outputs: Vec<String>,
}

impl CommandInstance {
    /// All instances of a stage, in the order of its axes, the last axis fastest.
    pub(super) fn all(shared: &Arc<CommandShared>) -> impl Iterator<Item = Self> {
        shared.instances().map(|values| Self { shared: Arc::clone(shared), values })
    }

    /// Axes and their values, in the order written.
    pub fn axes(&self) -> impl Iterator<Item = (&str, &str)> {
        let spec = &self.shared.spec;
        spec.axes
            .iter()
            .zip(&self.values)
            .map(|(axis, &value)| (axis.as_str(), spec.matrix[axis][value as usize].as_str()))
    }

    /// Its value on an axis, or of a parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let spec = &self.shared.spec;
        let axis = spec.axes.iter().position(|axis| axis == name);
        match axis {
            Some(axis) => Some(&spec.matrix[name][self.values[axis] as usize]),
            None => spec.params.get(name).map(String::as_str),
        }
    }

    /// The command line, given the stage's inputs.
    #[must_use]
    pub fn line(&self, links: &BTreeMap<String, String>) -> CommandLine {
        let spec = &self.shared.spec;
        let outputs: Vec<String> = self.shared.outputs.iter().map(|path| path.fill(|name| self.value(name))).collect();
        let fill = |text: &Placeholders| {
            text.fill(|name| {
                if let Some(input) = name.strip_prefix("in.") {
                    links.get(input).map(String::as_str)
                } else if let Some(output) = name.strip_prefix("out.") {
                    spec.outputs.keys().position(|other| other == output).map(|at| outputs[at].as_str())
                } else {
                    self.value(name)
                }
            })
        };
        CommandLine {
            program: spec.program.clone(),
            args: self.shared.args.iter().map(fill).collect(),
            env: self.shared.env.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
            outputs: outputs.clone(),
        }
    }

    /// Path of the output with that number in the private folder.
    #[must_use]
    pub fn output_path(&self, output: usize) -> String {
        self.shared.outputs[output].fill(|name| self.value(name))
    }

    /// Name of the stage.
    pub(super) fn name(&self) -> String {
        let mut name = self.shared.spec.name.clone();
        for (_, value) in self.axes() {
            name.push('/');
            name.push_str(value);
        }
        name
    }
}

impl CommandShared {
    pub(super) fn new(spec: &CommandStage) -> Self {
        Self {
            args: spec.args.iter().map(|arg| Placeholders::parse(arg)).collect(),
            env: spec.env.iter().map(|(name, value)| (name.clone(), Placeholders::parse(value))).collect(),
            outputs: spec.outputs.values().map(|path| Placeholders::parse(path)).collect(),
            spec: spec.clone(),
        }
    }

    /// The program without its folder: a local program is known by its content, which is an input.
    #[must_use]
    pub fn program_name(&self) -> &str {
        self.spec.program.rsplit('/').next().unwrap_or_default()
    }

    fn sizes(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.spec.axes.iter().map(|axis| self.spec.matrix[axis].len() as u32)
    }

    /// The values of all instances, in the order of the axes, the last axis fastest.
    fn instances(&self) -> impl Iterator<Item = Box<[u32]>> {
        let sizes: Vec<u32> = self.sizes().collect();
        let total: u64 = sizes.iter().map(|&size| u64::from(size)).product();
        (0..total).map(move |mut number| {
            let mut values = vec![0; sizes.len()];
            for (value, &size) in values.iter_mut().zip(&sizes).rev() {
                *value = (number % u64::from(size)) as u32;
                number /= u64::from(size);
            }
            values.into_boxed_slice()
        })
    }
}

/// The instances of one command stage in the plan: their numbers are consecutive.
struct Expanded {
    shared: Arc<CommandShared>,
    first: StageId,
}

/// The command stages of a spec, and those of them that are in the plan.
pub(super) struct Commands<'s> {
    stages: &'s [CommandStage],
    /// Names of those whose outputs something reads.
    consumed: BTreeSet<&'s str>,
    expanded: BTreeMap<&'s str, Expanded>,
}

impl<'s> Commands<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let inputs = spec.stages.iter().flat_map(|stage| stage.inputs.values()).filter_map(|input| match input {
            CommandInput::Stage { stage, .. } => Some(stage.as_str()),
            CommandInput::File(_) | CommandInput::Remote(_) | CommandInput::Training(_) => None,
        });
        let models = spec.models.iter().filter_map(|model| model.file.made());
        let adapters = spec.adapters.iter().flat_map(|adapter| adapter.trained_by.values());
        let consumed = inputs.chain(models.chain(adapters).map(|made| made.stage.as_str())).collect();
        Self { stages: &spec.stages, consumed, expanded: BTreeMap::new() }
    }

    /// Those that are not in the plan yet, producers first.
    pub(super) fn left(&self) -> Vec<&'s CommandStage> {
        producers_first(self.stages).into_iter().filter(|stage| !self.has(&stage.name)).collect()
    }

    pub(super) fn named(&self, name: &str) -> Option<&'s CommandStage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.expanded.contains_key(name)
    }

    /// Adds all instances of a stage to the plan. The stages that it reads are there, and `made` says of each input that the study
    /// makes which stage it is, for each instance.
    pub(super) fn add(
        &mut self,
        shared: Arc<CommandShared>,
        mut made: BTreeMap<&'s str, Vec<Option<StageId>>>,
        builder: &mut Builder<'_>,
    ) {
        let Some(spec) = self.named(&shared.spec.name) else { return };
        let plans = input_plans(&shared, &self.expanded, &mut made, builder);
        let first = builder.next_id();
        let leaf = !self.consumed.contains(spec.name.as_str());
        for (number, instance) in CommandInstance::all(&shared).enumerate() {
            let inputs = plans.iter().flat_map(|plan| plan.inputs(&instance, number, builder)).collect();
            let resources = Resources { cores: spec.cores.max(1), memory: spec.memory, gpus: spec.gpus, downloads: 0 };
            let exports = exports(&instance, leaf);
            let id = builder.add(Stage { name: instance.name(), inputs, work: Work::Command(instance), resources });
            for (output, path) in exports {
                builder.export(Export { stage: id, output, path });
            }
        }
        self.expanded.insert(&spec.name, Expanded { shared, first });
    }

    /// The output of the instance that has these values on the axes of these names; on others it has the first.
    pub(super) fn output(&self, of: &StageOutput, values: &[(&str, &str)]) -> Option<InputSource> {
        let Expanded { shared, first } = self.expanded.get(of.stage.as_str())?;
        let output = shared.spec.outputs.keys().position(|other| *other == of.output)?;
        let mut number = 0;
        for (axis, size) in shared.spec.axes.iter().zip(shared.sizes()) {
            let wanted = values.iter().find(|(name, _)| name == axis).map(|(_, value)| *value);
            let at =
                wanted.map_or(Some(0), |wanted| shared.spec.matrix[axis].iter().position(|value| value == wanted))?;
            number = number * size + at as u32;
        }
        Some(InputSource::Stage(StageId(first.0 + number), output as u16))
    }
}

/// Stages in an order in which producers come before consumers; by name where that is free. The spec has no cycles.
fn producers_first(stages: &[CommandStage]) -> Vec<&CommandStage> {
    let mut graph = petgraph::graphmap::DiGraphMap::<usize, ()>::new();
    let number = |name: &str| stages.iter().position(|stage| stage.name == name);
    for (consumer, stage) in stages.iter().enumerate().rev() {
        graph.add_node(consumer);
        for input in stage.inputs.values().rev() {
            if let CommandInput::Stage { stage: producer, .. } = input
                && let Some(producer) = number(producer)
            {
                graph.add_edge(producer, consumer, ());
            }
        }
    }
    let order = petgraph::algo::toposort(&graph, None).unwrap_or_default();
    order.into_iter().map(|at| &stages[at]).collect()
}

fn exports(instance: &CommandInstance, leaf: bool) -> Vec<(u16, String)> {
    let spec = &instance.shared.spec;
    let number = |output: &str| spec.outputs.keys().position(|other| other == output);
    if !spec.export.is_empty() {
        let declared = spec.export.iter().filter_map(|(output, path)| {
            let path = Placeholders::parse(path).fill(|name| instance.value(name));
            Some((number(output)? as u16, path))
        });
        return declared.collect();
    }
    let outputs = if leaf { spec.outputs.len() } else { 0 };
    let folder = safe_path(&instance.name());
    (0..outputs).map(|output| (output as u16, format!("{folder}/{}", instance.output_path(output)))).collect()
}

/// A stage's name as a path below the results folder: no part of it can lead out.
fn safe_path(name: &str) -> String {
    let part = |part: &str| match part {
        "" | "." | ".." => "_".to_owned(),
        part => part.replace(['\\', ':'], "_"),
    };
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// How one declared input of a command stage becomes inputs of each instance.
enum InputPlan {
    /// A file whose path may differ from instance to instance.
    File { name: Arc<str>, path: Placeholders },
    /// What a stage of the study makes, for each instance.
    Study { name: Arc<str>, made: Vec<Option<StageId>> },
    /// Another stage's output.
    Stage { name: Arc<str>, producer: Arc<CommandShared>, first: StageId, output: u16, axes: Vec<Axis> },
}

/// Where the value of one of the producer's axes comes from.
enum Axis {
    /// From the consumer's axis with that number; the table leads from its values to the producer's.
    Shared { consumer: usize, to_producer: Vec<u32> },
    /// The consumer does not have it: all values.
    Free { size: u32 },
}

fn input_plans(
    shared: &CommandShared,
    expanded: &BTreeMap<&str, Expanded>,
    made: &mut BTreeMap<&str, Vec<Option<StageId>>>,
    builder: &mut Builder<'_>,
) -> Vec<InputPlan> {
    let spec = &shared.spec;
    let mut plans = Vec::new();
    if spec.program.contains('/') {
        plans.push(InputPlan::File { name: "program".into(), path: Placeholders::parse(&escape(&spec.program)) });
    }
    for (name, input) in &spec.inputs {
        let study = made.remove(name.as_str());
        let name: Arc<str> = name.as_str().into();
        match input {
            CommandInput::Remote(_) | CommandInput::Training(_) => {
                plans.push(InputPlan::Study { name, made: study.unwrap_or_default() });
            }
            CommandInput::File(path) => plans.push(InputPlan::File { name, path: Placeholders::parse(path) }),
            CommandInput::Stage { stage, output } => {
                let Some(producer) = expanded.get(stage.as_str()) else { continue };
                let Some(output) = producer.shared.spec.outputs.keys().position(|other| other == output) else {
                    continue;
                };
                let axes =
                    producer.shared.spec.axes.iter().map(|axis| match_axis(axis, spec, &producer.shared.spec, builder));
                let axes = axes.collect();
                let (first, producer) = (producer.first, Arc::clone(&producer.shared));
                plans.push(InputPlan::Stage { name, producer, first, output: output as u16, axes });
            }
        }
    }
    plans
}

fn escape(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}

fn match_axis(axis: &str, consumer: &CommandStage, producer: &CommandStage, builder: &mut Builder<'_>) -> Axis {
    let values = &producer.matrix[axis];
    let Some(at) = consumer.axes.iter().position(|other| other == axis) else {
        return Axis::Free { size: values.len() as u32 };
    };
    let to_producer = consumer.matrix[axis].iter().map(|value| {
        let found = values.iter().position(|other| other == value);
        if found.is_none() {
            builder.error(PlanError::NoSuchInstance {
                stage: consumer.name.clone(),
                producer: producer.name.clone(),
                axis: axis.to_owned(),
                value: value.clone(),
            });
        }
        found.unwrap_or_default() as u32
    });
    Axis::Shared { consumer: at, to_producer: to_producer.collect() }
}

impl InputPlan {
    /// Those of an instance, the one with that number.
    fn inputs(&self, instance: &CommandInstance, number: usize, builder: &mut Builder<'_>) -> Vec<Input> {
        match self {
            Self::Study { name, made } => {
                let input = |stage| Input { name: Arc::clone(name), part: None, source: InputSource::Stage(stage, 0) };
                made.get(number).copied().flatten().map(input).into_iter().collect()
            }
            Self::File { name, path } => {
                let path = path.fill(|name| instance.value(name));
                let local = builder.local(&path, || (instance.name(), name.to_string()));
                local
                    .map(|local| Input { name: Arc::clone(name), part: None, source: InputSource::Local(local) })
                    .into_iter()
                    .collect()
            }
            Self::Stage { name, producer, first, output, axes } => {
                let free = axes.iter().any(|axis| matches!(axis, Axis::Free { .. }));
                let input = |number: u32, part: Option<Box<str>>| Input {
                    name: Arc::clone(name),
                    part,
                    source: InputSource::Stage(StageId(first.0 + number), *output),
                };
                let mut numbers = vec![(0_u32, String::new())];
                for (axis, (axis_name, size)) in axes.iter().zip(producer.spec.axes.iter().zip(producer.sizes())) {
                    numbers = match axis {
                        Axis::Shared { consumer, to_producer } => {
                            let value = to_producer[instance.values[*consumer] as usize];
                            numbers.into_iter().map(|(number, part)| (number * size + value, part)).collect()
                        }
                        Axis::Free { size } => {
                            let all = numbers.iter().flat_map(|(number, part)| {
                                (0..*size).map(move |value| {
                                    let text = &producer.spec.matrix[axis_name][value as usize];
                                    let part = if part.is_empty() { text.clone() } else { format!("{part}/{text}") };
                                    (number * size + value, part)
                                })
                            });
                            all.collect()
                        }
                    };
                }
                // By name: the order in which the producer's values are written changes nothing.
                numbers.sort_by(|(_, a), (_, b)| a.cmp(b));
                numbers.into_iter().map(|(number, part)| input(number, free.then(|| part.into()))).collect()
            }
        }
    }
}
