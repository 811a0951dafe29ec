//! Command stages in a study: what they read of it, and what it reads of them.
//!
//! Either may need the other, so a stage is added when it is first asked for, behind all that it reads. The spec has no circles.

use super::Study;
use crate::plan::command::{CommandInstance, CommandShared};
use crate::plan::placeholder::Placeholders;
use crate::plan::stage::{InputSource, StageId};
use crate::spec::{CommandInput, CommandStage, FileRef, MODEL_AXIS, SEED_AXIS, StageOutput};
use std::collections::BTreeMap;
use std::sync::Arc;

impl<'s> Study<'s, '_> {
    /// Adds the command stages that nothing has asked for.
    pub(super) fn other_commands(&mut self) {
        self.commands.left().into_iter().for_each(|stage| self.command(stage));
    }

    /// The output of a command stage that is for a model, and a seed where there are several.
    pub(super) fn made(&mut self, by: &StageOutput, model: &str, seed: Option<u64>) -> Option<InputSource> {
        self.command(self.commands.named(&by.stage)?);
        let seed = seed.map(|seed| seed.to_string());
        let mut values = vec![(MODEL_AXIS, model)];
        values.extend(seed.as_deref().map(|seed| (SEED_AXIS, seed)));
        self.commands.output(by, &values)
    }

    fn command(&mut self, stage: &'s CommandStage) {
        if self.commands.has(&stage.name) {
            return;
        }
        let shared = Arc::new(CommandShared::new(stage));
        let mut made = BTreeMap::new();
        for (name, input) in &stage.inputs {
            match input {
                CommandInput::File(_) => {}
                CommandInput::Stage { stage, .. } => {
                    if let Some(producer) = self.commands.named(stage) {
                        self.command(producer);
                    }
                }
                CommandInput::Remote(file) => {
                    let stages =
                        CommandInstance::all(&shared).map(|instance| Some(self.fetched(&instance, name, file)));
                    made.insert(name.as_str(), stages.collect());
                }
                CommandInput::Training(adapter) => {
                    let stages = CommandInstance::all(&shared).map(|instance| self.training(&instance, adapter));
                    made.insert(name.as_str(), stages.collect());
                }
            }
        }
        self.commands.add(shared, made, self.builder);
    }

    /// The stage that brings a remote input of an instance.
    fn fetched(&mut self, instance: &CommandInstance, input: &str, file: &FileRef) -> StageId {
        let source = file.source.with_path(&|path| Placeholders::parse(path).fill(|name| instance.value(name)));
        let many = source.is_glob();
        let file = FileRef { source, ..file.clone() };
        self.bring(format!("download/input/{}/{input}", instance.name()), file, many)
    }

    /// The stage that writes down what an adapter is to learn, for the model and the seed of an instance.
    fn training(&mut self, instance: &CommandInstance, adapter: &str) -> Option<StageId> {
        let spec = self.spec;
        let adapter = spec.adapters.iter().find(|other| other.name == adapter)?;
        let model = spec.models.iter().find(|model| Some(model.name.as_str()) == instance.value(MODEL_AXIS))?;
        let seed = match instance.value(SEED_AXIS) {
            Some(seed) => seed.parse().ok()?,
            None => *adapter.seeds.first()?,
        };
        self.rows(model, adapter, adapter.training()?, seed)
    }
}
