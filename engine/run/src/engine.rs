//! Runs a plan: the only place where plan, workers, cache and observer meet.
//!
//! What is around a run is here; the run itself, a loop around the scheduler, is [`running`].

mod diary;
mod every;
mod place;
mod running;

use crate::error::RunError;
use crate::gpus::Gpus;
use crate::machine::Machine;
use crate::observe::{Observer, RunEvent};
use crate::pool::WorkerId;
use crate::protocol::Reply;
use crate::refusal;
use crate::slurm::{Front, FrontOptions, Task, TaskOptions};
use crate::world::World;
use running::{Over, Part, Run};
use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;
use xlt_cache::RunGuard;
use xlt_core::plan::{Plan, Stage, StageId, Verdict};
use xlt_core::record::Record;
use xlt_core::schedule::Tally;

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
    /// Where stages run.
    pub role: Role,
}

/// What an engine is among those that do a run.
#[derive(Debug, Clone)]
pub enum Role {
    /// The only one: all stages run here.
    Alone,
    /// The one that the user started, where stages are jobs of a cluster.
    Front(Box<FrontOptions>),
    /// One of these jobs.
    Task(Box<TaskOptions>),
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
    /// Known when they are first needed.
    gpus: OnceCell<Gpus>,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Engine {
    /// An engine, and the way to interrupt it.
    #[must_use]
    pub fn new(options: Options) -> (Self, Interrupt) {
        let (sender, receiver) = channel();
        let machine = match &options.role {
            Role::Alone | Role::Front(_) => Machine::look(options.jobs),
            Role::Task(task) => Machine::of_job(task.class),
        };
        let interrupt = Interrupt(sender.clone());
        (Self { options, machine, gpus: OnceCell::new(), sender, receiver }, interrupt)
    }

    /// On a machine with these GPUs, whatever it has.
    #[must_use]
    pub fn with_gpus(self, gpus: Gpus) -> Self {
        Self { gpus: gpus.into(), ..self }
    }

    /// The GPUs of this machine, if anything that is to run asks for some: to look at them takes a process.
    fn gpus(&self, plan: &Plan, observer: &mut dyn Observer) -> Gpus {
        let asks =
            |(id, stage): (StageId, &Stage)| stage.resources.gpus > 0 && plan.verdicts[id.index()].word() != "cached";
        // The front of a run on a cluster computes nothing itself.
        if matches!(self.options.role, Role::Front(_)) || !plan.ids().any(asks) {
            return Gpus::default();
        }
        let ask = || {
            Gpus::ask(&self.options.program).unwrap_or_else(|why| {
                observer.event(&RunEvent::Note(&format!("note: {why}")));
                Gpus::default()
            })
        };
        self.gpus.get_or_init(ask).clone()
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
        let part = match &self.options.role {
            Role::Alone => Part::All,
            Role::Front(front) => Part::Front(Box::new(Front::open(front, plan)?)),
            Role::Task(task) => Part::Task(Box::new(Task::new(task))),
        };
        world.lock.register(&plan.new_claims)?;
        let started = Instant::now();
        let cached = plan.verdicts.iter().filter(|verdict| verdict.word() == "cached").count();
        observer.event(&RunEvent::Planned { stages: plan.stages.len(), cached });
        let mut run = Run::new(self, plan, world, held, observer, part);
        let damaged = run.drive();
        let Over { diary, tally, interrupted } = run.over();
        let cost = diary.cost;
        if let Err(error) = diary.close(&world.ledger, tally) {
            observer.event(&RunEvent::Note(&format!("note: failed to {error}")));
        }
        let damaged = damaged?;
        if !damaged || interrupted {
            let results = (!plan.exports.is_empty() && world.results.is_dir()).then_some(world.results.as_path());
            let seconds = started.elapsed().as_secs_f64();
            observer.event(&RunEvent::RunFinished { tally, seconds, interrupted, cost, results });
        }
        Ok(Ending { tally, interrupted, damaged })
    }
}
