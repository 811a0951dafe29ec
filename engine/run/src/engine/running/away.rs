//! Stages that others do, where a run is on a cluster: the front leaves all but downloads to jobs, a job leaves to others what is not
//! for its kind. Whether they are done is seen by their records, and what became of them otherwise by what is said of attempts.

use super::Run;
use crate::observe::RunEvent;
use crate::protocol::Ticket;
use crate::slurm::{Front, Task};
use xlt_core::attempts::{Attempts, Deaths, Line, MOST_DEATHS};
use xlt_core::key::Key;
use xlt_core::plan::{Facts, Stage, StageId};
use xlt_core::record::Output;
use xlt_core::schedule::Event;
use xlt_core::slurm::Needs;
use xlt_core::spec::Executor;

/// Which stages of a plan this engine works on.
pub(in crate::engine) enum Part {
    /// All.
    All,
    /// Downloads; the others are jobs'.
    Front(Box<Front>),
    /// Those that are for this kind of job.
    Task(Box<Task>),
}

impl Part {
    fn run(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Front(front) => Some(front.run()),
            Self::Task(task) => Some(task.run()),
        }
    }

    /// What the spec says of the cluster.
    fn executor(&self) -> Option<&Executor> {
        match self {
            Self::All => None,
            Self::Front(front) => Some(front.executor()),
            Self::Task(task) => Some(task.executor()),
        }
    }

    /// What a stage needs; nothing is needed where this engine does everything.
    fn needs(&self, stage: &Stage, deaths: Deaths) -> Option<Needs> {
        self.executor().map(|executor| Needs::of(stage, executor, deaths))
    }

    fn takes(&self, needs: Needs) -> bool {
        match self {
            Self::All => true,
            Self::Front(_) => needs == Needs::Network,
            Self::Task(task) => task.takes(needs),
        }
    }
}

impl Run<'_> {
    /// Whether this engine is one of several on a cluster.
    pub(super) fn is_on_cluster(&self) -> bool {
        !matches!(self.part, Part::All)
    }

    /// Whether a stage that could start is left to others, is done by now, or will not be done: then it is not to be started.
    pub(super) fn is_left(&mut self, id: StageId, key: Option<Key>) -> bool {
        if !self.is_on_cluster() {
            return false;
        }
        let stage = self.plan.stage(id);
        let Some(key) = key else {
            // A file without a pin: only who may fetch it can.
            let left = matches!(self.part, Part::Task(_));
            if left {
                self.look_later(id);
            }
            return left;
        };
        let mut attempts = self.attempts(&key);
        let alive = attempts.open().is_some() && self.world.cache.is_worked_on(&key).unwrap_or(true);
        if self.begins_anew(&key, &attempts, alive) {
            attempts = Attempts::default();
        }
        let deaths = attempts.deaths(alive);
        let Some(needs) = self.part.needs(stage, deaths) else { return false };
        if let Some(outputs) = self.made_by_others(&key) {
            self.found_done(id, &key, needs, outputs);
            return true;
        }
        if let Some((why, tail)) = self.refused(&attempts, deaths, alive) {
            self.fail(id, &why, &tail);
            return true;
        }
        if self.part.takes(needs) {
            return false;
        }
        if self.hears_of_damage(id, &attempts) {
            return true;
        }
        let begins = match &mut self.part {
            Part::Front(front) => front.leave(id, needs, alive),
            Part::All | Part::Task(_) => false,
        };
        if begins {
            self.observer.event(&RunEvent::Started { stage, key: Some(key) });
        }
        self.look_later(id);
        true
    }

    /// What is said of attempts at a stage.
    fn attempts(&self, key: &Key) -> Attempts {
        let text = self.world.cache.attempts(key).ok().flatten();
        text.map(|text| Attempts::parse(&text)).unwrap_or_default()
    }

    /// The outputs of a stage that is recorded, where all of them are there.
    fn made_by_others(&self, key: &Key) -> Option<Vec<Output>> {
        let outputs = self.world.record(key)?;
        outputs.iter().all(|output| self.world.present(&output.digest)).then_some(outputs)
    }

    fn found_done(&mut self, id: StageId, key: &Key, needs: Needs, outputs: Vec<Output>) {
        if let Some(held) = self.held {
            // What cannot be pinned is looked for again where it is read.
            let _ = held.pin([key]);
        }
        let stage = self.plan.stage(id);
        let seconds = match &mut self.part {
            Part::Front(front) => front.done(id, needs),
            Part::All | Part::Task(_) => None,
        };
        let (ran, seconds) = (seconds.is_some(), seconds.unwrap_or_default());
        self.observer.event(&RunEvent::Finished { stage, ran, seconds, cost: None });
        self.step(Event::Done { stage: id, outputs, ran });
    }

    /// Whether a stage that an earlier run gave up is tried again from the beginning, as a new run does with whatever failed.
    fn begins_anew(&self, key: &Key, attempts: &Attempts, alive: bool) -> bool {
        let Part::Front(front) = &self.part else { return false };
        let given_up = !alive && attempts.deaths(alive).all() >= MOST_DEATHS && attempts.run() != Some(front.run());
        let cache = &self.world.cache;
        given_up && matches!(cache.try_lock(key), Ok(Some(_lock)) if cache.forget_attempts(key).is_ok())
    }

    /// Why a stage is not tried again: it failed in a job of this run, or died too often.
    fn refused(&self, attempts: &Attempts, deaths: Deaths, alive: bool) -> Option<(String, Vec<String>)> {
        match attempts.end() {
            Some(Line::Failed { run, message, tail }) if !alive && self.part.run() == Some(run) => {
                Some((message.clone(), tail.clone()))
            }
            _ if deaths.all() >= MOST_DEATHS => {
                Some((format!("it {deaths}, and this run does not try it again"), Vec::new()))
            }
            _ => None,
        }
    }

    /// Whether a job has found an artifact damaged that a stage reads: what made it is done again, then the stage. Once: where the
    /// artifact is damaged again the jobs go on by themselves.
    fn hears_of_damage(&mut self, id: StageId, attempts: &Attempts) -> bool {
        let Some(Line::Damaged { run, blake3, what }) = attempts.end() else { return false };
        let Ok(digest) = blake3.parse() else { return false };
        let heard = self.part.run() == Some(run) && self.repaired.insert(id);
        if heard {
            self.found_damaged(id, what, digest);
        }
        heard
    }

    /// A stage is looked at again in a while.
    fn look_later(&mut self, id: StageId) {
        self.busy.push(id);
        self.step(Event::Busy { stage: id });
    }

    /// What a worker says of its attempt at a stage.
    pub(super) fn ticket(&self, stage: &Stage) -> Option<Ticket> {
        match &self.part {
            Part::Task(task) => Some(Ticket { begun: task.begins(stage) }),
            Part::All | Part::Front(_) => None,
        }
    }

    /// A stage came to no good end in a job. Says whether it may be tried again, here or in a job that has more.
    pub(super) fn may_be_tried_again(&mut self, id: StageId) -> bool {
        let (Part::Task(_), Some(key)) = (&self.part, self.scheduler.key(id)) else { return false };
        let attempts = self.attempts(&key);
        // One that could say nothing of itself may never be able to.
        let may = attempts.open().is_some() || matches!(attempts.end(), Some(Line::Short { .. }));
        if may {
            self.release(id);
            self.look_later(id);
        }
        may
    }

    /// A stage is recorded, and its lock still held: nobody needs to know any more how it came to that.
    pub(super) fn forget_attempts(&self, id: StageId) {
        if let (Part::Task(_), Some(key)) = (&self.part, self.scheduler.key(id)) {
            let _ = self.world.cache.forget_attempts(&key);
        }
    }

    /// Front: asks for jobs. Job: says whether it has nothing more to do.
    pub(super) fn tend(&mut self) -> bool {
        if !self.tending.is_due() {
            return false;
        }
        let outcome = match &mut self.part {
            Part::All => return false,
            Part::Front(front) => front.tend(),
            Part::Task(task) => {
                return task.is_idle(!self.places.is_empty()) || (self.places.is_empty() && !self.has_more_to_do());
            }
        };
        for note in &outcome.notes {
            self.observer.event(&RunEvent::Note(note));
        }
        for (id, why) in outcome.given_up {
            self.busy.retain(|busy| *busy != id);
            self.fail(id, &why, &[]);
        }
        false
    }

    /// Whether anything may still come that this kind of job is for.
    fn has_more_to_do(&self) -> bool {
        let Part::Task(task) = &self.part else { return true };
        let attempted = |id| self.scheduler.key(id).map(|key| self.attempts(&key).deaths(true)).unwrap_or_default();
        self.plan
            .ids()
            .filter(|(id, _)| !self.scheduler.is_settled(*id))
            .any(|(id, stage)| self.part.needs(stage, attempted(id)).is_some_and(|needs| task.is_for(needs)))
    }
}
