//! The manifest of a stage: everything that can change its bytes, and nothing else.
//!
//! Not here: names of stages, paths, addresses, thread counts, the order in which things were written.

mod analysis;
mod finetune;

use super::stage::{DownloadWork, Kind, Stage, Work};
use super::work::{AnalyzeWork, EvaluateCell, EvaluateWork, FertilityWork, ImportWork, ProbeWork};
use super::{InputSource, Plan};
use crate::fertility::TOKENIZERS;
use crate::key::{Digest, Key, KeyHasher, Manifest, ManifestText, Value};
use crate::spec::{AnswerAs, Chat, Data, Effort, Mode, Prompt, Quotes, Sampling, Score, Shots, Slot, Split};
use crate::split;

/// What is known of the outputs of the stages of a plan while keys are computed.
pub trait KnownOutputs {
    /// Content of an output, if it is known already.
    fn output(&self, source: InputSource) -> Option<Digest>;
}

impl Plan {
    /// Key of a stage; `None` while the content of an input is unknown, or for a remote file that has no pin yet.
    #[must_use]
    pub fn key(&self, stage: &Stage, known: &dyn KnownOutputs) -> Option<Key> {
        let mut hasher = KeyHasher::default();
        self.describe(stage, known, &mut hasher);
        hasher.finish()
    }

    /// The manifest of a stage as text.
    #[must_use]
    pub fn manifest(&self, stage: &Stage, known: &dyn KnownOutputs) -> String {
        let mut text = ManifestText::default();
        self.describe(stage, known, &mut text);
        text.finish()
    }

    fn describe(&self, stage: &Stage, known: &dyn KnownOutputs, manifest: &mut impl Manifest) {
        let kind = stage.kind();
        manifest.field("kind", Value::Text(kind.name()));
        manifest.field("recipe", Value::Number(kind.recipe()));
        if computed(kind) {
            manifest.field("llama.cpp", Value::Text(&self.llama));
        }
        inputs(stage, known, manifest);
        match &stage.work {
            Work::Download(work) => download(work, manifest),
            Work::Quantize(work) => {
                // `requantize` is a permission: it decides whether there is a file, not which.
                manifest.field("to", Value::Text(&work.to));
            }
            Work::Rows(work) => finetune::rows(work, manifest),
            Work::Finetune(work) => finetune::finetune(work, manifest),
            // Its inputs say it all.
            Work::Merge | Work::Adopt(_) => {}
            Work::Evaluate(work) => evaluate(work, manifest),
            Work::Import(work) => import(work, manifest),
            Work::Fertility(work) => fertility(work, manifest),
            Work::Probe(work) => probe(work, manifest),
            Work::Analyze(work) => analyze(work, manifest),
            Work::Command(command) => {
                let line = command.line(&self.links(stage));
                manifest.field("program", Value::Text(command.shared.program_name()));
                manifest.field("args", Value::Texts(&line.args));
                line.env.iter().for_each(|(name, value)| manifest.field(&format!("env.{name}"), Value::Text(value)));
                self.links_of(stage, manifest);
                let outputs = stage.outputs().zip(&line.outputs);
                outputs.for_each(|(name, path)| manifest.field(&format!("output.{name}"), Value::Text(path)));
                let params = &command.shared.spec.params;
                params.iter().for_each(|(name, value)| manifest.field(&format!("param.{name}"), Value::Text(value)));
                command.axes().for_each(|(axis, value)| manifest.field(&format!("matrix.{axis}"), Value::Text(value)));
            }
        }
    }
}

impl Plan {
    /// Names under which a program sees its inputs: it may look at them even where its arguments do not name them.
    fn links_of(&self, stage: &Stage, manifest: &mut impl Manifest) {
        let groups = stage.inputs.chunk_by(|a, b| a.name == b.name).filter(|parts| *parts[0].name != *"program");
        for parts in groups {
            let links: Vec<String> = parts.iter().map(|input| self.link(input)).collect();
            manifest.field(&format!("link.{}", parts[0].name), Value::Texts(&links));
        }
    }
}

/// Whether llama.cpp makes the bytes of such stages.
fn computed(kind: Kind) -> bool {
    match kind {
        Kind::Quantize | Kind::Rows | Kind::Finetune | Kind::Merge | Kind::Evaluate | Kind::Fertility | Kind::Probe => {
            true
        }
        Kind::Download | Kind::Adopt | Kind::Import | Kind::Analyze | Kind::Command => false,
    }
}

/// Single inputs are fields of their own; the parts of a fan-in are one field.
fn inputs(stage: &Stage, known: &dyn KnownOutputs, manifest: &mut impl Manifest) {
    for group in stage.inputs.chunk_by(|a, b| a.name == b.name) {
        let name = format!("input.{}", group[0].name);
        let parts: Option<Vec<(&str, Digest)>> = group
            .iter()
            .map(|input| Some((input.part.as_deref().unwrap_or(""), known.output(input.source)?)))
            .collect();
        match parts {
            None => manifest.field(&name, Value::Unknown),
            Some(parts) if group[0].part.is_none() => manifest.field(&name, Value::Content(parts[0].1)),
            Some(parts) => manifest.field(&name, Value::Contents(&parts)),
        }
    }
}

/// A remote file is known by its pinned content, never by its address; a local one by the digest of the input. What the spec
/// says of a local one is to be checked, so that another word is another stage.
fn download(work: &DownloadWork, manifest: &mut impl Manifest) {
    match &work.pin {
        _ if work.file.source.is_local() => {
            optional(manifest, "declared.sha256", work.file.sha256.as_deref());
            if let Some(size) = work.file.size {
                manifest.field("declared.size", Value::Number(size));
            }
        }
        Some(pin) => manifest.field("sha256", Value::Text(&pin.sha256)),
        None => manifest.field("sha256", Value::Unknown),
    }
    if work.many {
        // One file by itself is another artifact than a folder with it.
        manifest.field("many", Value::Flag(true));
    }
}

fn optional(manifest: &mut impl Manifest, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        manifest.field(name, Value::Text(text));
    }
}

fn data(data: &Data, part: &str, manifest: &mut impl Manifest) {
    rows(data, manifest);
    split_of(data, part, "", manifest);
}

/// How a row becomes an item.
fn rows(data: &Data, manifest: &mut impl Manifest) {
    manifest.field("data.format", Value::Text(data.format.word()));
    optional(manifest, "data.quotes", data.quotes.map(Quotes::word));
    manifest.field("data.key", Value::Texts(&data.key));
    manifest.field("data.group", Value::Texts(&data.group));
    optional(manifest, "data.fields.passage", data.fields.passage.as_deref());
    manifest.field("data.fields.question", Value::Text(&data.fields.question));
    manifest.field("data.fields.options", Value::Texts(&data.fields.options));
    if !data.fields.choices.is_empty() {
        manifest.field("data.fields.choices", Value::Texts(&data.fields.choices));
    }
    manifest.field("data.fields.answer", Value::Text(&data.fields.answer));
    // The usual way stands in no manifest, as before there were others.
    let answer_as = Some(data.fields.answer_as).filter(|&form| form != AnswerAs::Number);
    optional(manifest, "data.fields.answer_as", answer_as.map(AnswerAs::word));
    for (name, field) in &data.fields.extra {
        manifest.field(&format!("data.fields.extra.{name}"), Value::Text(field));
    }
}

/// How the rows are divided; `of`: whose rows.
fn split_of(data: &Data, part: &str, of: &str, manifest: &mut impl Manifest) {
    match &data.split {
        None => {}
        Some(Split::Field { field }) => manifest.field(&format!("{of}data.split.field"), Value::Text(field)),
        Some(Split::Drawn { by, train, test, seed, allow_shared_passages: _ }) => {
            manifest.field(&format!("{of}data.split.by"), Value::Text(by.word()));
            // The test part is drawn first: how many train changes nothing but what trains.
            if part != "test" {
                manifest.field(&format!("{of}data.split.train"), Value::Number(*train));
            }
            manifest.field(&format!("{of}data.split.test"), Value::Number(*test));
            manifest.field(&format!("{of}data.split.seed"), Value::Number(*seed));
        }
    }
}

fn prompt(prompt: &Prompt, mode: &Mode, chat: Chat, slot: Option<&str>, manifest: &mut impl Manifest) {
    optional(manifest, "prompt.system", prompt.system.as_deref());
    manifest.field("prompt.body", Value::Text(&prompt.body));
    manifest.field("prompt.labels", Value::Texts(&prompt.labels));
    manifest.field("prompt.delimiter", Value::Text(&prompt.delimiter));
    words(prompt, manifest);
    optional(manifest, "mode.instruction", mode.instruction.as_deref());
    manifest.field("mode.score", Value::Text(mode.score.word()));
    texts(prompt, mode, manifest);
    if let Some(reason) = &mode.reason {
        manifest.field("mode.reason.max_tokens", Value::Number(reason.max_tokens.into()));
        match &reason.filler {
            // What never reasons needs no way to do it.
            Some(filler) => manifest.field("mode.reason.filler", Value::Text(filler)),
            None => sampling(reason.sampling, manifest),
        }
        manifest.field("mode.reason.channel", Value::Text(reason.channel.word()));
        optional(manifest, "mode.reason.effort", reason.effort.map(Effort::word));
    }
    if mode.score == Score::Generate {
        manifest.field("mode.max_tokens", Value::Number(mode.generate.max_tokens.into()));
        manifest.field("mode.stop", Value::Texts(&mode.generate.stop));
        manifest.field("mode.extract", Value::Text(mode.generate.extract.word()));
    }
    optional(manifest, "mode.cue", mode.cue.as_deref());
    manifest.field("model.chat", Value::Text(chat.word()));
    match &mode.slot {
        None | Some(Slot::Final) => optional(manifest, "model.slot", slot),
        Some(Slot::Bare) => manifest.field("mode.slot", Value::Text("")),
        Some(Slot::Text(text)) => manifest.field("mode.slot", Value::Text(text)),
    }
}

/// What matters where texts are scored.
fn texts(prompt: &Prompt, mode: &Mode, manifest: &mut impl Manifest) {
    if mode.score == Score::Texts {
        manifest.field("mode.normalize", Value::Text(mode.normalize.word()));
        optional(manifest, "prompt.continuation", prompt.continuation.as_deref());
    }
}

fn words(prompt: &Prompt, manifest: &mut impl Manifest) {
    for (code, words) in &prompt.words {
        words.iter().for_each(|(name, text)| manifest.field(&format!("prompt.words.{code}.{name}"), Value::Text(text)));
    }
}

/// What only some modes ask for.
fn controls(mode: &Mode, language: &str, manifest: &mut impl Manifest) {
    if mode.rotate {
        manifest.field("mode.rotate", Value::Flag(true));
    }
    if let Some(Shots { number, part, language: spoken, seed }) = &mode.shots {
        manifest.field("mode.shots.number", Value::Number((*number).into()));
        manifest.field("mode.shots.part", Value::Text(part));
        manifest.field("mode.shots.language", Value::Text(spoken.code(language)));
        manifest.field("mode.shots.seed", Value::Number(*seed));
    }
}

fn sampling(sampling: Sampling, manifest: &mut impl Manifest) {
    if let Sampling::Drawn { temperature, top_p, seed } = sampling {
        manifest.field("mode.reason.temperature", Value::Real(temperature));
        manifest.field("mode.reason.top_p", Value::Real(top_p));
        manifest.field("mode.reason.seed", Value::Number(seed));
    }
}

fn evaluate(work: &EvaluateWork, manifest: &mut impl Manifest) {
    manifest.field("language", Value::Text(&work.cell.language));
    // Examples come from another part.
    let parts = if work.mode.shots.is_some() { split::ALL } else { &work.evaluate.part };
    data(&work.data, parts, manifest);
    manifest.field("evaluate.part", Value::Text(&work.evaluate.part));
    if let Some(limit) = work.evaluate.limit {
        manifest.field("evaluate.limit", Value::Number(limit));
    }
    // `evaluate.context` is a bound: a prompt that is longer is refused, never cut.
    manifest.field("evaluate.unit", Value::Number(work.evaluate.unit.into()));
    manifest.field("evaluate.kv", Value::Text(work.evaluate.kv.word()));
    if work.mode.generates() {
        manifest.field("evaluate.slots", Value::Number(work.evaluate.slots.into()));
    }
    prompt(&work.prompt, &work.mode, work.chat, work.slot.as_deref(), manifest);
    controls(&work.mode, &work.cell.language, manifest);
}

/// It asks as the evaluation does, so whatever changes how that asks changes what is found, also where its answers stay.
fn probe(work: &ProbeWork, manifest: &mut impl Manifest) {
    manifest.field("evaluate.recipe", Value::Number(Kind::Evaluate.recipe()));
    evaluate(&work.evaluation, manifest);
    manifest.field("probe.items", Value::Number(work.items.into()));
}

fn import(work: &ImportWork, manifest: &mut impl Manifest) {
    manifest.field("language", Value::Text(&work.cell.language));
    manifest.field("answers.format", Value::Text(work.format.word()));
    data(&work.data, &work.evaluate.part, manifest);
    manifest.field("evaluate.part", Value::Text(&work.evaluate.part));
    if let Some(limit) = work.evaluate.limit {
        manifest.field("evaluate.limit", Value::Number(limit));
    }
    // What was shown to the model is not known here; how its answers are read is.
    manifest.field("prompt.labels", Value::Texts(&work.prompt.labels));
    manifest.field("mode.score", Value::Text(work.mode.score.word()));
    texts(&work.prompt, &work.mode, manifest);
    if work.mode.score == Score::Texts && work.prompt.continuation.is_some() {
        words(&work.prompt, manifest);
    }
    // A text is read by these rules in whatever mode.
    manifest.field("mode.extract", Value::Text(work.mode.generate.extract.word()));
}

/// All rows are read, whatever their part; what is not counted or compared only has to be there. The languages stand with
/// the inputs.
fn fertility(work: &FertilityWork, manifest: &mut impl Manifest) {
    let Data { format, quotes, key, group, fields, .. } = &work.data;
    manifest.field("data.format", Value::Text(format.word()));
    optional(manifest, "data.quotes", quotes.map(Quotes::word));
    manifest.field("data.key", Value::Texts(key));
    manifest.field("data.group", Value::Texts(group));
    optional(manifest, "data.fields.passage", fields.passage.as_deref());
    let parity = work.tokenizer.is_some();
    if parity || fields.passage.is_none() {
        manifest.field("data.fields.question", Value::Text(&fields.question));
    }
    if parity {
        manifest.field("data.fields.options", Value::Texts(&fields.options));
        if !fields.choices.is_empty() {
            manifest.field("data.fields.choices", Value::Texts(&fields.choices));
        }
        manifest.field("tokenizers", Value::Text(TOKENIZERS));
    }
    optional(manifest, "reference", work.reference.as_deref());
}

fn analyze(work: &AnalyzeWork, manifest: &mut impl Manifest) {
    manifest.field("study", Value::Text(&work.study));
    let cells: Vec<String> = work.cells.iter().map(EvaluateCell::name).collect();
    manifest.field("cells", Value::Texts(&cells));
    for group in &work.groups {
        manifest.field(&format!("languages.{}", group.name), Value::Texts(&group.codes));
    }
    manifest.field("options", Value::Number(work.options as u64));
    // Which of the rows were asked stands in the answers.
    if let Some(data) = &work.data {
        rows(data, manifest);
    }
    analysis::describe(work, manifest);
}
