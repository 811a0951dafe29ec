//! From finished work to its record: what must still be so for the outputs to be kept, and what is noted of them.

use super::Run;
use crate::engine::place::Spent;
use crate::observe::RunEvent;
use crate::protocol::{Done, Made};
use std::path::Path;
use xlt_core::key::Key;
use xlt_core::plan::{Input, InputSource, KnownOutputs, Stage, StageId, Work};
use xlt_core::record::{Output, Record};
use xlt_core::schedule::Event;

impl Run<'_> {
    /// The work of a stage is done and its outputs are in the store: pins the file, and has the record written.
    pub(super) fn worked(&mut self, id: StageId, done: Done) {
        if self.scheduler.awaits(id) {
            self.early.insert(id, done);
            return self.step(Event::Busy { stage: id });
        }
        let pinned = match self.checked(self.plan.stage(id), &done) {
            Ok(pinned) => pinned,
            Err(why) => return self.fail(id, &why, &[]),
        };
        match self.key_now(id, &pinned) {
            Some(key) => self.keep(id, key, &pinned, done),
            None => self.do_again(id),
        }
    }

    /// The stage as it ran, with the pin of what was fetched; or why its outputs are not kept.
    fn checked(&mut self, stage: &Stage, done: &Done) -> Result<Stage, String> {
        if let Some(path) = self.changed_input(stage) {
            return Err(format!("its input {path} changed while it ran, so its outputs were not kept; run again"));
        }
        self.check_copy(stage, done)?;
        self.pin(stage, done)
    }

    /// Refuses the copy of a local file that is not what the plan saw.
    fn check_copy(&self, stage: &Stage, done: &Done) -> Result<(), String> {
        let (Work::Download(_), [Input { source: InputSource::Local(local), .. }]) =
            (&stage.work, stage.inputs.as_slice())
        else {
            return Ok(());
        };
        let local = self.plan.local(*local);
        if done.outputs.first().is_some_and(|made| made.blake3 == local.digest.to_string()) {
            return Ok(());
        }
        // Or the ledger was wrong about it, and would be again.
        self.world.ledger.forget_file(Path::new(&local.path));
        Err(format!("{} changed while it was copied; run again", local.path))
    }

    /// Pins what was fetched, in the stage and in the lock file, where that says less of it.
    fn pin(&mut self, stage: &Stage, done: &Done) -> Result<Stage, String> {
        let mut pinned = stage.clone();
        if let (Work::Download(work), Some(pin)) = (&mut pinned.work, &done.fetched)
            && !work.file.source.is_local()
            && work.pin.as_ref().is_none_or(|known| known.commit.is_none() && pin.commit.is_some())
            && !(self.engine.options.locked && work.pin.is_some())
        {
            let declared = work.pin.replace(pin.clone()).is_some();
            let noted = self.world.lock.pin(&work.file.source, pin.clone(), declared);
            noted.map_err(|error| error.to_string())?;
        }
        Ok(pinned)
    }

    /// The key that the work belongs to. A remote file without a pin reads no stage, and gets its key only now. `None` where an
    /// artifact that the stage read has been made again with other bytes, or never will be: what it made belongs to no key.
    fn key_now(&self, id: StageId, pinned: &Stage) -> Option<Key> {
        let begun = self.scheduler.key(id);
        self.plan.key(pinned, &self.scheduler).filter(|key| begun.is_none_or(|begun| begun == *key))
    }

    fn do_again(&mut self, id: StageId) {
        self.release(id);
        self.busy.push(id);
        self.step(Event::Busy { stage: id });
    }

    fn keep(&mut self, id: StageId, key: Key, pinned: &Stage, done: Done) {
        if let Some(place) = self.places.get_mut(&id) {
            let Done { seconds, cost, peak_bytes, .. } = done;
            place.spent = Spent { seconds, peak_bytes, cost, ..place.spent };
        }
        for made in &done.outputs {
            if let (Ok(digest), Some(print)) = (made.blake3.parse(), made.fingerprint) {
                self.world.ledger.set_object_fingerprint(&digest, print);
            }
        }
        let record = Record {
            key,
            stage: pinned.name.clone(),
            study: self.plan.study.clone(),
            outputs: outputs(pinned, done.outputs),
            kernel_class: done.kernel_class,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: self.plan.manifest(pinned, &self.scheduler),
        };
        self.committer.record(id, record);
        self.step(Event::Worked { stage: id });
    }

    /// The record is written, or cannot be.
    pub(super) fn committed(&mut self, id: StageId, result: Result<Box<Record>, String>) {
        match result {
            Ok(record) => self.recorded(id, *record),
            Err(why) => self.fail(id, &format!("its outputs cannot be recorded: failed to {why}"), &[]),
        }
    }

    fn recorded(&mut self, id: StageId, record: Record) {
        let stage = self.plan.stage(id);
        let spent = self.places.get(&id).map(|place| place.spent);
        let (cache, ledger) = (&self.world.cache, &self.world.ledger);
        ledger.insert(&record);
        self.diary.ran(ledger, stage, record.key, spent.unwrap_or_default());
        let model = stage.model().and_then(|model| self.scheduler.output(model));
        if let (Some(model), Some(spent)) = (model, spent) {
            self.diary.computed(cache, ledger, stage, model, spent);
        }
        self.forget_attempts(id);
        self.release(id);
        let Spent { seconds, cost, .. } = spent.unwrap_or_default();
        self.observer.event(&RunEvent::Finished { stage, ran: true, seconds, cost });
        self.step(Event::Done { stage: id, outputs: record.outputs, ran: true });
    }
}

/// What a stage made, by the names of its outputs.
pub(super) fn outputs(stage: &Stage, made: Vec<Made>) -> Vec<Output> {
    let outputs = stage.outputs().zip(made).filter_map(|(name, Made { blake3, size, folder, .. })| {
        Some(Output { name: name.to_owned(), digest: blake3.parse().ok()?, size, folder })
    });
    outputs.collect()
}
