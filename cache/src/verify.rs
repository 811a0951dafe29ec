//! Reading everything again: which objects and records are damaged, and which records have lost their outputs.
//!
//! To look changes nothing, so that a cache can be verified that is read-only, or in use. To repair is to set aside what is damaged:
//! from then on it counts as missing, and whatever a run needs of it is made again.

use crate::error::CacheError;
use crate::layout::{Cache, RECORDS};
use crate::objects::Check;
use crate::tree;
use crate::usage::{Tally, size};
use std::collections::BTreeSet;
use xlt_core::key::{Digest, Key};

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Objects read.
    pub done: Tally,
    /// All objects.
    pub total: Tally,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Objects that are whole.
    pub intact: Tally,
    /// Objects that are damaged, or were; what was repaired is in quarantine now.
    pub damaged: Vec<Damaged>,
    /// Records that can be believed.
    pub records: u64,
    /// Keys of the records that cannot; what was repaired is in quarantine now.
    pub bad_records: Vec<Key>,
    /// Records whose outputs are not all there: their stages run again when their outputs are needed.
    pub incomplete: Vec<Incomplete>,
}

/// An object whose bytes are not those of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its name.
    pub digest: Digest,
    /// Stages that made it, as `stage.output`.
    pub made_by: Vec<String>,
}

/// A record that has lost outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// Its key.
    pub key: Key,
    /// The stage's name.
    pub stage: String,
    /// Names of the outputs that are gone.
    pub outputs: Vec<String>,
}

impl Cache {
    /// Reads and hashes every object and record, and lists the records that lack outputs. With `repair`, moves damaged ones away.
    ///
    /// # Errors
    /// Where something cannot be read at all or moved.
    pub fn verify(&self, repair: bool, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport, CacheError> {
        let mut report = VerifyReport::default();
        let intact = self.verify_objects(&mut report, progress)?;
        self.verify_records(&mut report, &intact)?;
        if repair {
            report.damaged.iter().try_for_each(|damaged| self.quarantine(&damaged.digest))?;
            report.bad_records.iter().try_for_each(|key| self.quarantine_record(key))?;
        }
        Ok(report)
    }

    fn verify_objects(
        &self,
        report: &mut VerifyReport,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<BTreeSet<Digest>, CacheError> {
        let members = tree::members(&self.folder("objects"))?;
        let objects: Vec<(Digest, u64)> =
            members.iter().filter_map(|(name, path)| Some((name.parse().ok()?, size(path)))).collect();
        let mut now = VerifyProgress { done: Tally::default(), total: Tally::default() };
        objects.iter().for_each(|(_, bytes)| now.total.add(*bytes));
        let mut intact = BTreeSet::new();
        for (digest, bytes) in objects {
            match self.check(&digest, None)? {
                Check::Missing => {}
                Check::Intact(_) => {
                    report.intact.add(bytes);
                    intact.insert(digest);
                }
                Check::Damaged => report.damaged.push(Damaged { digest, made_by: Vec::new() }),
            }
            now.done.add(bytes);
            progress(now);
        }
        Ok(intact)
    }

    fn verify_records(&self, report: &mut VerifyReport, intact: &BTreeSet<Digest>) -> Result<(), CacheError> {
        let members = tree::members(&self.folder("records").join(RECORDS))?;
        for key in members.iter().filter_map(|(name, _)| name.parse::<Key>().ok()) {
            let record = match self.parse_record(&key)? {
                None => continue,
                Some(Err(_)) => {
                    report.bad_records.push(key);
                    continue;
                }
                Some(Ok((record, _))) => record,
            };
            report.records += 1;
            let mut gone = Vec::new();
            for output in &record.outputs {
                if let Some(damaged) = report.damaged.iter_mut().find(|damaged| damaged.digest == output.digest) {
                    damaged.made_by.push(format!("{}.{}", record.stage, output.name));
                } else if !intact.contains(&output.digest) && !self.has(&output.digest) {
                    // Objects of a run that is on may be newer than the list.
                    gone.push(output.name.clone());
                }
            }
            if !gone.is_empty() {
                report.incomplete.push(Incomplete { key, stage: record.stage, outputs: gone });
            }
        }
        Ok(())
    }
}
