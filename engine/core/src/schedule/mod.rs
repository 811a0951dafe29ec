//! The scheduler: a state machine without I/O. Events go in, commands come out; the loop around it is `xlt-run`'s.
//!
//! ```text
//!              inputs known         no record           resources free
//!   Waiting ----------------> LookUp ---------> Ready ----------------> Running --> Recording --> Done | Failed
//!      |                        | record          ^                       |
//!      | an input failed        v                 +---- retry --- Busy <--+ another engine has it
//!      v                       Done
//!   Skipped
//! ```
//! One way leads back: a stage whose artifact is found damaged is no longer done, and what is about to read it waits again.
//!
//! It does not know of processes, files, locks or time.

mod gpus;
mod graph;
mod pool;

use crate::key::{Digest, Key};
use crate::plan::{InputSource, KnownOutputs, Plan, Resources, StageId, Verdict};
use crate::record::Output;
pub use gpus::{Gpu, Share};
use graph::Graph;
use pool::{Pool, Taken};
use std::collections::BTreeSet;

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The answer to [`Command::LookUp`].
    LookedUp {
        /// The stage.
        stage: StageId,
        /// Its outputs, where its key is recorded.
        found: Option<Vec<Output>>,
    },
    /// A started stage has done its work: its resources are free, its outputs are being recorded.
    Worked {
        /// The stage.
        stage: StageId,
    },
    /// A started stage is finished and recorded.
    Done {
        /// The stage.
        stage: StageId,
        /// What it left.
        outputs: Vec<Output>,
        /// Whether it ran here; otherwise another engine had recorded it meanwhile.
        ran: bool,
    },
    /// A started stage failed.
    Failed {
        /// The stage.
        stage: StageId,
    },
    /// A started stage is being made by another engine.
    Busy {
        /// The stage.
        stage: StageId,
    },
    /// It may be tried again.
    Retry {
        /// The stage.
        stage: StageId,
    },
    /// A started stage found an artifact that it reads missing or damaged, and did not run.
    Damaged {
        /// The stage that wanted to read it.
        stage: StageId,
        /// The artifact.
        digest: Digest,
    },
    /// Start nothing more.
    Stop,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// See whether that key is recorded, and answer with [`Event::LookedUp`].
    LookUp {
        /// The stage.
        stage: StageId,
        /// Its key.
        key: Key,
    },
    /// Run the stage.
    Start {
        /// The stage.
        stage: StageId,
        /// Its key; `None` for a remote file without a pin.
        key: Option<Key>,
        /// Cores that it occupies.
        cores: u32,
        /// What it has of each GPU that it is to use, where they are known one by one. It uses no other.
        gpus: Vec<Share>,
    },
    /// The stage will not run, because another failed.
    Skip {
        /// The stage.
        stage: StageId,
        /// The stage that failed.
        because: StageId,
    },
}

/// Where a stage stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waiting { producers: u32 },
    LookingUp,
    Ready,
    Running(Taken),
    Recording,
    Busy,
    Done { outputs: Vec<Output>, ran: bool },
    Failed,
    Skipped { because: StageId },
}

/// How many stages ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Ran here.
    pub ran: usize,
    /// Were recorded already, or became so elsewhere.
    pub cached: usize,
    /// Failed.
    pub failed: usize,
    /// Did not run because something else failed.
    pub skipped: usize,
    /// Were not reached before the run was stopped.
    pub left: usize,
}

/// The state machine.
#[derive(Debug)]
pub struct Scheduler<'a> {
    plan: &'a Plan,
    graph: Graph,
    states: Vec<State>,
    /// Keys that were looked up, here or by the plan.
    keys: Vec<Option<Key>>,
    /// Stages that have a record and must run all the same: an artifact of theirs is damaged.
    damaged: BTreeSet<StageId>,
    pool: Pool,
    stopped: bool,
    unsettled: usize,
}

impl<'a> Scheduler<'a> {
    /// A scheduler for a plan on a machine with these resources, and the first commands. GPUs, if any, are counted.
    #[must_use]
    pub fn new(plan: &'a Plan, machine: Resources) -> (Self, Vec<Command>) {
        Self::with_gpus(plan, machine, &[])
    }

    /// The same on a machine of which each GPU is known, whatever number of them `machine` has: a stage gets particular ones.
    #[must_use]
    pub fn with_gpus(plan: &'a Plan, machine: Resources, gpus: &[Gpu]) -> (Self, Vec<Command>) {
        let mut scheduler = Self {
            plan,
            graph: Graph::of(plan),
            states: Vec::with_capacity(plan.stages.len()),
            keys: plan.verdicts.iter().map(|verdict| verdict.key().copied()).collect(),
            damaged: BTreeSet::new(),
            pool: Pool::new(machine, gpus),
            stopped: false,
            unsettled: plan.stages.len(),
        };
        for (id, stage) in plan.ids() {
            // Producers come first, so their states are there.
            let open = scheduler.open(id);
            let state = match &plan.verdicts[id.index()] {
                Verdict::Cached { outputs, .. } if open == 0 => {
                    scheduler.unsettled -= 1;
                    State::Done { outputs: outputs.clone(), ran: false }
                }
                Verdict::Run { .. } if open == 0 => {
                    scheduler.pool.push(id, stage);
                    State::Ready
                }
                _ => State::Waiting { producers: open },
            };
            scheduler.states.push(state);
        }
        let commands = scheduler.start_what_fits();
        (scheduler, commands)
    }

    /// Takes in what happened; says what is to be done.
    pub fn step(&mut self, event: Event) -> Vec<Command> {
        let mut commands = Vec::new();
        match event {
            Event::LookedUp { stage, found } => {
                self.pool.came(self.plan.stage(stage));
                match found {
                    Some(outputs) => self.done(stage, outputs, false, &mut commands),
                    None => self.admit(stage, &mut commands),
                }
            }
            Event::Worked { stage } => {
                self.free(stage);
                self.pool.expect(self.plan.stage(stage));
                self.states[stage.index()] = State::Recording;
            }
            Event::Done { stage, outputs, ran } => {
                self.free(stage);
                self.done(stage, outputs, ran, &mut commands);
            }
            Event::Failed { stage } => {
                self.free(stage);
                self.fail(stage, &mut commands);
            }
            Event::Busy { stage } => {
                self.free(stage);
                self.states[stage.index()] = State::Busy;
            }
            Event::Retry { stage } => self.admit(stage, &mut commands),
            Event::Damaged { stage, digest } => {
                self.free(stage);
                self.remake(stage, digest, &mut commands);
            }
            Event::Stop => {
                self.stopped = true;
                self.pool.clear();
            }
        }
        commands.extend(self.start_what_fits());
        commands
    }

    /// Whether nothing runs and nothing more will be started.
    #[must_use]
    pub fn ended(&self) -> bool {
        let under_way = |state: &State| matches!(state, State::Running(_) | State::Recording | State::LookingUp);
        self.unsettled == 0 || (self.stopped && !self.states.iter().any(under_way))
    }

    /// How many stages ended how.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for state in &self.states {
            match state {
                State::Done { ran: true, .. } => tally.ran += 1,
                State::Done { ran: false, .. } => tally.cached += 1,
                State::Failed => tally.failed += 1,
                State::Skipped { .. } => tally.skipped += 1,
                State::Waiting { .. }
                | State::LookingUp
                | State::Ready
                | State::Running(_)
                | State::Recording
                | State::Busy => {
                    tally.left += 1;
                }
            }
        }
        tally
    }

    /// The key under which a stage runs or ran.
    #[must_use]
    pub fn key(&self, stage: StageId) -> Option<Key> {
        self.keys[stage.index()]
    }

    /// Whether a stage that was started reads one that is being made again, and that will be done if nothing fails.
    #[must_use]
    pub fn awaits(&self, stage: StageId) -> bool {
        !self.stopped && self.open(stage) > 0 && self.hopeless(stage).is_none()
    }

    /// Whether a stage is done, failed or skipped.
    #[must_use]
    pub fn is_settled(&self, stage: StageId) -> bool {
        matches!(self.states[stage.index()], State::Done { .. } | State::Failed | State::Skipped { .. })
    }

    /// What a finished stage left.
    #[must_use]
    pub fn outputs(&self, stage: StageId) -> Option<&[Output]> {
        match &self.states[stage.index()] {
            State::Done { outputs, .. } => Some(outputs),
            _ => None,
        }
    }

    fn start_what_fits(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        while let Some((stage, taken)) = self.pool.pop() {
            let (cores, gpus) = (taken.counted.cores, taken.gpus.clone());
            commands.push(Command::Start { stage, key: self.keys[stage.index()], cores, gpus });
            self.states[stage.index()] = State::Running(taken);
        }
        commands
    }

    /// How many of the stages that it reads are not done.
    fn open(&self, stage: StageId) -> u32 {
        let open = |id: &&StageId| !matches!(self.states[id.index()], State::Done { .. });
        self.graph.producers(stage).iter().filter(open).count() as u32
    }

    /// The failure because of which a stage that it reads will never be done.
    fn hopeless(&self, stage: StageId) -> Option<StageId> {
        self.graph.producers(stage).iter().find_map(|&id| match self.states[id.index()] {
            State::Failed => Some(id),
            State::Skipped { because } => Some(because),
            _ => None,
        })
    }

    /// A stage that is not under way goes on from where its inputs stand: they may have changed since it was last looked at.
    fn admit(&mut self, stage: StageId, commands: &mut Vec<Command>) {
        if let Some(because) = self.hopeless(stage) {
            return self.skip(stage, because, commands);
        }
        match self.open(stage) {
            0 if self.resolve(stage, commands) => self.tell_readers(stage, commands),
            0 => {}
            producers => self.states[stage.index()] = State::Waiting { producers },
        }
    }

    fn ready(&mut self, stage: StageId) {
        self.states[stage.index()] = State::Ready;
        if !self.stopped {
            self.pool.push(stage, self.plan.stage(stage));
        }
    }

    fn free(&mut self, stage: StageId) {
        match &self.states[stage.index()] {
            State::Running(taken) => self.pool.release(taken, self.plan.stage(stage)),
            State::Recording => self.pool.came(self.plan.stage(stage)),
            _ => {}
        }
    }

    fn done(&mut self, stage: StageId, outputs: Vec<Output>, ran: bool, commands: &mut Vec<Command>) {
        self.damaged.remove(&stage);
        self.states[stage.index()] = State::Done { outputs, ran };
        self.unsettled -= 1;
        self.tell_readers(stage, commands);
    }

    /// A stage is done: those that waited for it alone go on, and may turn out to be done themselves.
    fn tell_readers(&mut self, stage: StageId, commands: &mut Vec<Command>) {
        let mut done = vec![stage];
        while let Some(stage) = done.pop() {
            for at in 0..self.graph.readers(stage).len() {
                let reader = self.graph.readers(stage)[at];
                let State::Waiting { producers } = &mut self.states[reader.index()] else { continue };
                *producers -= 1;
                if *producers == 0 && self.resolve(reader, commands) {
                    done.push(reader);
                }
            }
        }
    }

    /// All inputs of a stage are known: it is done, ready, or to be looked up. Says whether it is done.
    fn resolve(&mut self, stage: StageId, commands: &mut Vec<Command>) -> bool {
        let key = self.plan.key(self.plan.stage(stage), self);
        let known = std::mem::replace(&mut self.keys[stage.index()], key) == key || self.damaged.contains(&stage);
        match (&self.plan.verdicts[stage.index()], key) {
            (Verdict::Cached { key: planned, outputs }, Some(key))
                if *planned == key && !self.damaged.contains(&stage) =>
            {
                self.states[stage.index()] = State::Done { outputs: outputs.clone(), ran: false };
                self.unsettled -= 1;
                return true;
            }
            (_, Some(key)) if !known => {
                self.states[stage.index()] = State::LookingUp;
                self.pool.expect(self.plan.stage(stage));
                commands.push(Command::LookUp { stage, key });
            }
            _ => self.ready(stage),
        }
        false
    }

    fn fail(&mut self, failed: StageId, commands: &mut Vec<Command>) {
        self.states[failed.index()] = State::Failed;
        self.unsettled -= 1;
        self.skip_readers(failed, failed, commands);
    }

    fn skip(&mut self, stage: StageId, because: StageId, commands: &mut Vec<Command>) {
        self.states[stage.index()] = State::Skipped { because };
        self.unsettled -= 1;
        commands.push(Command::Skip { stage, because });
        self.skip_readers(stage, because, commands);
    }

    fn skip_readers(&mut self, stage: StageId, because: StageId, commands: &mut Vec<Command>) {
        let mut above = vec![stage];
        while let Some(stage) = above.pop() {
            for &reader in self.graph.readers(stage) {
                if matches!(self.states[reader.index()], State::Waiting { .. }) {
                    self.states[reader.index()] = State::Skipped { because };
                    self.unsettled -= 1;
                    commands.push(Command::Skip { stage: reader, because });
                    above.push(reader);
                }
            }
        }
    }

    /// The stages that made a damaged artifact run again; who wants to read it waits. Where nobody did, another engine, or another
    /// reader here, has put it in place meanwhile.
    fn remake(&mut self, reader: StageId, digest: Digest, commands: &mut Vec<Command>) {
        let made_it = |id: &StageId| {
            self.outputs(*id).is_some_and(|outputs| outputs.iter().any(|output| output.digest == digest))
        };
        let makers: Vec<StageId> = self.graph.producers(reader).iter().copied().filter(made_it).collect();
        for maker in makers {
            self.unsettled += 1;
            self.damaged.insert(maker);
            self.hold_readers(maker);
            self.admit(maker, commands);
        }
        self.admit(reader, commands);
    }

    /// What waits for a stage, or would start next, waits until it is done again.
    fn hold_readers(&mut self, maker: StageId) {
        for &reader in self.graph.readers(maker) {
            match &mut self.states[reader.index()] {
                State::Waiting { producers } => *producers += 1,
                State::Ready => {
                    self.pool.remove(reader, self.plan.stage(reader));
                    self.states[reader.index()] = State::Waiting { producers: 1 };
                }
                _ => {}
            }
        }
    }
}

impl KnownOutputs for Scheduler<'_> {
    fn output(&self, source: InputSource) -> Option<Digest> {
        match source {
            InputSource::Local(id) => Some(self.plan.local(id).digest),
            InputSource::Stage(id, output) => self.outputs(id)?.get(usize::from(output)).map(|output| output.digest),
        }
    }
}
