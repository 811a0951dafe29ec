//! The worker's side: a process that takes jobs on its standard input and answers on its standard output.
//!
//! It holds the lock of every stage that it worked on until the engine says that the stage is recorded. When its input ends it ends
//! too, at once, with everything that it started: they share its process group.

#[cfg(feature = "llama")]
mod adopt;
mod analyze;
mod attempt;
mod command;
mod download;
#[cfg(feature = "llama")]
mod evaluate;
#[cfg(feature = "llama")]
mod fertility;
#[cfg(feature = "llama")]
mod finetune;
mod folder;
mod import;
#[cfg(feature = "llama")]
mod llama;
#[cfg(feature = "llama")]
mod loaded;
mod log;
#[cfg(feature = "llama")]
mod merge;
#[cfg(feature = "llama")]
mod offload;
#[cfg(feature = "llama")]
mod quantize;
#[cfg(feature = "llama")]
mod rows;

use crate::protocol::{Done, Job, JobInput, JobWork, Learning, Made, Reply, Request, Unit};
use crate::shortage;
use crate::workplace::remove;
use attempt::Attempt;
use folder::Folders;
use log::Log;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use xlt_cache::{Cache, CacheError, Check, StageLock};
use xlt_core::batch::Cost;
use xlt_core::key::{Digest, Key};
use xlt_core::plan::Pin;

/// What a job made, before it is in the store.
#[derive(Default)]
struct Product {
    /// Paths of the outputs in the private folder, in the order of the stage's outputs.
    outputs: Vec<PathBuf>,
    fetched: Option<Pin>,
    /// BLAKE3 of files that were hashed while they arrived.
    hashed: BTreeMap<PathBuf, Digest>,
    kernel_class: Option<String>,
    /// Tokens, where a model read some.
    cost: Option<Cost>,
}

/// Why a job made nothing.
enum Trouble {
    Failed { message: String, tail: Vec<String> },
    Stopped,
}

impl Trouble {
    fn new(message: impl ToString) -> Self {
        Self::Failed { message: shortage::advised(message.to_string()), tail: Vec::new() }
    }
}

/// What a job has at hand.
struct Desk<'a> {
    job: &'a Job,
    /// Paths of the inputs, in the order of the job's.
    inputs: &'a [PathBuf],
    /// Private folder.
    folder: &'a Path,
    /// Folder of the stage, which survives a kill. It need not be there.
    partial: &'a Path,
    log: &'a Log,
    worker: &'a Worker,
}

/// What a worker keeps from job to job.
struct Worker {
    cache: Cache,
    locks: Arc<Mutex<BTreeMap<String, StageLock>>>,
    stop: Arc<AtomicBool>,
    last_progress: Mutex<Option<Instant>>,
    folders: RefCell<Folders>,
    open_log: log::Open,
    #[cfg(feature = "llama")]
    llama: RefCell<loaded::Loaded>,
}

/// From now on this process, and each that it starts, may have at most so many bytes in memory of its own. Weights, which are mapped
/// files, do not count (RLIMIT_DATA of setrlimit(2), which systems other than Linux may not heed).
pub fn bound_memory(bytes: u64) {
    let now = getrlimit(Resource::Data);
    // A limit that is tighter already stays: to raise one is not allowed.
    let tighter = |limit: Option<u64>| Some(limit.map_or(bytes, |limit| limit.min(bytes)));
    let _ = setrlimit(Resource::Data, Rlimit { current: tighter(now.current), maximum: tighter(now.maximum) });
}

/// Serves jobs until standard input ends, working in `folder`.
///
/// # Errors
/// Where the cache cannot be opened.
pub fn serve(cache: &Path, folder: &Path) -> Result<(), CacheError> {
    folder::adopt_orphans();
    let cache = Cache::open(cache)?;
    let locks = Arc::new(Mutex::new(BTreeMap::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, jobs) = channel();
    {
        let (locks, stop) = (Arc::clone(&locks), Arc::clone(&stop));
        std::thread::spawn(move || listen(&sender, &locks, &stop));
    }
    let worker = Worker {
        cache,
        locks,
        stop,
        last_progress: Mutex::new(None),
        folders: RefCell::new(Folders::new(folder.to_owned())),
        open_log: log::Open::default(),
        #[cfg(feature = "llama")]
        llama: RefCell::default(),
    };
    log::keep_small(&worker.open_log);
    for job in jobs {
        let reply = worker.serve(&job);
        send(&reply);
    }
    Ok(())
}

/// Reads requests; at the end of the input ends the process and its group.
fn listen(jobs: &Sender<Box<Job>>, locks: &Mutex<BTreeMap<String, StageLock>>, stop: &AtomicBool) {
    for line in std::io::stdin().lock().lines() {
        match line.map(|line| serde_json::from_str(&line)) {
            Ok(Ok(Request::Job(job))) => {
                if jobs.send(job).is_err() {
                    break;
                }
            }
            Ok(Ok(Request::Release(key))) => {
                if let Ok(mut locks) = locks.lock() {
                    locks.remove(&key);
                }
            }
            Ok(Ok(Request::Stop)) => stop.store(true, Ordering::Relaxed),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::KILL);
    std::process::exit(0);
}

fn send(reply: &Reply) {
    let mut stdout = std::io::stdout().lock();
    if let Ok(mut line) = serde_json::to_vec(reply) {
        line.push(b'\n');
        // An engine that is gone has closed our input too; the listener ends us.
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}

impl Worker {
    fn serve(&self, job: &Job) -> Reply {
        let begun = Instant::now();
        let key: Key = match job.key.parse() {
            Ok(key) => key,
            Err(error) => return failed(format!("the engine sent a bad key: {error}")),
        };
        match self.cache.try_lock(&key) {
            Ok(Some(lock)) => {
                if let Ok(mut locks) = self.locks.lock() {
                    locks.insert(job.key.clone(), lock);
                }
            }
            Ok(None) => return Reply::Busy,
            Err(error) => return failed(format!("failed to {error}")),
        }
        if let Some(outputs) = self.already(job, &key) {
            return Reply::Already { outputs };
        }
        let attempt = job.ticket.as_ref().map(|ticket| Attempt::begin(&self.cache, key, ticket));
        let reply = self.attempt(job, &key, begun);
        if let Some(attempt) = attempt {
            attempt.end(&reply);
        }
        reply
    }

    /// Does a job whose lock is held.
    fn attempt(&self, job: &Job, key: &Key, begun: Instant) -> Reply {
        let inputs = match self.inputs(&job.inputs) {
            Ok(inputs) => inputs,
            Err(reply) => return *reply,
        };
        match self.work(job, key, &inputs) {
            Ok(mut done) => {
                done.seconds = begun.elapsed().as_secs_f64();
                // A program's own memory is not this process's.
                done.peak_bytes = if matches!(job.work, JobWork::Command { .. }) { None } else { peak_bytes() };
                Reply::Done(Box::new(done))
            }
            Err(Trouble::Stopped) => Reply::Stopped,
            Err(Trouble::Failed { message, tail }) => Reply::Failed { message, tail, leaves: runs_on() },
        }
    }

    /// Another engine may have made it while this one waited for the lock.
    fn already(&self, job: &Job, key: &Key) -> Option<Vec<Made>> {
        if !job.recorded {
            return None;
        }
        let record = self.cache.read_record(key).ok()??;
        let there = |digest: &Digest| matches!(self.cache.check(digest, None), Ok(Check::Intact(_)));
        let outputs = record.outputs.iter().map(|output| {
            let made =
                Made { blake3: output.digest.to_string(), size: output.size, folder: output.folder, fingerprint: None };
            there(&output.digest).then_some(made)
        });
        outputs.collect()
    }

    /// Every artifact that is read is looked at first; what is damaged is set aside.
    fn inputs(&self, inputs: &[JobInput]) -> Result<Vec<PathBuf>, Box<Reply>> {
        let path = |input: &JobInput| {
            if let Some(path) = &input.local {
                return Ok(path.clone());
            }
            let digest: Digest =
                input.blake3.parse().map_err(|error| Box::new(failed(format!("a bad digest: {error}"))))?;
            let damaged = |what: &str| Box::new(Reply::Damaged { blake3: input.blake3.clone(), what: what.to_owned() });
            match self.cache.check(&digest, input.known.as_ref()) {
                Ok(Check::Intact(_)) => Ok(self.cache.object_path(&digest)),
                Ok(Check::Missing) => Err(damaged("an artifact that it reads is no longer in the cache")),
                Ok(Check::Damaged) => match self.cache.quarantine(&digest) {
                    Ok(()) => Err(damaged("an artifact that it reads was damaged in the cache, and was set aside")),
                    Err(error) => Err(Box::new(failed(format!("failed to {error}")))),
                },
                Err(error) => Err(Box::new(failed(format!("failed to {error}")))),
            }
        };
        inputs.iter().map(path).collect()
    }

    fn work(&self, job: &Job, key: &Key, inputs: &[PathBuf]) -> Result<Done, Trouble> {
        let mut folders = self.folders.borrow_mut();
        let folder = folders.take().map_err(|error| Trouble::new(folder::sentence(self.cache.root(), &error)))?;
        let log = Log::open(&self.cache, key, &folders.spare_log()).map_err(Trouble::new)?;
        self.has_open(Some(log.path.clone()));
        let partial = self.cache.partial(key);
        let desk = Desk { job, inputs, folder: &folder, partial: &partial, log: &log, worker: self };
        let done = self.product(&desk).and_then(|product| self.ingest(product));
        if done.is_ok() {
            // There is one only where the stage left something there to resume from.
            remove(&partial);
        }
        if let Err(Trouble::Failed { message, .. }) = &done {
            log.say(message);
        }
        let alone = folder::nothing_lives_on();
        self.has_open(None);
        log.close(alone.then(|| folders.spare_log()).as_deref());
        folders.give_back(folder, alone);
        done
    }

    fn has_open(&self, log: Option<PathBuf>) {
        if let Ok(mut open) = self.open_log.lock() {
            *open = log;
        }
    }

    fn product(&self, desk: &Desk<'_>) -> Result<Product, Trouble> {
        match &desk.job.work {
            JobWork::Command { program, args, env, outputs } => command::run(desk, program, args, env, outputs),
            JobWork::Download { source, pin, size, many } => download::run(desk, source, pin.as_ref(), *size, *many),
            JobWork::Import(work) => import::run(desk, work),
            JobWork::Analyze { work, origins } => analyze::run(desk, work, origins),
            #[cfg(feature = "llama")]
            JobWork::Evaluate { work, companions } => evaluate::run(desk, work, companions),
            #[cfg(feature = "llama")]
            JobWork::Quantize { to, requantize } => quantize::run(desk, to, *requantize),
            #[cfg(feature = "llama")]
            JobWork::Rows(work) => rows::run(desk, work),
            #[cfg(feature = "llama")]
            JobWork::Finetune(work) => finetune::run(desk, work),
            #[cfg(feature = "llama")]
            JobWork::Adopt(work) => adopt::run(desk, work),
            #[cfg(feature = "llama")]
            JobWork::Merge => merge::run(desk),
            #[cfg(feature = "llama")]
            JobWork::Fertility(work) => fertility::run(desk, work),
            #[cfg(feature = "llama")]
            JobWork::Probe(work) => evaluate::probe(desk, work),
            #[cfg(not(feature = "llama"))]
            JobWork::Evaluate { .. }
            | JobWork::Quantize { .. }
            | JobWork::Rows(_)
            | JobWork::Finetune(_)
            | JobWork::Adopt(_)
            | JobWork::Merge
            | JobWork::Fertility(_)
            | JobWork::Probe(_) => Err(Trouble::new("this xlt was built without llama.cpp")),
        }
    }

    fn ingest(&self, product: Product) -> Result<Done, Trouble> {
        let ingest = |path: &PathBuf| {
            let ingested = self
                .cache
                .ingest_hashed(path, &product.hashed)
                .map_err(|error| Trouble::new(format!("failed to {error}")))?;
            Ok(Made {
                blake3: ingested.digest.to_string(),
                size: ingested.size,
                folder: ingested.folder,
                fingerprint: Some(ingested.fingerprint),
            })
        };
        Ok(Done {
            outputs: product.outputs.iter().map(ingest).collect::<Result<_, Trouble>>()?,
            fetched: product.fetched,
            kernel_class: product.kernel_class,
            cost: product.cost,
            seconds: 0.0,
            peak_bytes: None,
        })
    }

    /// Tells the engine how far the job is, at most ten times a second.
    fn progress(&self, done: u64, total: Option<u64>, unit: Unit) {
        self.say(done, total, unit, None);
    }

    /// The same of a training: after which it says how well it goes.
    #[cfg(feature = "llama")]
    fn trained(&self, done: u64, total: u64, learning: Option<Learning>) {
        self.say(done, Some(total), Unit::Steps, learning);
    }

    fn say(&self, done: u64, total: Option<u64>, unit: Unit, learning: Option<Learning>) {
        let Ok(mut last) = self.last_progress.lock() else { return };
        if last.is_none_or(|last| last.elapsed() >= Duration::from_millis(100)) {
            *last = Some(Instant::now());
            send(&Reply::Progress { done, total, unit, learning });
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn failed(message: String) -> Reply {
    Reply::Failed { message, tail: Vec::new(), leaves: false }
}

/// Whether something runs on in this process that nobody waits for: the next stage would not have its core.
fn runs_on() -> bool {
    #[cfg(feature = "llama")]
    return crate::clock::runs_on();
    #[cfg(not(feature = "llama"))]
    false
}

/// Largest memory of this process so far, where the system says so.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
