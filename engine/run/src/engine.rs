//! The loop around the scheduler: the only place where plan, workers, cache and observer meet.

use crate::commit::Committer;
use crate::error::RunError;
use crate::job::{job, provisional, unrecorded};
use crate::machine::Machine;
use crate::observe::{Observer, RunEvent};
use crate::pool::{Pool, WorkerId};
use crate::protocol::{Done, Made, Reply, Request};
use crate::rates;
use crate::refusal;
use crate::workplace::{self, Workplace};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use xlt_cache::{CacheError, RunCounts, RunGuard, RunId, StageRun, Status};
use xlt_core::batch::Cost;
use xlt_core::cost::Dimensions;
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{Facts, Input, InputSource, KnownOutputs, Plan, Stage, StageId, Verdict, Work};
use xlt_core::record::{Output, Record};
use xlt_core::schedule::{Command, Event, Scheduler, Tally};

/// How long the loop waits before it looks at what waits for other engines.
const TICK: Duration = Duration::from_millis(50);
/// How often the ledger is written during a run, so that a long one neither holds it in memory nor loses it: after so long, or so many
/// stages.
const FLUSH: (Duration, u32) = (Duration::from_secs(60), 1000);

/// How a run is to be done.
#[derive(Debug)]
pub struct Options {
    /// Program whose `worker` command is started: xlt itself.
    pub program: PathBuf,
    /// Cores to use at most.
    pub jobs: Option<u32>,
    /// Nothing may be fetched.
    pub offline: bool,
    /// The lock file may not change.
    pub locked: bool,
    /// Command stages may run.
    pub allow_commands: bool,
    /// Bytes that each process of a worker may have in memory of its own.
    pub memory: Option<u64>,
    /// Name of this host, for the ledger.
    pub host: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// How many stages ended how.
    pub tally: Tally,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Whether a result could not be written because its artifact was found damaged: plan again and run again.
    pub damaged: bool,
}

/// What reaches the loop.
#[derive(Debug)]
pub(crate) enum Message {
    Worker(WorkerId, Reply),
    WorkerGone(WorkerId),
    Committed { stage: StageId, result: Result<Box<Record>, String> },
    Interrupt,
}

/// The way to interrupt a run: once, and it finishes what runs; twice, and it stops at once.
#[derive(Debug, Clone)]
pub struct Interrupt(Sender<Message>);

impl Interrupt {
    /// Interrupts. A run that is over takes no notice.
    pub fn send(&self) {
        let _ = self.0.send(Message::Interrupt);
    }
}

/// Runs plans.
pub struct Engine {
    options: Options,
    machine: Machine,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Engine {
    /// An engine, and the way to interrupt it.
    #[must_use]
    pub fn new(options: Options) -> (Self, Interrupt) {
        let (sender, receiver) = channel();
        let machine = Machine::look(options.jobs);
        let interrupt = Interrupt(sender.clone());
        (Self { options, machine, sender, receiver }, interrupt)
    }

    /// Runs a plan to its end. The caller holds the cache, and whatever of it the run relies on is pinned there; a cache that may
    /// only be read is not held.
    ///
    /// # Errors
    /// [`RunError`] where the run as a whole cannot go on; a stage that fails is in the tally.
    pub fn run(
        &self,
        plan: &Plan,
        world: &mut World,
        held: Option<&RunGuard>,
        observer: &mut dyn Observer,
    ) -> Result<Ending, RunError> {
        refusal::check(plan, &self.options)?;
        if let Some(held) = held {
            held.pin(plan.verdicts.iter().filter_map(Verdict::key))?;
        }
        world.lock.register(&plan.new_claims)?;
        let started = Instant::now();
        let cached = plan.verdicts.iter().filter(|verdict| verdict.word() == "cached").count();
        observer.event(&RunEvent::Planned { stages: plan.stages.len(), cached });
        let (scheduler, commands) = Scheduler::new(plan, self.machine.resources);
        let run = world.ledger.begin_run(&plan.study, &self.options.host);
        let mut running = Run {
            engine: self,
            plan,
            pool: Pool::new(
                self.options.program.clone(),
                world.cache.clone(),
                self.options.offline,
                self.options.memory,
                self.sender.clone(),
            ),
            committer: Committer::start(world.cache.clone(), self.sender.clone()),
            world,
            held,
            observer,
            scheduler,
            id: run,
            commands: commands.into(),
            places: BTreeMap::new(),
            busy: Vec::new(),
            early: BTreeMap::new(),
            waited: BTreeSet::new(),
            retried: Instant::now(),
            flushed: (Instant::now(), 0),
            interrupts: 0,
            cost: Cost::default(),
            sizes: BTreeMap::new(),
        };
        let damaged =
            running.until_the_end().and_then(|()| if running.interrupts > 1 { Ok(false) } else { running.export() });
        let tally = running.scheduler.tally();
        let interrupted = running.interrupts > 0 && tally.left > 0;
        let cost = running.cost;
        drop(running);
        let counts = RunCounts {
            ran: tally.ran as u64,
            cached: tally.cached as u64,
            failed: tally.failed as u64,
            skipped: tally.skipped as u64,
        };
        world.ledger.finish_run(run, counts);
        if let Err(error) = world.ledger.flush() {
            observer.event(&RunEvent::Note(&format!("note: failed to {error}")));
        }
        let damaged = damaged?;
        let results = (!plan.exports.is_empty() && world.results.is_dir()).then_some(world.results.as_path());
        if !damaged || interrupted {
            observer.event(&RunEvent::RunFinished {
                tally,
                seconds: started.elapsed().as_secs_f64(),
                interrupted,
                cost,
                results,
            });
        }
        Ok(Ending { tally, interrupted, damaged })
    }
}

/// A run under way.
struct Run<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    world: &'a mut World,
    held: Option<&'a RunGuard>,
    observer: &'a mut dyn Observer,
    scheduler: Scheduler<'a>,
    pool: Pool,
    committer: Committer,
    id: RunId,
    commands: VecDeque<Command>,
    /// Who works on a stage, under which key, and since when.
    places: BTreeMap<StageId, Place>,
    /// Stages that another engine works on, to be tried again.
    busy: Vec<StageId>,
    /// What was made from an artifact that is being made again: it is kept once that turns out to be the same.
    early: BTreeMap<StageId, Done>,
    /// Stages that were found so at least once, and when they were tried again last.
    waited: BTreeSet<StageId>,
    retried: Instant,
    /// When the ledger was written last, and stages since.
    flushed: (Instant, u32),
    interrupts: u32,
    /// Tokens that models have read.
    cost: Cost,
    /// Dimensions of the models that have computed: a header is read once.
    sizes: BTreeMap<Digest, Option<Dimensions>>,
}

struct Place {
    worker: WorkerId,
    key: Key,
    seconds: f64,
    peak_bytes: Option<u64>,
    cost: Option<Cost>,
    /// Of a training, at how many tokens a second it goes.
    learning: Option<f64>,
}

impl Run<'_> {
    fn until_the_end(&mut self) -> Result<(), RunError> {
        loop {
            while let Some(command) = self.commands.pop_front() {
                self.obey(command)?;
            }
            if self.scheduler.ended() || self.interrupts > 1 {
                return Ok(());
            }
            match self.engine.receiver.recv_timeout(TICK) {
                Ok(message) => self.hear(message)?,
                Err(RecvTimeoutError::Timeout) => {}
                // The engine holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            for (stage, done) in std::mem::take(&mut self.early) {
                self.worked(stage, done)?;
            }
            if self.retried.elapsed() >= TICK {
                self.retried = Instant::now();
                for stage in std::mem::take(&mut self.busy) {
                    self.step(Event::Retry { stage });
                }
            }
            if self.flushed.0.elapsed() >= FLUSH.0 || self.flushed.1 >= FLUSH.1 {
                self.flushed = (Instant::now(), 0);
                // What cannot be written stays noted; the end of the run tells.
                let _ = self.world.ledger.flush();
            }
            self.observer.tick();
        }
    }

    fn step(&mut self, event: Event) {
        self.commands.extend(self.scheduler.step(event));
    }

    fn obey(&mut self, command: Command) -> Result<(), RunError> {
        match command {
            Command::LookUp { stage, key } => {
                let found = self.world.record(&key);
                if found.is_some() {
                    if let Some(held) = self.held {
                        held.pin([&key])?;
                    }
                    self.observer.event(&RunEvent::Finished {
                        stage: self.plan.stage(stage),
                        ran: false,
                        seconds: 0.0,
                        cost: None,
                    });
                }
                self.step(Event::LookedUp { stage, found });
            }
            Command::Start { stage, key } => self.start(stage, key)?,
            Command::Skip { stage, because } => {
                let (stage, because) = (self.plan.stage(stage), self.plan.stage(because));
                self.observer.event(&RunEvent::Skipped { stage, because });
            }
        }
        Ok(())
    }

    fn start(&mut self, id: StageId, key: Option<Key>) -> Result<(), RunError> {
        let stage = self.plan.stage(id);
        if let Some(path) = self.changed_input(stage) {
            self.fail(id, &format!("its input {path} has changed since the run began; run again"), &[]);
            return Ok(());
        }
        if let (true, Work::Download(work)) = (self.engine.options.offline, &stage.work)
            && !work.file.source.is_local()
            && !xlt_fetch::may_be_here(&work.file.source)
        {
            let why = format!(
                "{} is missing or damaged in the cache, and `--offline` forbids to fetch it again; run without `--offline`",
                work.file.source
            );
            self.fail(id, &why, &[]);
            return Ok(());
        }
        if let Some(digest) = unrecorded(self.plan, id, &self.scheduler, &self.world.cache) {
            let what = "the record of a stage whose answers it reads is gone or damaged";
            self.observer.event(&RunEvent::Damaged { stage, what });
            self.step(Event::Damaged { stage: id, digest });
            return Ok(());
        }
        let threads = self.engine.machine.resources.cores.min(stage.resources.cores.max(1));
        let job = job(self.plan, id, key, &self.scheduler, self.world, threads);
        let model = stage.model().and_then(|_| job.inputs.first()?.blake3.parse().ok());
        let worker = match self.pool.give(id, job, model) {
            Ok(worker) => worker,
            Err(error) => {
                self.fail(id, &error.to_string(), &[]);
                return Ok(());
            }
        };
        let place = Place {
            worker,
            key: key.unwrap_or_else(|| provisional(stage)),
            seconds: 0.0,
            peak_bytes: None,
            cost: None,
            learning: None,
        };
        self.places.insert(id, place);
        if !self.waited.contains(&id) {
            self.observer.event(&RunEvent::Started { stage, key });
        }
        Ok(())
    }

    /// A local file among the inputs that is no longer what the plan saw.
    fn changed_input(&self, stage: &Stage) -> Option<String> {
        let locals = stage.inputs.iter().filter_map(|input| match input.source {
            InputSource::Local(id) => Some(self.plan.local(id)),
            InputSource::Stage(..) => None,
        });
        let mut changed = locals.filter(|local| self.world.local(&local.path).ok() != Some(local.digest));
        changed.next().map(|local| local.path.clone())
    }

    fn hear(&mut self, message: Message) -> Result<(), RunError> {
        match message {
            Message::Worker(worker, reply) => self.reply(worker, reply),
            Message::WorkerGone(worker) => self.worker_gone(worker),
            Message::Committed { stage, result } => self.committed(stage, result),
            Message::Interrupt => {
                self.interrupts += 1;
                if self.interrupts == 1 {
                    self.pool.send_all(&Request::Stop);
                    self.step(Event::Stop);
                    self.observer.event(&RunEvent::Stopping { running: self.places.len() });
                }
                Ok(())
            }
        }
    }

    fn reply(&mut self, worker: WorkerId, reply: Reply) -> Result<(), RunError> {
        if let Reply::Progress { done, total, unit, learning } = reply {
            if let Some(stage) = self.pool.job(worker) {
                if let (Some(learning), Some(place)) = (learning, self.places.get_mut(&stage)) {
                    place.learning = Some(learning.tokens_per_second);
                }
                self.observer.event(&RunEvent::Progress { stage: self.plan.stage(stage), done, total, unit, learning });
            }
            return Ok(());
        }
        let Some(stage) = self.pool.finished(worker) else { return Ok(()) };
        match reply {
            Reply::Progress { .. } => {}
            Reply::Busy => {
                self.places.remove(&stage);
                self.busy.push(stage);
                if self.waited.insert(stage) {
                    self.observer.event(&RunEvent::Waiting { stage: self.plan.stage(stage) });
                }
                self.step(Event::Busy { stage });
            }
            Reply::Already { outputs } => {
                self.release(stage);
                let outputs = self.outputs(stage, outputs);
                if let Some(key) = self.scheduler.key(stage) {
                    // The ledger adopts what it has not seen yet.
                    let _ = self.world.ledger.lookup(&key);
                }
                self.observer.event(&RunEvent::Finished {
                    stage: self.plan.stage(stage),
                    ran: false,
                    seconds: 0.0,
                    cost: None,
                });
                self.step(Event::Done { stage, outputs, ran: false });
            }
            Reply::Damaged { blake3, what } => {
                self.release(stage);
                self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(stage), what: &what });
                match blake3.parse() {
                    Ok(digest) => self.step(Event::Damaged { stage, digest }),
                    Err(_) => self.fail(stage, &what, &[]),
                }
            }
            Reply::Done(done) => self.worked(stage, *done)?,
            Reply::Failed { message, tail, leaves } => {
                if leaves {
                    self.pool.retire(worker);
                }
                self.fail(stage, &message, &tail);
            }
            Reply::Stopped => {
                self.release(stage);
                self.step(Event::Busy { stage });
            }
        }
        Ok(())
    }

    /// The work of a stage is done and its outputs are in the store: pins the file, and has the record written.
    fn worked(&mut self, id: StageId, done: Done) -> Result<(), RunError> {
        if self.scheduler.awaits(id) {
            self.early.insert(id, done);
            self.step(Event::Busy { stage: id });
            return Ok(());
        }
        let stage = self.plan.stage(id);
        if let Some(path) = self.changed_input(stage) {
            self.fail(
                id,
                &format!("its input {path} changed while it ran, so its outputs were not kept; run again"),
                &[],
            );
            return Ok(());
        }
        if let (Work::Download(_), [Input { source: InputSource::Local(local), .. }]) =
            (&stage.work, stage.inputs.as_slice())
            && done.outputs.first().is_none_or(|made| made.blake3 != self.plan.local(*local).digest.to_string())
        {
            let path = &self.plan.local(*local).path;
            // Or the ledger was wrong about it, and would be again.
            self.world.ledger.forget_file(Path::new(path));
            self.fail(id, &format!("{path} changed while it was copied; run again"), &[]);
            return Ok(());
        }
        let mut pinned = stage.clone();
        if let (Work::Download(work), Some(pin)) = (&mut pinned.work, &done.fetched)
            && !work.file.source.is_local()
            && work.pin.as_ref().is_none_or(|known| known.commit.is_none() && pin.commit.is_some())
            && !(self.engine.options.locked && work.pin.is_some())
        {
            let declared = work.pin.replace(pin.clone()).is_some();
            if let Err(error) = self.world.lock.pin(&work.file.source, pin.clone(), declared) {
                self.fail(id, &error.to_string(), &[]);
                return Ok(());
            }
        }
        let begun = self.scheduler.key(id);
        let key = match self.plan.key(&pinned, &self.scheduler) {
            // A remote file without a pin reads no stage, and gets its key only now.
            Some(key) if begun.is_none_or(|begun| begun == key) => key,
            // An artifact that it read has been made again with other bytes, or never will be: what it made belongs to no key.
            _ => {
                self.release(id);
                self.busy.push(id);
                self.step(Event::Busy { stage: id });
                return Ok(());
            }
        };
        if let Some(place) = self.places.get_mut(&id) {
            place.seconds = done.seconds;
            place.cost = done.cost;
            place.peak_bytes = done.peak_bytes;
        }
        for made in &done.outputs {
            if let (Ok(digest), Some(print)) = (made.blake3.parse(), made.fingerprint) {
                self.world.ledger.set_object_fingerprint(&digest, print);
            }
        }
        let record = Record {
            key,
            stage: stage.name.clone(),
            study: self.plan.study.clone(),
            outputs: self.outputs(id, done.outputs),
            kernel_class: done.kernel_class,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: self.plan.manifest(&pinned, &self.scheduler),
        };
        self.committer.record(id, record);
        self.step(Event::Worked { stage: id });
        Ok(())
    }

    fn committed(&mut self, stage: StageId, result: Result<Box<Record>, String>) -> Result<(), RunError> {
        let place = self.places.get(&stage);
        let (seconds, cost) = place.map_or((0.0, None), |place| (place.seconds, place.cost));
        if let Ok(record) = &result {
            self.world.ledger.insert(record);
            self.flushed.1 += 1;
            self.note(stage, Some(record.key), Status::Ok, seconds);
            self.note_rate(stage);
        }
        match result {
            Ok(record) => {
                self.release(stage);
                self.cost.apart += cost.map_or(0, |cost| cost.apart);
                self.cost.decoded += cost.map_or(0, |cost| cost.decoded);
                self.observer.event(&RunEvent::Finished { stage: self.plan.stage(stage), ran: true, seconds, cost });
                self.step(Event::Done { stage, outputs: record.outputs, ran: true });
            }
            Err(why) => self.fail(stage, &format!("its outputs cannot be recorded: failed to {why}"), &[]),
        }
        Ok(())
    }

    fn worker_gone(&mut self, worker: WorkerId) -> Result<(), RunError> {
        let Some((stage, death, tail)) = self.pool.bury(worker) else { return Ok(()) };
        if let Some(stage) = stage {
            self.fail(stage, &death, &tail);
        }
        Ok(())
    }

    /// Writes the results of finished stages that are not there yet, or no longer what they were. Says whether an artifact was
    /// found damaged; it has been set aside then.
    fn export(&mut self) -> Result<bool, RunError> {
        let mut damaged = false;
        let mut way = None;
        for export in &self.plan.exports {
            let outputs = self.scheduler.outputs(export.stage);
            let Some(output) = outputs.and_then(|outputs| outputs.get(usize::from(export.output))) else { continue };
            if self.world.exported(&export.path, &output.digest) {
                continue;
            }
            let target = self.world.result(&export.path);
            let way = match &way {
                Some(way) => way,
                None => way.insert(self.way()?),
            };
            match self.world.cache.export_by_way_of(way.path(), &output.digest, &target) {
                Ok(()) => self.observer.event(&RunEvent::Exported { path: &target }),
                Err(CacheError::Damaged { digest, .. }) => {
                    self.world.cache.quarantine(&digest)?;
                    let what = "a result was damaged in the cache, and was set aside";
                    self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(export.stage), what });
                    damaged = true;
                }
                Err(CacheError::Missing { .. }) => {
                    let what = "a result is no longer in the cache";
                    self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(export.stage), what });
                    damaged = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if way.is_none() {
            workplace::sweep(&self.world.results);
        }
        Ok(damaged)
    }

    /// Where results are copied to before they are moved to their places.
    fn way(&self) -> Result<Workplace, RunError> {
        let folder = &self.world.results;
        Workplace::make(folder).map_err(|source| RunError::Results { folder: folder.clone(), source })
    }

    /// Lets the worker give up its lock on a stage.
    fn release(&mut self, stage: StageId) {
        if let Some(place) = self.places.remove(&stage) {
            self.pool.send(place.worker, &Request::Release(place.key.to_string()));
        }
    }

    fn fail(&mut self, stage: StageId, message: &str, tail: &[String]) {
        self.note(stage, self.scheduler.key(stage), Status::Failed, 0.0);
        let log = self.log(stage).filter(|path| path.is_file());
        self.release(stage);
        self.observer.event(&RunEvent::Failed { stage: self.plan.stage(stage), message, tail, log: log.as_deref() });
        self.step(Event::Failed { stage });
    }

    fn log(&self, stage: StageId) -> Option<PathBuf> {
        self.places.get(&stage).map(|place| self.world.cache.log_path(&place.key))
    }

    fn note(&self, stage: StageId, key: Option<Key>, status: Status, seconds: f64) {
        let name = self.plan.stage(stage).name.clone();
        let log = self.log(stage).filter(|_| status != Status::Ok);
        let peak_bytes = self.places.get(&stage).and_then(|place| place.peak_bytes);
        self.world
            .ledger
            .stage_run(self.id, StageRun { stage: name, key, status, seconds, cpu_seconds: None, peak_bytes, log });
    }

    /// Notes how fast a model computed, which later plans estimate from.
    fn note_rate(&mut self, stage: StageId) {
        let Some(place) = self.places.get(&stage) else { return };
        let model = self.plan.stage(stage).model().and_then(|model| self.scheduler.output(model));
        let Some(model) = model else { return };
        let (cache, sizes) = (&self.world.cache, &mut self.sizes);
        let read = || *sizes.entry(model).or_insert_with(|| rates::dimensions(&cache.object_path(&model)));
        if let Some((pace, rate)) = rates::rate(self.plan.stage(stage), read, place.seconds, place.cost, place.learning)
        {
            self.world.ledger.computed(pace.name(), rate);
        }
    }

    fn outputs(&self, stage: StageId, made: Vec<Made>) -> Vec<Output> {
        let names = self.plan.stage(stage).outputs();
        let outputs = names.zip(made).filter_map(|(name, made)| {
            Some(Output {
                name: name.to_owned(),
                digest: made.blake3.parse().ok()?,
                size: made.size,
                folder: made.folder,
            })
        });
        outputs.collect()
    }
}
