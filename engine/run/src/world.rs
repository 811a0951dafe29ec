//! The world as a plan sees it: the ledger, the store, the lock file, the results folder.

use crate::error::RunError;
use crate::lockfile::LockFile;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xlt_cache::{Cache, CacheError, Check, Ledger};
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{Facts, InputSource, KnownOutputs, Pin, Plan, Stage, StageId};
use xlt_core::record::Output;
use xlt_core::spec::{Source, nearest};

/// What to say of a file that is not there: a language that data lack is seen by the names beside it.
fn missing(file: &Path) -> String {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let wanted = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(close) => format!("there is no such file; beside it is {close}"),
        None => "there is no such file".to_owned(),
    }
}

/// Everything outside that a plan may ask about.
#[derive(Debug)]
pub struct World {
    /// The store.
    pub cache: Cache,
    /// Its index on this host.
    pub ledger: Ledger,
    /// The lock file.
    pub lock: LockFile,
    /// Where results go.
    pub results: PathBuf,
    /// Name of the study.
    pub study: String,
    /// Results folders that are known to be there, so that a missing one costs one look.
    folders: RefCell<BTreeMap<PathBuf, bool>>,
}

impl World {
    /// Puts a world together.
    #[must_use]
    pub fn new(cache: Cache, ledger: Ledger, lock: LockFile, results: PathBuf, study: String) -> Self {
        Self { cache, ledger, lock, results, study, folders: RefCell::default() }
    }

    /// Path of a result.
    #[must_use]
    pub fn result(&self, path: &str) -> PathBuf {
        self.results.join(path)
    }

    /// An artifact that is text, read and checked.
    ///
    /// # Errors
    /// Where it is gone or damaged.
    pub fn read_text(&self, digest: &Digest) -> Result<String, RunError> {
        let path = self.cache.object_path(digest);
        let gone = || CacheError::Missing { digest: *digest, path: self.cache.root().to_owned() };
        let damaged = || CacheError::Damaged { digest: *digest, path: self.cache.root().to_owned() };
        let bytes = std::fs::read(&path).map_err(|_| gone())?;
        if Digest::of(&bytes) != *digest {
            return Err(damaged().into());
        }
        Ok(String::from_utf8(bytes).map_err(|_| damaged())?)
    }

    /// Where the artifacts lie that a stage reads, in the order of its inputs, each looked at whether it is whole.
    ///
    /// # Errors
    /// A sentence: one that is not made yet, is gone, or is damaged.
    pub fn artifacts(&self, plan: &Plan, stage: &Stage) -> Result<Vec<PathBuf>, String> {
        stage.producers().map(|(id, output)| self.artifact(plan, id, output)).collect()
    }

    fn artifact(&self, plan: &Plan, id: StageId, output: u16) -> Result<PathBuf, String> {
        let name = &plan.stage(id).name;
        let Some(digest) = plan.output(InputSource::Stage(id, output)) else {
            return Err(format!("{name} has not been run as the spec stands"));
        };
        let known = self.ledger.object_fingerprint(&digest);
        match self.cache.check(&digest, known.as_ref()).map_err(|error| format!("failed to {error}"))? {
            Check::Intact(print) => {
                self.ledger.set_object_fingerprint(&digest, print);
                Ok(self.cache.object_path(&digest))
            }
            Check::Missing => Err(format!("what {name} made is no longer in the cache")),
            Check::Damaged => Err(format!("what {name} made is damaged in the cache")),
        }
    }

    /// Log of the stage in the last run, where it failed then.
    #[must_use]
    pub fn last_log(&self, stage: &str) -> Option<PathBuf> {
        let run = self.ledger.last_run(&self.study).ok()??;
        let stages = self.ledger.stage_runs(run.id).ok()?;
        stages.into_iter().find(|other| other.stage == stage)?.log
    }

    fn has_folder(&self, path: &Path) -> bool {
        let Some(folder) = path.parent() else { return false };
        *self.folders.borrow_mut().entry(folder.to_owned()).or_insert_with(|| folder.is_dir())
    }
}

impl Facts for World {
    fn local(&self, path: &str) -> Result<Digest, String> {
        let file = Path::new(path);
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(missing(file));
            }
            Ok(found) if found.is_dir() => return Err("it is a folder; an input is a file".to_owned()),
            Ok(_) | Err(_) => {}
        }
        self.ledger.file_digest(file).map_err(|error| error.to_string())
    }

    fn pin(&self, source: &Source) -> Option<Pin> {
        self.lock.get(source).cloned()
    }

    fn record(&self, key: &Key) -> Option<Vec<Output>> {
        self.ledger.lookup(key)
    }

    fn present(&self, digest: &Digest) -> bool {
        self.cache.has(digest)
    }

    fn exported(&self, path: &str, digest: &Digest) -> bool {
        let path = self.result(path);
        if !self.has_folder(&path) {
            return false;
        }
        if path.is_dir() {
            return xlt_cache::digest_path(&path).is_ok_and(|found| found.digest == *digest);
        }
        self.ledger.file_digest(&path).is_ok_and(|found| found == *digest)
    }

    fn last_manifest(&self, stage: &str) -> Option<String> {
        let key = self.ledger.last_of(&self.study, stage)?;
        Some(self.cache.read_record(&key).ok()??.manifest)
    }

    fn post_hoc(&self, claim: &Digest) -> Option<bool> {
        self.lock.claim(claim).map(|claim| claim.post_hoc)
    }
}
