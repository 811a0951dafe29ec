//! The study's own stages: download, quantize, fine-tune, merge, evaluate or import, probe, count tokens, analyze.

mod commands;
mod shown;
mod tuning;

use super::Builder;
use super::command::Commands;
use super::stage::{DownloadWork, Export, Input, InputSource, QuantizeWork, Resources, Stage, StageId, Work};
use super::work::{AnalyzeWork, EvaluateCell, EvaluateWork, FertilityWork, ImportWork, ProbeWork, TrainedAdapter};
use crate::analysis::ConditionFacts;
use crate::results::Weights;
use crate::shards::Shard;
use crate::spec::{
    AdapterOrigin, AnswersFormat, Condition, Data, Evaluate, FileRef, Gold, Lesson, Model, ModelFile, ModelResources,
    Source, Spec,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tuning::Asked;

const ONE_DOWNLOAD: Resources = Resources { cores: 0, memory: 0, gpus: 0, downloads: 1 };
/// All cores.
const WHOLE_MACHINE: Resources = Resources { cores: u32::MAX, memory: 0, gpus: 0, downloads: 0 };
const ONE_CORE: Resources = Resources { cores: 1, memory: 0, gpus: 0, downloads: 0 };

/// What asking or training a model takes.
fn machine_for(model: &Model) -> Resources {
    let ModelResources { gpus, memory, cores } = model.resources;
    let on_gpus = gpus.is_some_and(|gpus| gpus > 0);
    Resources {
        cores: cores.unwrap_or(if on_gpus { 1 } else { u32::MAX }),
        memory: memory.unwrap_or_default(),
        gpus: gpus.unwrap_or(u32::MAX),
        downloads: 0,
    }
}

/// Adds the study's stages to the plan, producers first.
pub(super) fn expand(spec: &Spec, builder: &mut Builder<'_>) {
    let commands = Commands::new(spec);
    let (downloads, trainings, lessons) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut study = Study { spec, builder, commands, downloads, trainings, lessons };
    if let Some(evaluate) = &spec.evaluate {
        study.expand(evaluate);
    }
    study.other_commands();
}

struct Study<'a, 'b> {
    spec: &'a Spec,
    builder: &'a mut Builder<'b>,
    commands: Commands<'a>,
    /// By file, and whether all are meant that a pattern fits.
    downloads: BTreeMap<(FileRef, bool), StageId>,
    /// Adapters that are trained here.
    trainings: BTreeMap<TrainedAdapter, StageId>,
    /// Those that programs train: the stages that write down what they learn.
    lessons: BTreeMap<TrainedAdapter, StageId>,
}

impl Study<'_, '_> {
    fn expand(&mut self, evaluate: &Evaluate) {
        let mut answers = Vec::new();
        let mut cells = Vec::new();
        let mut fertility = Vec::new();
        let mut probes = Vec::new();
        for model in &self.spec.models {
            if let Some(format) = model.answers {
                self.imports(evaluate, model, format, &mut cells, &mut answers);
                continue;
            }
            let Some(base) = self.model(model) else { continue };
            fertility.extend(self.fertility(evaluate, model));
            for condition in &self.spec.conditions {
                for Asked { seed, model: file, adapter } in self.asked(model, base, condition) {
                    for language in &evaluate.languages {
                        for mode in self.modes(condition) {
                            let cell = EvaluateCell {
                                model: model.name.clone(),
                                condition: condition.name.clone(),
                                seed,
                                language: language.clone(),
                                mode: mode.clone(),
                            };
                            let evaluation = self.evaluate(evaluate, model, file, adapter, cell.clone());
                            answers.extend(evaluation);
                            probes.extend(evaluation.and_then(|evaluation| self.probe(evaluate.probe, evaluation)));
                            cells.push(cell);
                        }
                    }
                }
            }
        }
        self.analyze(cells, answers, fertility, probes);
    }

    /// A condition's modes, those first in which the model writes: what they share with the others is then decoded with them.
    fn modes<'c>(&self, condition: &'c Condition) -> Vec<&'c String> {
        let writes = |name: &String| self.spec.modes.iter().any(|mode| mode.name == *name && mode.generates());
        let mut modes: Vec<&String> = condition.modes.iter().collect();
        modes.sort_by_key(|name| !writes(name));
        modes
    }

    /// The file of a model that is asked.
    fn model(&mut self, model: &Model) -> Option<InputSource> {
        let file = self.published(model)?;
        let Some(to) = &model.quantize else { return Some(file) };
        let work = Work::Quantize(QuantizeWork { to: to.clone(), requantize: model.requantize });
        let inputs = vec![input("model", file)];
        let stage = Stage { name: format!("quantize/{}", model.name), inputs, work, resources: WHOLE_MACHINE };
        Some(self.builder.add(stage).into())
    }

    /// The same as it was published, or as a command stage made it.
    fn published(&mut self, model: &Model) -> Option<InputSource> {
        match &model.file {
            ModelFile::Given(file) => {
                Some(self.download(format!("download/model/{}", model.name), file.clone()).into())
            }
            ModelFile::Made(by) => self.made(by, &model.name, None),
        }
    }

    fn download(&mut self, name: String, file: FileRef) -> StageId {
        self.bring(name, file, false)
    }

    /// The stage that brings a file; or, of `many`, a folder with all that its pattern fits.
    fn bring(&mut self, name: String, file: FileRef, many: bool) -> StageId {
        if let Some(&id) = self.downloads.get(&(file.clone(), many)) {
            return id;
        }
        let mut inputs = Vec::new();
        let mut pin = None;
        if file.source.is_local() {
            inputs = self.local_files(&name, &file.source);
        } else {
            pin = self.builder.pin(&file);
        }
        let work = Work::Download(DownloadWork { file: file.clone(), pin, many });
        let id = self.builder.add(Stage { name, inputs, work, resources: ONE_DOWNLOAD });
        self.downloads.insert((file, many), id);
        id
    }

    /// The user's file; the pieces of it in order; or, of a split model, all files.
    fn local_files(&mut self, stage: &str, source: &Source) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (part, path) in local_paths(source) {
            let local = self.builder.local(&path, || (stage.to_owned(), "file".to_owned()));
            inputs.extend(local.map(|local| Input { name: "file".into(), part, source: InputSource::Local(local) }));
        }
        inputs
    }

    fn data(&mut self, data: &Data, language: &str) -> StageId {
        let file = FileRef { source: data.source_in(language), ..data.file.clone() };
        let name = if file.source == data.file.source {
            format!("download/data/{}", data.name)
        } else {
            format!("download/data/{}/{language}", data.name)
        };
        self.download(name, file)
    }

    fn evaluate(
        &mut self,
        evaluate: &Evaluate,
        model: &Model,
        file: InputSource,
        adapter: Option<(&str, InputSource)>,
        cell: EvaluateCell,
    ) -> Option<StageId> {
        let spec = self.spec;
        let data = spec.data.iter().find(|data| data.name == evaluate.data)?;
        let mode = spec.modes.iter().find(|mode| mode.name == cell.mode)?;
        let mut inputs = vec![input("model", file)];
        inputs.extend(adapter.map(|(_, adapter)| input("adapter", adapter)));
        if let Some(code) = mode.shots.as_ref().map(|shots| shots.language.code(&cell.language))
            && code != cell.language
        {
            inputs.push(input("examples", self.data(data, code)));
        }
        inputs.push(input("rows", self.data(data, &cell.language)));
        let name = format!("evaluate/{}", cell.name());
        let examples = mode.shots.iter().map(|shots| shots.language.code(&cell.language).to_owned());
        let languages: Vec<String> = examples.chain([cell.language.clone()]).collect();
        let work = EvaluateWork {
            prompt: spec.prompt.as_ref()?.shown_by(mode, &languages),
            adapter: adapter.map(|(name, _)| name.to_owned()),
            cell,
            data: data.clone(),
            evaluate: evaluate.clone(),
            mode: mode.clone(),
            chat: model.chat,
            slot: model.slot.clone(),
        };
        let work = Work::Evaluate(Arc::new(work));
        Some(self.builder.add(Stage { name, inputs, work, resources: machine_for(model) }))
    }

    /// A model that answered elsewhere: no adapter of this study's can be applied to it.
    fn imports(
        &mut self,
        evaluate: &Evaluate,
        model: &Model,
        format: AnswersFormat,
        cells: &mut Vec<EvaluateCell>,
        answers: &mut Vec<StageId>,
    ) {
        for condition in self.spec.conditions.iter().filter(|condition| condition.adapter.is_none()) {
            for language in &evaluate.languages {
                for mode in self.modes(condition) {
                    let cell = EvaluateCell {
                        model: model.name.clone(),
                        condition: condition.name.clone(),
                        seed: None,
                        language: language.clone(),
                        mode: mode.clone(),
                    };
                    answers.extend(self.import(evaluate, model, format, cell.clone()));
                    cells.push(cell);
                }
            }
        }
    }

    fn import(
        &mut self,
        evaluate: &Evaluate,
        model: &Model,
        format: AnswersFormat,
        cell: EvaluateCell,
    ) -> Option<StageId> {
        let spec = self.spec;
        let data = spec.data.iter().find(|data| data.name == evaluate.data)?;
        let mode = spec.modes.iter().find(|mode| mode.name == cell.mode)?;
        let (name, file) = answers_file(model, &cell)?;
        let given = self.download(name, file.clone());
        let inputs = vec![input("answers", given), input("rows", self.data(data, &cell.language))];
        let name = format!("import/{}", cell.name());
        let work = ImportWork {
            prompt: spec.prompt.as_ref()?.shown_by(mode, [&cell.language]),
            cell,
            data: data.clone(),
            evaluate: evaluate.clone(),
            mode: mode.clone(),
            file,
            format,
        };
        let work = Work::Import(Arc::new(work));
        Some(self.builder.add(Stage { name, inputs, work, resources: ONE_CORE }))
    }

    /// The stage that probes so many items of an evaluation. None where texts are written, which are no scores, and where options
    /// are rotated: each item is asked several times there.
    fn probe(&mut self, items: u32, evaluation: StageId) -> Option<(EvaluateCell, StageId)> {
        let Stage { inputs, work: Work::Evaluate(work), resources, .. } = self.builder.stage(evaluation) else {
            return None;
        };
        if items == 0 || work.mode.generates() || work.mode.rotate {
            return None;
        }
        let inputs = inputs.iter().cloned().chain([input("answers", evaluation)]).collect();
        let (cell, resources) = (work.cell.clone(), *resources);
        let (name, work) = (format!("probe/{}", cell.name()), ProbeWork { evaluation: (**work).clone(), items });
        let work = Work::Probe(Arc::new(work));
        Some((cell, self.builder.add(Stage { name, inputs, work, resources })))
    }

    /// Before the evaluations: whoever named another model's tokenizer hears of it first. A quantized model has the published
    /// one's vocabulary.
    fn fertility(&mut self, evaluate: &Evaluate, model: &Model) -> Option<(String, StageId)> {
        let spec = self.spec;
        let reference = spec.analyze.as_ref().and_then(|analyze| analyze.fertility.clone());
        if reference.is_none() && model.tokenizer.is_none() {
            return None;
        }
        let data = spec.data.iter().find(|data| data.name == evaluate.data)?;
        let mut languages = evaluate.languages.clone();
        languages.sort_unstable();
        let mut inputs = vec![input("model", self.published(model)?)];
        for language in &languages {
            inputs.push(part("rows", language, self.data(data, language)));
        }
        if let Some(file) = &model.tokenizer {
            let file = self.download(format!("download/tokenizer/{}", model.name), file.clone());
            inputs.push(input("tokenizer", file));
        }
        let work = FertilityWork {
            model: model.name.clone(),
            data: data.clone(),
            options: spec.prompt.as_ref()?.labels.len(),
            languages,
            reference,
            tokenizer: model.tokenizer.clone(),
        };
        let (name, work) = (format!("fertility/{}", model.name), Work::Fertility(Arc::new(work)));
        Some((model.name.clone(), self.builder.add(Stage { name, inputs, work, resources: ONE_CORE })))
    }

    fn analyze(
        &mut self,
        cells: Vec<EvaluateCell>,
        answers: Vec<StageId>,
        fertility: Vec<(String, StageId)>,
        probes: Vec<(EvaluateCell, StageId)>,
    ) {
        let spec = self.spec;
        let shown = self.shown(&cells, &answers);
        let taught = shown.data.as_ref().map(|data| self.taught(data)).unwrap_or_default();
        let counts = fertility.iter().map(|(model, stage)| part("fertility", model, *stage));
        let found = probes.iter().map(|(cell, stage)| part("probe", &cell.name(), *stage));
        let trained = self.trainings.iter().map(|(training, &stage)| tuning::log(training, stage));
        let answers = cells.iter().zip(answers).map(|(cell, stage)| part("answers", &cell.name(), stage));
        let inputs =
            answers.chain(counts).chain(found).chain(trained).chain(shown.inputs).chain(taught.inputs).collect();
        let work = AnalyzeWork {
            study: spec.name.clone(),
            cells,
            fertility: fertility.into_iter().map(|(model, _)| model).collect(),
            probes: probes.into_iter().map(|(cell, _)| cell).collect(),
            trainings: self.trainings.keys().cloned().collect(),
            data: shown.data,
            languages: shown.languages,
            prompts: shown.prompts,
            taught: taught.works,
            weights: spec.models.iter().map(|model| (model.name.clone(), Weights::of(model))).collect(),
            groups: spec.languages.clone(),
            options: spec.prompt.as_ref().map_or(0, |prompt| prompt.labels.len()),
            analyze: spec.analyze.clone().unwrap_or_default(),
            post_hoc: spec.claims.iter().map(|claim| self.builder.post_hoc(claim)).collect(),
            claims: spec.claims.clone(),
            conditions: spec.conditions.iter().map(|condition| facts(spec, condition)).collect(),
        };
        let stage =
            Stage { name: "analyze".to_owned(), inputs, work: Work::Analyze(Arc::new(work)), resources: ONE_CORE };
        let outputs: Vec<String> = stage.outputs().map(str::to_owned).collect();
        let id = self.builder.add(stage);
        for (output, path) in outputs.into_iter().enumerate() {
            self.builder.export(Export { stage: id, output: output as u16, path });
        }
    }
}

/// What an analysis knows of a condition.
fn facts(spec: &Spec, condition: &Condition) -> ConditionFacts {
    let adapter = spec.adapters.iter().find(|adapter| Some(&adapter.name) == condition.adapter.as_ref());
    let training = adapter.and_then(|adapter| match &adapter.origin {
        AdapterOrigin::Trained(training) => Some(training),
        AdapterOrigin::File(_) => None,
    });
    let mut sources = training.map(|training| training.train_on.languages.clone()).unwrap_or_default();
    sources.sort_unstable();
    ConditionFacts {
        name: condition.name.clone(),
        adapter: condition.adapter.clone(),
        mode: training.and_then(|training| training.train_on.mode()).map(ToString::to_string),
        sources,
        data: training.map(|training| training.train_on.data.clone()),
        control: training.is_some_and(|training| match &training.train_on.lesson {
            Lesson::Answer { gold, .. } => *gold == Gold::Shuffled,
            Lesson::Text(_) => true,
        }),
    }
}

/// The file of answers that fills a cell, and the name of the stage that brings it: it names what the path does.
fn answers_file(model: &Model, cell: &EvaluateCell) -> Option<(String, FileRef)> {
    let blanks = [("condition", cell.condition.as_str()), ("language", &cell.language), ("mode", &cell.mode)];
    Some(filled(format!("download/answers/{}", model.name), model.file.given()?, &blanks))
}

/// A file with the blanks of its path filled in, and the name of the stage that brings it: with what was filled in behind it.
fn filled(mut name: String, file: &FileRef, blanks: &[(&str, &str)]) -> (String, FileRef) {
    let mut source = file.source.clone();
    for (blank, value) in blanks {
        let filled = source.filled(blank, value);
        if filled != source {
            name.push('/');
            name.push_str(value);
        }
        source = filled;
    }
    (name, FileRef { source, ..file.clone() })
}

fn input(name: &str, source: impl Into<InputSource>) -> Input {
    Input { name: name.into(), part: None, source: source.into() }
}

fn part(name: &str, part: &str, stage: StageId) -> Input {
    Input { part: Some(part.into()), ..input(name, stage) }
}

/// Paths of local files; where there are several, each with what tells it from the others.
fn local_paths(source: &Source) -> Vec<(Option<Box<str>>, String)> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).into();
    match source {
        Source::Local { path } => match Shard::of(path) {
            Some(shard) => shard.set().map(|path| (Some(name(&path)), path)).collect(),
            None => vec![(None, path.clone())],
        },
        Source::Parts { parts } => {
            let path = |(at, part): (usize, &Source)| match part {
                Source::Local { path } => Some((Some((at + 1).to_string().into()), path.clone())),
                _ => None,
            };
            parts.iter().enumerate().filter_map(path).collect()
        }
        Source::Url { .. } | Source::Pypi { .. } | Source::Hub { .. } => Vec::new(),
    }
}
