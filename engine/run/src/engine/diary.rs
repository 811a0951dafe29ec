//! What a run writes into the ledger: its stages, how fast models computed, and how it ended.

use super::every::Every;
use super::place::{Place, Spent};
use crate::rates;
use std::collections::BTreeMap;
use std::time::Duration;
use xlt_cache::{Cache, CacheError, Ledger, RunCounts, RunId, StageRun, Status};
use xlt_core::batch::Cost;
use xlt_core::cost::Dimensions;
use xlt_core::key::{Digest, Key};
use xlt_core::plan::Stage;
use xlt_core::schedule::Tally;

/// How often the ledger is written during a run, so that a long one neither holds it in memory nor loses it: after so long, or so many
/// stages.
const FLUSH: (Duration, u32) = (Duration::from_secs(60), 1000);

/// The diary of one run.
pub(super) struct Diary {
    run: RunId,
    flush: Every,
    /// Stages since the ledger was written.
    unwritten: u32,
    /// Tokens that models have read.
    pub(super) cost: Cost,
    /// Dimensions of the models that have computed: a header is read once.
    sizes: BTreeMap<Digest, Option<Dimensions>>,
}

impl Diary {
    pub(super) fn open(ledger: &Ledger, study: &str, host: &str) -> Self {
        let run = ledger.begin_run(study, host);
        Self { run, flush: Every::new(FLUSH.0), unwritten: 0, cost: Cost::default(), sizes: BTreeMap::new() }
    }

    /// A stage ran and is recorded.
    pub(super) fn ran(&mut self, ledger: &Ledger, stage: &Stage, key: Key, spent: Spent) {
        self.unwritten += 1;
        let Spent { seconds, peak_bytes, cost, .. } = spent;
        let (stage, status) = (stage.name.clone(), Status::Ok);
        ledger.stage_run(
            self.run,
            StageRun { stage, key: Some(key), status, seconds, cpu_seconds: None, peak_bytes, log: None },
        );
        self.cost.apart += cost.map_or(0, |cost| cost.apart);
        self.cost.decoded += cost.map_or(0, |cost| cost.decoded);
    }

    /// A stage failed. `place`: where it was worked on, if it came so far.
    pub(super) fn failed(
        &self,
        cache: &Cache,
        ledger: &Ledger,
        stage: &Stage,
        key: Option<Key>,
        place: Option<&Place>,
    ) {
        let (stage, status, seconds) = (stage.name.clone(), Status::Failed, 0.0);
        let peak_bytes = place.and_then(|place| place.spent.peak_bytes);
        let log = place.map(|place| cache.log_path(&place.key));
        ledger.stage_run(self.run, StageRun { stage, key, status, seconds, cpu_seconds: None, peak_bytes, log });
    }

    /// How fast a model computed in a stage, which later plans estimate from.
    pub(super) fn computed(&mut self, cache: &Cache, ledger: &Ledger, stage: &Stage, model: Digest, spent: Spent) {
        let read = || *self.sizes.entry(model).or_insert_with(|| rates::dimensions(&cache.object_path(&model)));
        if let Some((pace, rate)) = rates::rate(stage, read, spent.seconds, spent.cost, spent.learning) {
            ledger.computed(pace.name(), rate);
        }
    }

    /// Has the ledger written, if that was long ago.
    pub(super) fn keep(&mut self, ledger: &Ledger) {
        if self.flush.is_due() || self.unwritten >= FLUSH.1 {
            self.unwritten = 0;
            // What cannot be written stays noted; the end of the run tells.
            let _ = ledger.flush();
        }
    }

    /// The run is over.
    pub(super) fn close(self, ledger: &Ledger, tally: Tally) -> Result<(), CacheError> {
        let counts = RunCounts {
            ran: tally.ran as u64,
            cached: tally.cached as u64,
            failed: tally.failed as u64,
            skipped: tally.skipped as u64,
        };
        ledger.finish_run(self.run, counts);
        ledger.flush()
    }
}
