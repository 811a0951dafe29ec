//! Before a stage starts: its inputs are looked at once more, then a worker gets the job.

use super::Run;
use crate::engine::place::{Place, Spent};
use crate::job::{job, provisional, unrecorded};
use crate::observe::RunEvent;
use crate::pool::WorkerId;
use xlt_core::key::Key;
use xlt_core::plan::{Stage, StageId, Work};
use xlt_core::schedule::{Event, Share};

impl Run<'_> {
    pub(super) fn start(&mut self, id: StageId, key: Option<Key>, cores: u32, gpus: &[Share]) {
        if self.is_left(id, key) {
            return;
        }
        let stage = self.plan.stage(id);
        if let Some(why) = self.obstacle(stage) {
            return self.fail(id, &why, &[]);
        }
        if let Some(digest) = unrecorded(self.plan, id, &self.scheduler, &self.world.cache) {
            return self.found_damaged(id, "the record of a stage whose answers it reads is gone or damaged", digest);
        }
        let mut job = job(self.plan, id, key, &self.scheduler, self.world, cores.max(1));
        job.ticket = self.ticket(stage);
        let model = stage.model().and_then(|_| job.inputs.first()?.blake3.parse().ok());
        match self.pool.give(id, job, model, gpus) {
            Ok(Some(worker)) => self.started(id, key, worker),
            Ok(None) => {
                self.busy.push(id);
                self.step(Event::Busy { stage: id });
            }
            Err(error) => self.fail(id, &error.to_string(), &[]),
        }
    }

    /// Why it is not even tried.
    fn obstacle(&self, stage: &Stage) -> Option<String> {
        if let Some(path) = self.changed_input(stage) {
            return Some(format!("its input {path} has changed since the run began; run again"));
        }
        let Work::Download(work) = &stage.work else { return None };
        let source = &work.file.source;
        let reachable = !self.engine.options.offline || source.is_local() || xlt_fetch::may_be_here(source);
        (!reachable).then(|| {
            format!("{source} is missing or damaged in the cache, and `--offline` forbids to fetch it again; run without `--offline`")
        })
    }

    fn started(&mut self, id: StageId, key: Option<Key>, worker: WorkerId) {
        let stage = self.plan.stage(id);
        let place = Place { worker, key: key.unwrap_or_else(|| provisional(stage)), spent: Spent::default() };
        self.places.insert(id, place);
        if !self.waited.contains(&id) {
            self.observer.event(&RunEvent::Started { stage, key });
        }
    }
}
