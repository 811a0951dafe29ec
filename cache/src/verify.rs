//! Reading everything again: which objects are damaged, and which records have lost their outputs.

use crate::error::CacheError;
use crate::layout::Cache;
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
    /// Objects that were damaged; they are in quarantine now.
    pub damaged: Vec<Digest>,
    /// Records that can be believed.
    pub records: u64,
    /// Records that could not; they are in quarantine now.
    pub bad_records: u64,
    /// Records whose outputs are not all there: their stages run again when their outputs are needed.
    pub incomplete: Vec<Incomplete>,
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
    /// Reads and hashes every object, moves the damaged ones away, and lists the records that lack outputs.
    ///
    /// # Errors
    /// Where something cannot be read at all or moved.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport, CacheError> {
        let mut report = VerifyReport::default();
        let intact = self.verify_objects(&mut report, progress)?;
        self.verify_records(&mut report, &intact)?;
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
                Check::Damaged => {
                    self.quarantine(&digest)?;
                    report.damaged.push(digest);
                }
            }
            now.done.add(bytes);
            progress(now);
        }
        Ok(intact)
    }

    fn verify_records(&self, report: &mut VerifyReport, intact: &BTreeSet<Digest>) -> Result<(), CacheError> {
        let before = self.usage()?.records.count;
        for record in self.records()? {
            let (record, _) = record?;
            report.records += 1;
            // Objects of a run that is on may be newer than the list.
            let gone = |digest| !intact.contains(digest) && !self.object_path(digest).exists();
            let gone = record.outputs.iter().filter(|output| gone(&output.digest));
            let outputs: Vec<String> = gone.map(|output| output.name.clone()).collect();
            if !outputs.is_empty() {
                report.incomplete.push(Incomplete { key: record.key, stage: record.stage, outputs });
            }
        }
        report.bad_records = before.saturating_sub(report.records);
        Ok(())
    }
}
