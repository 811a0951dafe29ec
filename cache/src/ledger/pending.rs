//! What the ledger is to be told, until it is.

use super::outputs;
use super::runs::{RunCounts, RunId, StageRun};
use crate::fingerprint::{Fingerprint, unix_nanoseconds};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;
use xlt_core::key::{Digest, Key};
use xlt_core::record::Record;

/// Written by `flush`. Lookups see it before that.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) records: BTreeMap<Key, Row>,
    pub(super) removed: BTreeSet<Key>,
    pub(super) used: BTreeSet<Key>,
    pub(super) objects: BTreeMap<Digest, Fingerprint>,
    pub(super) files: BTreeMap<PathBuf, (Fingerprint, Digest)>,
    pub(super) started: Vec<(RunId, String, String)>,
    pub(super) finished: Vec<(RunId, i64, RunCounts)>,
    pub(super) stages: Vec<(RunId, StageRun)>,
    pub(super) rates: Vec<(&'static str, f64, i64)>,
}

/// A record as the ledger keeps it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) outputs: Vec<u8>,
    pub(super) study: String,
    pub(super) stage: String,
    pub(super) written: i64,
}

impl Row {
    pub(super) fn of(record: &Record, written: SystemTime) -> Self {
        Self {
            outputs: outputs::encode(&record.outputs),
            study: record.study.clone(),
            stage: record.stage.clone(),
            written: unix_nanoseconds(written),
        }
    }
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        let Self { records, removed, used, objects, files, started, finished, stages, rates } = self;
        records.is_empty()
            && removed.is_empty()
            && used.is_empty()
            && objects.is_empty()
            && files.is_empty()
            && started.is_empty()
            && finished.is_empty()
            && stages.is_empty()
            && rates.is_empty()
    }
}
