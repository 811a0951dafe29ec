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
//! It does not know of processes, files, locks or time.

mod pool;

use crate::key::{Digest, Key};
use crate::plan::{InputSource, KnownOutputs, Plan, Resources, Stage, StageId, Verdict};
use crate::record::Output;
use pool::Pool;

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
    Running(Resources),
    Recording,
    Busy,
    Done { outputs: Vec<Output>, ran: bool },
    Failed,
    Skipped,
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
    states: Vec<State>,
    keys: Vec<Option<Key>>,
    readers: Readers,
    pool: Pool,
    stopped: bool,
    unsettled: usize,
}

/// Who reads a stage, as one flat table: the readers of stage `n` are `ids[starts[n]..starts[n + 1]]`.
#[derive(Debug)]
struct Readers {
    starts: Vec<u32>,
    ids: Vec<StageId>,
}

impl<'a> Scheduler<'a> {
    /// A scheduler for a plan on a machine with these resources, and the first commands.
    #[must_use]
    pub fn new(plan: &'a Plan, machine: Resources) -> (Self, Vec<Command>) {
        let mut scheduler = Self {
            plan,
            states: Vec::with_capacity(plan.stages.len()),
            keys: plan.verdicts.iter().map(|verdict| verdict.key().copied()).collect(),
            readers: Readers::of(plan),
            pool: Pool::new(machine),
            stopped: false,
            unsettled: plan.stages.len(),
        };
        for (id, stage) in plan.ids() {
            let open = producers(stage).filter(|id| !matches!(scheduler.states[id.index()], State::Done { .. })).count();
            let state = match &plan.verdicts[id.index()] {
                Verdict::Cached { outputs, .. } if open == 0 => {
                    scheduler.unsettled -= 1;
                    State::Done { outputs: outputs.clone(), ran: false }
                }
                Verdict::Run { .. } if open == 0 => {
                    scheduler.pool.push(id, stage.resources);
                    State::Ready
                }
                _ => State::Waiting { producers: open as u32 },
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
            Event::LookedUp { stage, found } => match found {
                Some(outputs) => self.done(stage, outputs, false, &mut commands),
                None => self.ready(stage),
            },
            Event::Worked { stage } => {
                self.free(stage);
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
            Event::Retry { stage } => self.ready(stage),
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
                State::Skipped => tally.skipped += 1,
                State::Waiting { .. } | State::LookingUp | State::Ready | State::Running(_) | State::Recording | State::Busy => {
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
        while let Some((stage, needs)) = self.pool.pop() {
            self.states[stage.index()] = State::Running(needs);
            commands.push(Command::Start { stage, key: self.keys[stage.index()] });
        }
        commands
    }

    fn ready(&mut self, stage: StageId) {
        self.states[stage.index()] = State::Ready;
        if !self.stopped {
            self.pool.push(stage, self.plan.stage(stage).resources);
        }
    }

    fn free(&mut self, stage: StageId) {
        if let State::Running(needs) = self.states[stage.index()] {
            self.pool.release(&needs);
        }
    }

    fn done(&mut self, stage: StageId, outputs: Vec<Output>, ran: bool, commands: &mut Vec<Command>) {
        self.states[stage.index()] = State::Done { outputs, ran };
        self.unsettled -= 1;
        let mut settled = vec![stage];
        while let Some(stage) = settled.pop() {
            for at in self.readers.of_stage(stage) {
                let reader = self.readers.ids[at];
                let State::Waiting { producers } = &mut self.states[reader.index()] else { continue };
                *producers -= 1;
                if *producers == 0 && self.resolve(reader, commands) {
                    settled.push(reader);
                }
            }
        }
    }

    /// All inputs of a waiting stage are known now: it is done, ready, or to be looked up. Says whether it is done.
    fn resolve(&mut self, stage: StageId, commands: &mut Vec<Command>) -> bool {
        let key = self.plan.key(self.plan.stage(stage), self);
        let planned = &self.plan.verdicts[stage.index()];
        let as_planned = key.is_some() && key.as_ref() == planned.key();
        self.keys[stage.index()] = key;
        match (planned, key) {
            (Verdict::Cached { outputs, .. }, _) if as_planned => {
                self.states[stage.index()] = State::Done { outputs: outputs.clone(), ran: false };
                self.unsettled -= 1;
                return true;
            }
            (_, Some(key)) if !as_planned => {
                self.states[stage.index()] = State::LookingUp;
                commands.push(Command::LookUp { stage, key });
            }
            _ => self.ready(stage),
        }
        false
    }

    fn fail(&mut self, failed: StageId, commands: &mut Vec<Command>) {
        self.states[failed.index()] = State::Failed;
        self.unsettled -= 1;
        let mut above = vec![failed];
        while let Some(stage) = above.pop() {
            for at in self.readers.of_stage(stage) {
                let reader = self.readers.ids[at];
                if matches!(self.states[reader.index()], State::Waiting { .. }) {
                    self.states[reader.index()] = State::Skipped;
                    self.unsettled -= 1;
                    commands.push(Command::Skip { stage: reader, because: failed });
                    above.push(reader);
                }
            }
        }
    }

    /// The stage that made a damaged artifact runs again; who wants to read it waits.
    fn remake(&mut self, reader: StageId, digest: Digest, commands: &mut Vec<Command>) {
        let made_it = |id: &StageId| match &self.states[id.index()] {
            State::Done { outputs, .. } => outputs.iter().any(|output| output.digest == digest),
            _ => false,
        };
        let makers: Vec<StageId> = producers(self.plan.stage(reader)).filter(made_it).collect();
        for &maker in &makers {
            self.unsettled += 1;
            for at in self.readers.of_stage(maker) {
                if let State::Waiting { producers } = &mut self.states[self.readers.ids[at].index()] {
                    *producers += 1;
                }
            }
            self.ready(maker);
        }
        let open = |id: &StageId| !matches!(self.states[id.index()], State::Done { .. });
        let open = producers(self.plan.stage(reader)).filter(open).count() as u32;
        if open == 0 {
            // Another engine, or another reader here, has put it in place meanwhile.
            return self.ready(reader);
        }
        self.states[reader.index()] = State::Waiting { producers: open };
        // A maker that has failed since will not come back.
        let failed = producers(self.plan.stage(reader)).find(|id| matches!(self.states[id.index()], State::Failed | State::Skipped));
        if let Some(failed) = failed {
            self.states[reader.index()] = State::Skipped;
            self.unsettled -= 1;
            commands.push(Command::Skip { stage: reader, because: failed });
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

/// Stages that a stage reads, each once.
fn producers(stage: &Stage) -> impl Iterator<Item = StageId> {
    let mut ids: Vec<StageId> = stage.producers().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
}

impl Readers {
    fn of(plan: &Plan) -> Self {
        let mut starts = vec![0_u32; plan.stages.len() + 1];
        for stage in &plan.stages {
            producers(stage).for_each(|id| starts[id.index() + 1] += 1);
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut ids = vec![StageId(0); starts.last().map_or(0, |&end| end as usize)];
        for (reader, stage) in plan.ids() {
            for id in producers(stage) {
                ids[next[id.index()] as usize] = reader;
                next[id.index()] += 1;
            }
        }
        Self { starts, ids }
    }

    fn of_stage(&self, stage: StageId) -> std::ops::Range<usize> {
        self.starts[stage.index()] as usize..self.starts[stage.index() + 1] as usize
    }
}
