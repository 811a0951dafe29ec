//! What a plan will take, before anything is fetched: bytes, disk, memory and time for each model and in all, what of that this
//! machine has, and the smallest change that makes the rest fit.
//!
//! Reckoned from headers and sizes alone, of files that are here or of what the lock believes of them. Whatever is not known for
//! certain is an estimate and says so; what nobody knows is left open, never taken for nothing.

mod advice;
mod amount;
mod data;
mod dimensions;
mod memory;
mod time;

pub use advice::Shortage;
pub use amount::Amount;
pub(crate) use data::ON_A_PASSAGE;
pub use dimensions::{Dimensions, bits};
pub use time::Pace;

use crate::key::Digest;
use crate::lock::Estimate;
use crate::plan::{InputSource, Kind, Pin, Plan, Stage, StageId, Verdict, Work};
use crate::record::Output;
use crate::spec::{Model, ModelFile, Source, Spec, type_in_name};
use std::collections::BTreeMap;

/// What costs are reckoned from. Two implementers: the cache with its ledger, and the tests.
pub trait CostFacts {
    /// What the lock believes of a file.
    fn estimate(&self, source: &Source) -> Option<Estimate>;
    /// Dimensions of a model file in the cache.
    fn dimensions(&self, model: &Digest) -> Option<Dimensions>;
    /// Bytes of a file of the user's, and its dimensions where it is a model.
    fn local(&self, path: &str) -> Option<(u64, Option<Dimensions>)>;
    /// Lines and bytes of a data file in the cache.
    fn rows(&self, rows: &Digest) -> Option<(u64, u64)>;
    /// Operations in a second that this machine has managed at that.
    fn rate(&self, pace: Pace) -> Option<f64>;
    /// What this machine has.
    fn means(&self) -> Means;
}

/// What a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes that are free on the cache's disk.
    pub disk: Option<u64>,
    /// Cores.
    pub cores: u32,
}

/// What a plan will take.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Of each model that is asked here, by name.
    pub models: Vec<ModelCost>,
    /// Bytes of data, tokenizers and answers to fetch.
    pub data: Amount,
    /// All bytes to fetch.
    pub download: Amount,
    /// All bytes that the cache grows by.
    pub disk: Amount,
    /// Seconds that models compute; `None` where no rate is known. Operations that nobody can reckon are left out.
    pub seconds: Option<f64>,
    /// The machine that it was held against.
    pub means: Means,
    /// What there is too little of.
    pub shortages: Vec<Shortage>,
}

/// What a model will take.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCost {
    /// Its name.
    pub model: String,
    /// Bytes to fetch.
    pub download: Amount,
    /// Bytes that the cache grows by.
    pub disk: Amount,
    /// Bytes of memory that asking it takes.
    pub load: Amount,
    /// Bytes of memory that the largest of its trainings takes; `None` where it is not trained here.
    pub train: Option<Amount>,
    /// Operations that are left to do, at each pace; none where nobody knows how large the model is.
    pub operations: BTreeMap<Pace, f64>,
    /// Seconds that they take here, where rates are known.
    pub seconds: Option<f64>,
    /// Stages that are left to do, or may be.
    pub left: usize,
}

/// Reckons what is left of `plan` to do.
#[must_use]
pub fn costs(spec: &Spec, plan: &Plan, facts: &dyn CostFacts) -> Costs {
    let books = Books { spec, plan, facts };
    let owners = books.owners();
    let asked = spec.models.iter().filter(|model| model.answers.is_none());
    let models: Vec<ModelCost> = asked.map(|model| books.model(model, &owners)).collect();
    let data = books.fetched(|id| !owners.contains_key(&id));
    let sum = |of: fn(&ModelCost) -> Amount| models.iter().map(of).fold(data, Amount::plus);
    let (download, disk) = (sum(|model| model.download), sum(|model| model.disk));
    let seconds = models.iter().try_fold(0.0, |sum, model| Some(sum + model.seconds?));
    let means = facts.means();
    let shortages = advice::shortages(&books, &models, disk, means);
    Costs { models, data, download, disk, seconds, means, shortages }
}

/// A plan and what is known beside it.
struct Books<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    facts: &'a dyn CostFacts,
}

/// A model's file as it is asked.
#[derive(Debug, Clone, Copy)]
struct Weighed {
    size: Amount,
    dimensions: Option<Dimensions>,
}

impl Books<'_> {
    fn model(&self, model: &Model, owners: &BTreeMap<StageId, &str>) -> ModelCost {
        let own = |id: StageId| owners.get(&id) == Some(&model.name.as_str());
        let left: Vec<(StageId, &Stage)> = self.left().filter(|(id, _)| own(*id)).collect();
        let (published, asked) = (self.published(model), self.asked(model));
        let download = self.fetched(own);
        let made = left.iter().map(|(_, stage)| self.made(stage, published, asked));
        let operations = self.operations(&left, asked);
        ModelCost {
            model: model.name.clone(),
            download,
            disk: made.fold(download, Amount::plus),
            load: self.load(model, asked),
            train: self.training(model, published, asked),
            seconds: operations.as_ref().and_then(|operations| self.seconds(operations)),
            operations: operations.unwrap_or_default(),
            left: left.len(),
        }
    }

    /// Stages that are to run, or may have to.
    fn left(&self) -> impl Iterator<Item = (StageId, &Stage)> {
        let open = |id: StageId| !matches!(self.plan.verdicts[id.index()], Verdict::Cached { .. });
        self.plan.ids().filter(move |(id, _)| open(*id))
    }

    /// Which model each stage is for. What several models read is the first one's; data are nobody's.
    fn owners(&self) -> BTreeMap<StageId, &str> {
        let mut owners = BTreeMap::new();
        for (id, stage) in self.plan.ids() {
            let Some(model) = self.model_of(stage) else { continue };
            owners.entry(id).or_insert(model);
            let mut files = files(stage);
            while let Some(id) = files.pop() {
                owners.entry(id).or_insert(model);
                files.extend(self::files(self.plan.stage(id)));
            }
        }
        owners
    }

    fn model_of<'s>(&self, stage: &'s Stage) -> Option<&'s str> {
        match &stage.work {
            Work::Evaluate(work) => Some(&work.cell.model),
            Work::Finetune(work) => Some(&work.model),
            Work::Probe(work) => Some(&work.evaluation.cell.model),
            Work::Fertility(work) => Some(&work.model),
            _ => None,
        }
    }

    /// Bytes to fetch by those downloads that are left.
    fn fetched(&self, of: impl Fn(StageId) -> bool) -> Amount {
        let sizes = self.left().filter(|(id, _)| of(*id)).filter_map(|(_, stage)| match &stage.work {
            Work::Download(work) if !work.file.source.is_local() => {
                Some(self.size(&work.file.source, work.pin.as_ref(), work.file.size))
            }
            _ => None,
        });
        sizes.fold(Amount::NOTHING, Amount::plus)
    }

    /// Size of a remote file: as it is pinned or declared, else as it is believed to be.
    fn size(&self, source: &Source, pin: Option<&Pin>, declared: Option<u64>) -> Amount {
        let known = pin.and_then(|pin| pin.size).or(declared);
        match (known, self.facts.estimate(source).and_then(|estimate| estimate.size)) {
            (Some(size), _) => Amount::exactly(size),
            (None, Some(size)) => Amount::about(size as f64),
            (None, None) => Amount::UNKNOWN,
        }
    }

    /// The user's files that a stage reads, weighed as one model.
    fn of_locals(&self, stage: &Stage) -> Weighed {
        let locals = stage.inputs.iter().filter_map(|input| match input.source {
            InputSource::Local(id) => Some(self.facts.local(&self.plan.local(id).path)),
            InputSource::Stage(..) => None,
        });
        let files: Vec<_> = locals.collect();
        let size = files.iter().map(|file| file.map_or(Amount::UNKNOWN, |(bytes, _)| Amount::exactly(bytes)));
        let dimensions = files.iter().find_map(|file| file.and_then(|(_, dimensions)| dimensions));
        Weighed { size: size.fold(Amount::NOTHING, Amount::plus), dimensions }
    }

    /// The model's file as it is published, or as a command stage makes it.
    fn published(&self, model: &Model) -> Weighed {
        let maker = self.maker(model);
        if let Some(made) = maker.and_then(|(id, output)| self.made_already(id, output)) {
            return Weighed { size: Amount::exactly(made.size), dimensions: self.facts.dimensions(&made.digest) };
        }
        let Some(file) = model.file.given() else { return Weighed { size: Amount::UNKNOWN, dimensions: None } };
        let pin = maker.and_then(|(id, _)| match &self.plan.stage(id).work {
            Work::Download(work) => work.pin.as_ref(),
            _ => None,
        });
        if let (true, Some((id, _))) = (file.source.is_local(), maker) {
            return self.of_locals(self.plan.stage(id));
        }
        let size = self.size(&file.source, pin, file.size);
        let believed = self.facts.estimate(&file.source).and_then(|estimate| estimate.model);
        Weighed { size, dimensions: believed.or_else(|| guessed(&file.source, size)) }
    }

    /// The output that is the model's file before anything is made of it.
    fn maker(&self, model: &Model) -> Option<(StageId, u16)> {
        let brings = |stage: &Stage| match (&stage.work, &model.file) {
            (Work::Download(work), ModelFile::Given(file)) => work.file == *file,
            (Work::Command(_), ModelFile::Made(_)) => true,
            _ => false,
        };
        let quantize = format!("quantize/{}", model.name);
        let of_model = |stage: &&Stage| stage.name == quantize || self.model_of(stage) == Some(&model.name);
        let inputs = self.plan.stages.iter().filter(of_model).flat_map(|stage| &stage.inputs);
        inputs.filter(|input| *input.name == *"model").find_map(|input| match input.source {
            InputSource::Stage(id, output) if brings(self.plan.stage(id)) => Some((id, output)),
            InputSource::Stage(..) | InputSource::Local(_) => None,
        })
    }

    /// What a stage left, where it is done.
    fn made_already(&self, id: StageId, output: u16) -> Option<&Output> {
        match &self.plan.verdicts[id.index()] {
            Verdict::Cached { outputs, .. } => outputs.get(usize::from(output)),
            Verdict::Run { .. } | Verdict::Maybe { .. } => None,
        }
    }

    /// The model's file as it is asked.
    fn asked(&self, model: &Model) -> Weighed {
        let published = self.published(model);
        let Some(to) = &model.quantize else { return published };
        let name = format!("quantize/{}", model.name);
        let made = self.plan.find(&name).and_then(|id| self.made_already(id, 0));
        let size = match (made, published.dimensions) {
            (Some(made), _) => Amount::exactly(made.size),
            (None, Some(dimensions)) => Amount::about(dimensions.bytes(to)),
            (None, None) => Amount::UNKNOWN,
        };
        Weighed { size, ..published }
    }

    /// Bytes that a stage adds to the cache beside what it fetches. Answers, logs and results are small, and not counted.
    fn made(&self, stage: &Stage, published: Weighed, asked: Weighed) -> Amount {
        match (stage.kind(), &stage.work) {
            (Kind::Quantize | Kind::Merge, _) => asked.size.estimated(),
            (_, Work::Download(work)) if work.file.source.is_local() => self.of_locals(stage).size,
            (_, Work::Finetune(work)) => match published.dimensions {
                Some(dimensions) => Amount::about(4.0 * dimensions.adapter(&work.training.lora)),
                None => Amount::UNKNOWN,
            },
            _ => Amount::NOTHING,
        }
    }
}

/// Stages that make the model or the adapter which a stage reads.
fn files(stage: &Stage) -> Vec<StageId> {
    let files = stage.inputs.iter().filter(|input| matches!(&*input.name, "model" | "adapter"));
    let made = files.filter_map(|input| match input.source {
        InputSource::Stage(id, _) => Some(id),
        InputSource::Local(_) => None,
    });
    made.collect()
}

/// A model's dimensions where nothing but its size is known: as many parameters as its type makes of the bytes, in a shape as
/// dense models of that size have it.
fn guessed(source: &Source, size: Amount) -> Option<Dimensions> {
    let (Source::Hub { path: name, .. } | Source::Url { url: name } | Source::Local { path: name }) = source else {
        return None;
    };
    Some(Dimensions::dense(size.bytes()? * 8.0 / bits(type_in_name(name)?)))
}
