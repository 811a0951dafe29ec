//! Adapters: trained or brought, and merged where a model file with the adapter in its weights is asked.

use super::{ONE_CORE, Study, WHOLE_MACHINE, filled, input, machine_for, part};
use crate::plan::stage::{Input, InputSource, Stage, StageId, Work};
use crate::plan::work::{AdoptWork, Arm, FinetuneWork, TrainedAdapter};
use crate::spec::{
    Adapter, AdapterOrigin, Base, Condition, Data, FileRef, Lesson, Mode, Model, Prompt, Spec, StageOutput, Training,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Number of the output of a training that is its log.
const LOG: u16 = 1;

/// What a condition asks: a model's file, and an adapter beside it where there is one.
pub(super) struct Asked<'s> {
    /// Seed of the adapter.
    pub(super) seed: Option<u64>,
    /// The model's file.
    pub(super) model: InputSource,
    /// Name of the adapter that is attached, and its file.
    pub(super) adapter: Option<(&'s str, InputSource)>,
}

/// What an analysis reads of trainings, to hold what was learned against what is asked.
#[derive(Default)]
pub(super) struct Taught {
    /// One for each adapter: all models and seeds learn from the same rows.
    pub(super) works: Vec<FinetuneWork>,
    /// Their rows, in the order of their own inputs.
    pub(super) inputs: Vec<Input>,
}

impl<'s> Study<'s, '_> {
    /// The rows of the adapters that were trained on data whose keys are those of `asked`.
    pub(super) fn taught(&self, asked: &Data) -> Taught {
        let (mut taught, mut adapters) = (Taught::default(), BTreeSet::new());
        for (training, &stage) in self.trainings.iter().chain(&self.lessons) {
            let Stage { inputs, work: Work::Finetune(work) | Work::Rows(work), .. } = self.builder.stage(stage) else {
                continue;
            };
            if !work.data.has_keys_of(asked) || !adapters.insert(&training.adapter) {
                continue;
            }
            let rows = inputs.iter().filter(|input| *input.name != *"model");
            taught.inputs.extend(rows.map(|input| {
                let of = input.part.as_deref().unwrap_or_default();
                let name = format!("{}/{}/{of}", training.adapter, input.name);
                Input { name: "taught".into(), part: Some(name.into()), source: input.source }
            }));
            taught.works.push((**work).clone());
        }
        taught
    }

    /// What a condition asks of a model: one for each seed of its adapter, or the model alone.
    pub(super) fn asked(&mut self, model: &Model, base: InputSource, condition: &Condition) -> Vec<Asked<'s>> {
        let spec: &'s Spec = self.spec;
        let named = |name: &String| spec.adapters.iter().find(|adapter| adapter.name == *name);
        let Some(adapter) = condition.adapter.as_ref().and_then(named) else {
            return vec![Asked { seed: None, model: base, adapter: None }];
        };
        let seeds: Vec<Option<u64>> = match &adapter.seeds[..] {
            [] => vec![None],
            seeds => seeds.iter().copied().map(Some).collect(),
        };
        seeds.into_iter().filter_map(|seed| self.tuned(model, base, adapter, seed)).collect()
    }

    fn tuned(
        &mut self,
        model: &Model,
        base: InputSource,
        adapter: &'s Adapter,
        seed: Option<u64>,
    ) -> Option<Asked<'s>> {
        let made = match &adapter.origin {
            AdapterOrigin::Trained(training) => match adapter.trained_by.get(&model.name) {
                Some(by) => self.adopted(model, by, adapter, training, seed?)?,
                None => self.finetune(model, base, &adapter.name, training, seed?)?,
            },
            AdapterOrigin::File(file) => self.adapter_file(model, &adapter.name, file, seed),
        };
        let made = InputSource::from(made);
        if !adapter.merge {
            return Some(Asked { seed, model: base, adapter: Some((&adapter.name, made)) });
        }
        let seeded = seed.map(|seed| format!("/seed{seed}")).unwrap_or_default();
        let name = format!("merge/{}/{}{seeded}", model.name, adapter.name);
        let inputs = vec![input("model", base), input("adapter", made)];
        let stage = Stage { name, inputs, work: Work::Merge, resources: WHOLE_MACHINE };
        let merged = self.builder.find(&stage.name).unwrap_or_else(|| self.builder.add(stage));
        Some(Asked { seed, model: merged.into(), adapter: None })
    }

    /// The stage that brings an adapter that was made elsewhere.
    fn adapter_file(&mut self, model: &Model, adapter: &str, file: &FileRef, seed: Option<u64>) -> StageId {
        let seed = seed.map(|seed| seed.to_string()).unwrap_or_default();
        let blanks = [("model", model.name.as_str()), ("seed", seed.as_str())];
        let (name, file) = filled(format!("download/adapter/{adapter}"), file, &blanks);
        self.download(name, file)
    }

    fn finetune(
        &mut self,
        model: &Model,
        base: InputSource,
        adapter: &str,
        training: &Training,
        seed: u64,
    ) -> Option<StageId> {
        let name = format!("finetune/{}/{adapter}/seed{seed}", model.name);
        if let Some(id) = self.builder.find(&name) {
            return Some(id);
        }
        let file = match training.base {
            Base::Quantized => base,
            Base::Source => self.published(model)?,
        };
        let (inputs, work) = self.lesson(model, file, adapter, training, seed)?;
        let work = Work::Finetune(Arc::new(work));
        let stage = self.builder.add(Stage { name, inputs, work, resources: machine_for(model) });
        self.trainings.insert(trained(model, adapter, seed), stage);
        Some(stage)
    }

    /// The stage that writes down what an adapter is to learn. It reads the vocabulary of the model alone, which quantization
    /// leaves as it is.
    pub(super) fn rows(&mut self, model: &Model, adapter: &Adapter, training: &Training, seed: u64) -> Option<StageId> {
        let name = format!("rows/{}/{}/seed{seed}", model.name, adapter.name);
        if let Some(id) = self.builder.find(&name) {
            return Some(id);
        }
        let file = self.published(model)?;
        let (inputs, work) = self.lesson(model, file, &adapter.name, training, seed)?;
        let work = Work::Rows(Arc::new(work));
        let stage = self.builder.add(Stage { name, inputs, work, resources: ONE_CORE });
        self.lessons.insert(trained(model, &adapter.name, seed), stage);
        Some(stage)
    }

    /// The stage that takes over an adapter that a command stage has trained.
    fn adopted(
        &mut self,
        model: &Model,
        by: &StageOutput,
        adapter: &Adapter,
        training: &Training,
        seed: u64,
    ) -> Option<StageId> {
        let name = format!("adopt/{}/{}/seed{seed}", model.name, adapter.name);
        if let Some(id) = self.builder.find(&name) {
            return Some(id);
        }
        // Its rows are what is held against the questions, whichever instance of the stage read them.
        self.rows(model, adapter, training, seed)?;
        let made = self.made(by, &model.name, Some(seed))?;
        let inputs = vec![input("model", self.published(model)?), input("adapter", made)];
        let work = Work::Adopt(AdoptWork { adapter: adapter.name.clone(), model: model.name.clone(), seed });
        Some(self.builder.add(Stage { name, inputs, work, resources: ONE_CORE }))
    }

    /// What an adapter learns, of a model with that file, and the inputs: the model, its rows, and those of other arms.
    fn lesson(
        &mut self,
        model: &Model,
        file: InputSource,
        adapter: &str,
        training: &Training,
        seed: u64,
    ) -> Option<(Vec<Input>, FinetuneWork)> {
        let spec = self.spec;
        let training = sorted(training);
        let data = self.data_of(&training)?;
        let (prompt, mode) = shown(spec, &training, data)?;
        let mut inputs = vec![input("model", file)];
        for language in &training.train_on.languages {
            inputs.push(part("rows", language, self.data(data, language)));
        }
        let arms = self.arms(adapter, &training)?;
        for (at, arm) in arms.iter().enumerate() {
            for language in &arm.languages {
                inputs.push(part(&Arm::input(at), language, self.data(&arm.data, language)));
            }
        }
        let work = FinetuneWork {
            adapter: adapter.to_owned(),
            model: model.name.clone(),
            training,
            seed,
            data: data.clone(),
            prompt,
            mode,
            arms,
            chat: model.chat,
            slot: model.slot.clone(),
        };
        Some((inputs, work))
    }

    /// The other adapters that an adapter is matched with, by name.
    fn arms(&self, adapter: &str, training: &Training) -> Option<Vec<Arm>> {
        if training.matched.is_none() {
            return Some(Vec::new());
        }
        let others = self.spec.adapters.iter().filter(|other| other.name != adapter);
        let trained = others.filter_map(|other| Some((other, other.training()?)));
        let matched = trained.filter(|(_, training)| training.matched.is_some());
        let arm = |(other, training): (&Adapter, &Training)| {
            let training = sorted(training);
            let data = self.data_of(&training)?;
            let (prompt, mode) = shown(self.spec, &training, data)?;
            Some(Arm {
                adapter: other.name.clone(),
                data: data.clone(),
                prompt,
                mode,
                part: training.train_on.part,
                languages: training.train_on.languages,
                limit: training.train_on.limit,
                pace: training.pace,
            })
        };
        matched.map(arm).collect()
    }

    fn data_of(&self, training: &Training) -> Option<&'s Data> {
        let spec: &'s Spec = self.spec;
        spec.data.iter().find(|data| data.name == training.train_on.data)
    }
}

fn trained(model: &Model, adapter: &str, seed: u64) -> TrainedAdapter {
    TrainedAdapter { model: model.name.clone(), adapter: adapter.to_owned(), seed }
}

/// The log of a training, as an input.
pub(super) fn log(training: &TrainedAdapter, stage: StageId) -> Input {
    Input { source: InputSource::Stage(stage, LOG), ..part("training", &training.name(), stage) }
}

/// Examples are sorted before they are shuffled, so the order in which languages are written changes nothing.
fn sorted(training: &Training) -> Training {
    let mut training = training.clone();
    training.train_on.languages.sort_unstable();
    training
}

/// The prompt and the mode in which rows are shown. Plain text is a prompt of that text, and nothing else.
fn shown(spec: &Spec, training: &Training, data: &Data) -> Option<(Prompt, Mode)> {
    let prompt = spec.prompt.as_ref()?;
    let languages = &training.train_on.languages;
    match &training.train_on.lesson {
        Lesson::Answer { mode, .. } => {
            let mode = spec.modes.iter().find(|it| it.name == *mode)?;
            Some((prompt.shown_by(mode, languages), mode.clone()))
        }
        Lesson::Text(text) => {
            let mode = Mode::named("text");
            let shown = prompt.shown_by(&mode, languages);
            // A text asks nothing, so the options of its rows may be more or fewer than those of the prompt.
            let labels = match data.fields.count().filter(|&options| options != shown.labels.len()) {
                Some(options) => (1..=options).map(|label| label.to_string()).collect(),
                None => shown.labels.clone(),
            };
            let bare = Prompt {
                system: None,
                body: text.clone(),
                continuation: None,
                delimiter: String::new(),
                labels,
                words: shown.words,
            };
            Some((bare, mode))
        }
    }
}
