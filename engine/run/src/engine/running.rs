//! A run under way: the loop around the scheduler.
//!
//! Commands are obeyed until there are none; then it waits for what workers, the committer or the user say. What is done
//! before a stage starts is [`start`], what follows from a worker's words [`reply`], the way from finished work to its record
//! [`keep`], and that from records to the results folder [`export`].

mod away;
mod export;
mod keep;
mod reply;
mod start;

pub(super) use away::Part;

use super::diary::Diary;
use super::every::Every;
use super::place::Place;
use super::{Engine, Message};
use crate::commit::Committer;
use crate::error::RunError;
use crate::observe::{Observer, RunEvent};
use crate::pool::{Pool, WorkerId};
use crate::protocol::{Done, Request};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use xlt_cache::RunGuard;
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{Facts, InputSource, Plan, Stage, StageId};
use xlt_core::schedule::{Command, Event, Scheduler, Tally};

/// How long the loop waits before it looks at what waits for other engines.
const TICK: Duration = Duration::from_millis(50);
/// The same on a cluster, where many look at a file system that they share.
const TICK_ON_CLUSTER: Duration = Duration::from_secs(1);

/// And how long for each stage that is looked at there: thousands take a look in so many seconds.
const LOOK_ON_CLUSTER: Duration = Duration::from_millis(2);

/// A run under way.
pub(super) struct Run<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    world: &'a mut World,
    held: Option<&'a RunGuard>,
    observer: &'a mut dyn Observer,
    scheduler: Scheduler<'a>,
    commands: VecDeque<Command>,
    pool: Pool,
    committer: Committer,
    diary: Diary,
    /// Stages that are worked on.
    places: BTreeMap<StageId, Place>,
    /// What was made from an artifact that is being made again: it is kept once that turns out to be the same.
    early: BTreeMap<StageId, Done>,
    /// Stages that another engine works on, to be tried again.
    busy: Vec<StageId>,
    /// Stages that were found so at least once.
    waited: BTreeSet<StageId>,
    retry: Every,
    /// Which stages this engine works on.
    part: Part,
    tending: Every,
    /// Stages for which an artifact was made again that a job found damaged.
    repaired: BTreeSet<StageId>,
    interrupts: u32,
}

/// What a run leaves.
pub(super) struct Over {
    pub(super) diary: Diary,
    pub(super) tally: Tally,
    /// Whether the user stopped it before its end.
    pub(super) interrupted: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        plan: &'a Plan,
        world: &'a mut World,
        held: Option<&'a RunGuard>,
        observer: &'a mut dyn Observer,
        part: Part,
    ) -> Self {
        let tick = if matches!(part, Part::All) { TICK } else { TICK_ON_CLUSTER };
        let gpus = engine.gpus(plan, observer);
        let (scheduler, commands) = Scheduler::with_gpus(plan, engine.machine.resources, &gpus.shared());
        let options = &engine.options;
        let (program, cache, sender) = (options.program.clone(), world.cache.clone(), engine.sender.clone());
        Self {
            engine,
            plan,
            held,
            observer,
            scheduler,
            commands: commands.into(),
            pool: Pool::new(program, cache.clone(), options.offline, options.memory, gpus, sender.clone()),
            committer: Committer::start(cache, sender),
            diary: Diary::open(&world.ledger, &plan.study, &options.host),
            world,
            places: BTreeMap::new(),
            early: BTreeMap::new(),
            busy: Vec::new(),
            waited: BTreeSet::new(),
            retry: Every::new(tick),
            part,
            tending: Every::new(TICK_ON_CLUSTER),
            repaired: BTreeSet::new(),
            interrupts: 0,
        }
    }

    /// Runs what is to run, and writes the results. Says whether one of them was found damaged.
    pub(super) fn drive(&mut self) -> Result<bool, RunError> {
        self.until_nothing_runs()?;
        if self.stops_at_once() { Ok(false) } else { self.export() }
    }

    /// Ends what is left of the workers, and waits for records that are being written.
    pub(super) fn over(self) -> Over {
        let tally = self.scheduler.tally();
        if let Part::Front(front) = self.part
            && let Some(note) = front.close(tally.left == 0)
        {
            self.observer.event(&RunEvent::Note(&note));
        }
        drop(self.pool);
        drop(self.committer);
        Over { diary: self.diary, tally, interrupted: self.interrupts > 0 && tally.left > 0 }
    }

    fn stops_at_once(&self) -> bool {
        self.interrupts > 1
    }

    fn until_nothing_runs(&mut self) -> Result<(), RunError> {
        loop {
            while let Some(command) = self.commands.pop_front() {
                self.obey(command)?;
            }
            if self.scheduler.ended() || self.stops_at_once() || self.tend() {
                return Ok(());
            }
            match self.engine.receiver.recv_timeout(TICK) {
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => {}
                // The engine holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.try_again();
            self.diary.keep(&self.world.ledger);
            self.observer.tick();
        }
    }

    fn step(&mut self, event: Event) {
        self.commands.extend(self.scheduler.step(event));
    }

    fn obey(&mut self, command: Command) -> Result<(), RunError> {
        match command {
            Command::LookUp { stage, key } => self.look_up(stage, &key)?,
            Command::Start { stage, key, cores, gpus } => self.start(stage, key, cores, &gpus),
            Command::Skip { stage, because } => {
                let (stage, because) = (self.plan.stage(stage), self.plan.stage(because));
                self.observer.event(&RunEvent::Skipped { stage, because });
            }
        }
        Ok(())
    }

    fn look_up(&mut self, stage: StageId, key: &Key) -> Result<(), RunError> {
        let found = self.world.record(key);
        if found.is_some() {
            if let Some(held) = self.held {
                held.pin([key])?;
            }
            self.found_recorded(stage);
        }
        self.step(Event::LookedUp { stage, found });
        Ok(())
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Worker(worker, reply) => self.reply(worker, reply),
            Message::WorkerGone(worker) => self.worker_gone(worker),
            Message::Committed { stage, result } => self.committed(stage, result),
            Message::Interrupt => self.interrupt(),
        }
    }

    fn worker_gone(&mut self, worker: WorkerId) {
        if let Some((Some(stage), death, tail)) = self.pool.bury(worker)
            && !self.may_be_tried_again(stage)
        {
            self.fail(stage, &death, &tail);
        }
    }

    fn interrupt(&mut self) {
        self.interrupts += 1;
        if self.interrupts == 1 {
            self.pool.send_all(&Request::Stop);
            self.step(Event::Stop);
            self.observer.event(&RunEvent::Stopping { running: self.places.len() });
        }
    }

    /// What waited for an artifact, and now and then what waits for other engines.
    fn try_again(&mut self) {
        for (stage, done) in std::mem::take(&mut self.early) {
            self.worked(stage, done);
        }
        if self.retry.is_due() {
            if let Part::Front(front) = &mut self.part {
                front.look_again();
            }
            let busy = std::mem::take(&mut self.busy);
            if self.is_on_cluster() {
                self.retry.not_more_often_than(TICK_ON_CLUSTER.max(LOOK_ON_CLUSTER * busy.len() as u32));
            }
            for stage in busy {
                self.step(Event::Retry { stage });
            }
        }
    }

    /// A stage was recorded already.
    fn found_recorded(&mut self, stage: StageId) {
        let stage = self.plan.stage(stage);
        self.observer.event(&RunEvent::Finished { stage, ran: false, seconds: 0.0, cost: None });
    }

    /// An artifact that a stage reads is to be made again.
    fn found_damaged(&mut self, stage: StageId, what: &str, digest: Digest) {
        self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(stage), what });
        self.step(Event::Damaged { stage, digest });
    }

    fn fail(&mut self, id: StageId, message: &str, tail: &[String]) {
        let (stage, key, place) = (self.plan.stage(id), self.scheduler.key(id), self.places.get(&id));
        self.diary.failed(&self.world.cache, &self.world.ledger, stage, key, place);
        let worked = place.map(|place| place.key).or(key.filter(|_| self.is_on_cluster()));
        let log = worked.map(|key| self.world.cache.log_path(&key)).filter(|path| path.is_file());
        self.release(id);
        self.observer.event(&RunEvent::Failed { stage, message, tail, log: log.as_deref() });
        self.step(Event::Failed { stage: id });
    }

    /// Lets the worker give up its lock on a stage.
    fn release(&mut self, stage: StageId) {
        if let Some(place) = self.places.remove(&stage) {
            self.pool.send(place.worker, &Request::Release(place.key.to_string()));
        }
    }

    /// A local file among the inputs that is no longer what the plan saw.
    fn changed_input(&self, stage: &Stage) -> Option<&'a str> {
        let locals = stage.inputs.iter().filter_map(|input| match input.source {
            InputSource::Local(id) => Some(self.plan.local(id)),
            InputSource::Stage(..) => None,
        });
        let mut changed = locals.filter(|local| self.world.local(&local.path).ok() != Some(local.digest));
        changed.next().map(|local| local.path.as_str())
    }
}
