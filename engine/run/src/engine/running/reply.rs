//! What follows from what a worker says.

use super::Run;
use super::keep::outputs;
use crate::observe::{Learning, RunEvent, Unit};
use crate::pool::WorkerId;
use crate::protocol::{Made, Reply};
use xlt_core::plan::StageId;
use xlt_core::schedule::Event;

impl Run<'_> {
    pub(super) fn reply(&mut self, worker: WorkerId, reply: Reply) {
        if let Reply::Progress { done, total, unit, learning } = reply {
            return self.progress(worker, done, total, unit, learning);
        }
        if let Some(stage) = self.pool.finished(worker) {
            self.ended(worker, stage, reply);
        }
    }

    fn progress(&mut self, worker: WorkerId, done: u64, total: Option<u64>, unit: Unit, learning: Option<Learning>) {
        let Some(stage) = self.pool.job(worker) else { return };
        if let (Some(learning), Some(place)) = (learning, self.places.get_mut(&stage)) {
            place.spent.learning = Some(learning.tokens_per_second);
        }
        self.observer.event(&RunEvent::Progress { stage: self.plan.stage(stage), done, total, unit, learning });
    }

    /// A worker's job has ended, one way or another.
    fn ended(&mut self, worker: WorkerId, stage: StageId, reply: Reply) {
        match reply {
            Reply::Progress { .. } => {}
            Reply::Busy => self.taken_elsewhere(stage),
            Reply::Already { outputs } => self.made_elsewhere(stage, outputs),
            Reply::Damaged { blake3, what } => self.damaged(stage, &blake3, &what),
            Reply::Done(done) => self.worked(stage, *done),
            Reply::Failed { message, tail, leaves } => {
                if leaves {
                    self.pool.retire(worker);
                }
                if !self.may_be_tried_again(stage) {
                    self.fail(stage, &message, &tail);
                }
            }
            Reply::Stopped => {
                self.release(stage);
                self.step(Event::Busy { stage });
            }
        }
    }

    /// Another engine works on it.
    fn taken_elsewhere(&mut self, stage: StageId) {
        self.release(stage);
        self.busy.push(stage);
        if self.waited.insert(stage) && !self.is_on_cluster() {
            self.observer.event(&RunEvent::Waiting { stage: self.plan.stage(stage) });
        }
        self.step(Event::Busy { stage });
    }

    fn made_elsewhere(&mut self, stage: StageId, made: Vec<Made>) {
        self.forget_attempts(stage);
        self.release(stage);
        if let Some(key) = self.scheduler.key(stage) {
            // The ledger adopts what it has not seen yet.
            let _ = self.world.ledger.lookup(&key);
        }
        self.found_recorded(stage);
        self.step(Event::Done { stage, outputs: outputs(self.plan.stage(stage), made), ran: false });
    }

    fn damaged(&mut self, stage: StageId, blake3: &str, what: &str) {
        self.release(stage);
        match blake3.parse() {
            Ok(digest) => self.found_damaged(stage, what, digest),
            Err(_) => {
                self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(stage), what });
                self.fail(stage, what, &[]);
            }
        }
    }
}
