//! From a stage of the plan to the job that a worker gets.

use crate::protocol::{Companion, Job, JobInput, JobWork};
use crate::world::World;
use xlt_cache::{Cache, LARGE};
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{
    AnalyzeWork, EvaluateCell, EvaluateWork, Input, InputSource, KnownOutputs, Pin, Plan, Stage, StageId, Work,
};
use xlt_core::provenance::{Origin, Used};
use xlt_core::schedule::Scheduler;

/// The job for a stage whose inputs are known.
pub(crate) fn job(
    plan: &Plan,
    id: StageId,
    key: Option<Key>,
    scheduler: &Scheduler<'_>,
    world: &World,
    threads: u32,
) -> Job {
    let stage = plan.stage(id);
    let inputs = stage.inputs.iter().map(|input| {
        // A stage is started only when all its inputs are known.
        let digest = scheduler.output(input.source).unwrap_or(Digest([0; 32]));
        let local = match input.source {
            InputSource::Local(local) => std::path::absolute(&plan.local(local).path).ok(),
            InputSource::Stage(..) => None,
        };
        let linked = matches!(stage.work, Work::Command(_)) && *input.name != *"program";
        let size = match input.source {
            InputSource::Local(_) => None,
            InputSource::Stage(id, output) => {
                scheduler.outputs(id).and_then(|outputs| Some(outputs.get(usize::from(output))?.size))
            }
        };
        let small = size.is_some_and(|size| size < LARGE);
        JobInput {
            known: size.filter(|_| !small).and_then(|_| world.ledger.object_fingerprint(&digest)),
            small,
            local,
            blake3: digest.to_string(),
            link: linked.then(|| plan.link(input)),
        }
    });
    let inputs = inputs.collect();
    Job {
        key: key.unwrap_or_else(|| provisional(stage)).to_string(),
        recorded: key.is_some(),
        inputs,
        work: work(plan, id, scheduler, &world.cache),
        threads,
        ticket: None,
        gpus: Vec::new(),
    }
}

fn work(plan: &Plan, id: StageId, scheduler: &Scheduler<'_>, cache: &Cache) -> JobWork {
    let stage = plan.stage(id);
    match &stage.work {
        Work::Command(command) => {
            let line = command.line(&plan.links(stage));
            let outputs = stage.outputs().map(str::to_owned).zip(line.outputs).collect();
            JobWork::Command { program: line.program, args: line.args, env: line.env, outputs }
        }
        Work::Download(work) => {
            let declared = |sha256: &String| Pin { sha256: sha256.clone(), ..Pin::default() };
            let pin = work.pin.clone().or_else(|| work.file.sha256.as_ref().map(declared));
            JobWork::Download { source: work.file.source.clone(), pin, size: work.file.size, many: work.many }
        }
        Work::Evaluate(work) => {
            JobWork::Evaluate { work: Box::new((**work).clone()), companions: companions(plan, id, work, scheduler) }
        }
        Work::Import(work) => JobWork::Import(Box::new((**work).clone())),
        Work::Fertility(work) => JobWork::Fertility(Box::new((**work).clone())),
        Work::Probe(work) => JobWork::Probe(Box::new((**work).clone())),
        Work::Analyze(work) => {
            JobWork::Analyze { work: Box::new((**work).clone()), origins: origins(plan, id, work, scheduler, cache) }
        }
        Work::Quantize(work) => JobWork::Quantize { to: work.to.clone(), requantize: work.requantize },
        Work::Rows(work) => JobWork::Rows(Box::new((**work).clone())),
        Work::Finetune(work) => JobWork::Finetune(Box::new((**work).clone())),
        Work::Adopt(work) => JobWork::Adopt(work.clone()),
        Work::Merge => JobWork::Merge,
    }
}

/// Of the stages whose answers an analysis reads, one whose record is gone or damaged, although the ledger still knows it: by its
/// answers. It is done again, for the report says of every answer which stage and which kernels made it.
pub(crate) fn unrecorded(plan: &Plan, id: StageId, scheduler: &Scheduler<'_>, cache: &Cache) -> Option<Digest> {
    let Work::Analyze(work) = &plan.stage(id).work else { return None };
    let recorded = |of| scheduler.key(of).is_some_and(|key| matches!(cache.read_record(&key), Ok(Some(_))));
    let mut read = plan.stage(id).producers().take(work.cells.len());
    let (of, output) = read.find(|&(of, _)| !recorded(of))?;
    scheduler.output(InputSource::Stage(of, output))
}

/// Where the answers that an analysis reads come from.
fn origins(plan: &Plan, id: StageId, work: &AnalyzeWork, scheduler: &Scheduler<'_>, cache: &Cache) -> Vec<Origin> {
    let origin = |(cell, (of, output)): (&EvaluateCell, (StageId, u16))| {
        let stage = plan.stage(of);
        let record = scheduler.key(of).and_then(|key| cache.read_record(&key).ok()?);
        let used = |input: &Input| {
            let InputSource::Stage(maker, _) = input.source else { return None };
            let content = scheduler.output(input.source)?.to_string();
            Some(Used { name: input.name.to_string(), stage: plan.stage(maker).name.clone(), content })
        };
        Origin {
            cell: cell.clone(),
            stage: stage.name.clone(),
            key: scheduler.key(of).map(|key| key.to_string()).unwrap_or_default(),
            answers: scheduler
                .output(InputSource::Stage(of, output))
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            kernel_class: record.as_ref().and_then(|record| record.kernel_class.clone()),
            llama: matches!(stage.work, Work::Evaluate(_)).then(|| plan.llama.clone()),
            version: record.map(|record| record.version),
            inputs: stage.inputs.iter().filter_map(used).collect(),
        }
    };
    work.cells.iter().zip(plan.stage(id).producers()).map(origin).collect()
}

/// The evaluations of the same inputs in other modes that are to run, and could now.
fn companions(plan: &Plan, id: StageId, work: &EvaluateWork, scheduler: &Scheduler<'_>) -> Vec<Companion> {
    let ours = plan.stage(id);
    let companion = |(other, stage): (StageId, &Stage)| {
        let Work::Evaluate(theirs) = &stage.work else { return None };
        let same = other != id && theirs.cell.mode != work.cell.mode && sources(stage).eq(sources(ours));
        let key = scheduler.key(other).filter(|_| same && scheduler.outputs(other).is_none())?;
        Some(Companion { key: key.to_string(), work: (**theirs).clone() })
    };
    plan.ids().filter_map(companion).collect()
}

fn sources(stage: &Stage) -> impl Iterator<Item = InputSource> {
    stage.inputs.iter().map(|input| input.source)
}

/// Where the work on a remote file without a pin is kept: a hash of its address.
pub(crate) fn provisional(stage: &Stage) -> Key {
    let source = match &stage.work {
        Work::Download(work) if work.many => format!("all of {}", work.file.source),
        Work::Download(work) => work.file.source.to_string(),
        _ => stage.name.clone(),
    };
    Key(Digest::of(format!("not pinned: {source}").as_bytes()).0)
}
