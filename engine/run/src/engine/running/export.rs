//! From artifacts to the results folder.

use super::Run;
use crate::error::RunError;
use crate::observe::RunEvent;
use crate::workplace::{self, Workplace};
use std::path::PathBuf;
use xlt_cache::CacheError;
use xlt_core::key::Digest;
use xlt_core::plan::{Facts, StageId};

/// A result that is to be written.
struct Due {
    stage: StageId,
    digest: Digest,
    target: PathBuf,
}

impl Run<'_> {
    /// Writes the results of finished stages that are not there yet, or no longer what they were. Says whether an artifact was
    /// found damaged; it has been set aside then.
    pub(super) fn export(&mut self) -> Result<bool, RunError> {
        let due = self.due();
        if due.is_empty() {
            workplace::sweep(&self.world.results);
            return Ok(false);
        }
        let way = self.way()?;
        let mut damaged = false;
        for result in due {
            damaged |= !self.copy_out(&way, &result)?;
        }
        Ok(damaged)
    }

    fn due(&self) -> Vec<Due> {
        let due = self.plan.exports.iter().filter_map(|export| {
            let digest = self.scheduler.outputs(export.stage)?.get(usize::from(export.output))?.digest;
            let target = self.world.result(&export.path);
            (!self.world.exported(&export.path, &digest)).then_some(Due { stage: export.stage, digest, target })
        });
        due.collect()
    }

    /// Where results are copied to before they are moved to their places.
    fn way(&self) -> Result<Workplace, RunError> {
        let folder = &self.world.results;
        Workplace::make(folder).map_err(|source| RunError::Results { folder: folder.clone(), source })
    }

    /// Whether the artifact was there, and whole.
    fn copy_out(&mut self, way: &Workplace, Due { stage, digest, target }: &Due) -> Result<bool, RunError> {
        let what = match self.world.cache.export_by_way_of(way.path(), digest, target) {
            Ok(()) => {
                self.observer.event(&RunEvent::Exported { path: target });
                return Ok(true);
            }
            Err(CacheError::Damaged { digest, .. }) => {
                self.world.cache.quarantine(&digest)?;
                "a result was damaged in the cache, and was set aside"
            }
            Err(CacheError::Missing { .. }) => "a result is no longer in the cache",
            Err(error) => return Err(error.into()),
        };
        self.observer.event(&RunEvent::Damaged { stage: self.plan.stage(*stage), what });
        Ok(false)
    }
}
