//! The worker processes of a run.
//!
//! Each worker leads a process group of its own: what it starts belongs to it and ends with it, and the terminal's Ctrl-C
//! reaches the engine alone.

use crate::engine::Message;
use crate::error::RunError;
use crate::gpus::Gpus;
use crate::protocol::{Job, Reply, Request};
use crate::shortage;
use crate::threads::patience;
use crate::workplace::{self, Workplace};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use xlt_cache::Cache;
use xlt_core::key::Digest;
use xlt_core::plan::StageId;
use xlt_core::schedule::{Gpu, Share};

/// Number of the next worker. Of the whole process: what is still heard of the workers of one pass must not be taken for the next's.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Number of a worker; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WorkerId(u32);

/// Lines of a worker's standard error that are kept.
const TAIL: usize = 40;
/// How long what a dead worker has said is waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Bytes of such a line that are kept: what a model's file says of itself may be on it.
const LONGEST_LINE: u64 = 1 << 16;
/// Bytes of the longest reply that is waited for. The longest in use name the outputs of a stage.
const LONGEST_REPLY: u64 = 1 << 24;

/// The workers.
pub(crate) struct Pool {
    program: PathBuf,
    cache: Cache,
    /// Whether workers may not ask the network.
    offline: bool,
    /// Bytes that each process of a worker may have in memory of its own.
    memory: Option<u64>,
    /// Those of this machine.
    gpus: Gpus,
    /// Made with the first worker.
    workplace: Option<Workplace>,
    engine: Sender<Message>,
    workers: BTreeMap<WorkerId, Worker>,
}

struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    job: Option<StageId>,
    /// The model that it has loaded.
    model: Option<Digest>,
    /// The GPUs that it sees, with what its model may take of them.
    gpus: Vec<Share>,
    /// Jobs of which it still holds the lock.
    locks: usize,
    stderr: Arc<Mutex<VecDeque<String>>>,
    /// Reads it until all who write have ended.
    listener: Option<JoinHandle<()>>,
}

impl Pool {
    /// A pool whose workers are `program worker`, on that cache.
    pub(crate) fn new(
        program: PathBuf,
        cache: Cache,
        offline: bool,
        memory: Option<u64>,
        gpus: Gpus,
        engine: Sender<Message>,
    ) -> Self {
        Self { program, cache, offline, memory, gpus, workplace: None, engine, workers: BTreeMap::new() }
    }

    /// Gives a job to an idle worker that sees these GPUs and no others; starts one if there is none. A job with a model goes to the
    /// worker that has it loaded, else to one that lets go of another, so that no more models are held than are worked with; a job
    /// without, best to one that has none. `None` where the room is taken by one that is done, but whose work is not recorded yet:
    /// that takes a moment.
    pub(crate) fn give(
        &mut self,
        stage: StageId,
        mut job: Job,
        model: Option<Digest>,
        gpus: &[Share],
    ) -> Result<Option<WorkerId>, RunError> {
        let same = |worker: &Worker| worker.gpus.iter().map(|it| it.gpu).eq(gpus.iter().map(|it| it.gpu));
        let idle = |worker: &Worker| worker.is_idle() && same(worker);
        let rank = |worker: &Worker| match (worker.model == model, worker.model.is_some()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let found = self.workers.iter().filter(|(_, worker)| idle(worker)).min_by_key(|(_, worker)| rank(worker));
        let found = found.map(|(&id, _)| id);
        if !self.make_room(found, gpus) {
            return Ok(None);
        }
        let visible = self.gpus.visible(gpus, |name| std::env::var(name).ok());
        let id = match found {
            Some(id) => id,
            None => self.start(&visible.env)?,
        };
        job.gpus = visible.shares;
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.job = Some(stage);
            worker.model = model.or(worker.model);
            worker.gpus = gpus.to_vec();
            worker.locks += 1;
            worker.send(&Request::Job(Box::new(job)));
        }
        Ok(Some(id))
    }

    /// Ends idle workers whose models take the room on these GPUs. Says whether it could.
    fn make_room(&mut self, found: Option<WorkerId>, gpus: &[Share]) -> bool {
        let others = self.workers.iter().filter(|(id, _)| Some(**id) != found);
        let held: Vec<_> = others.map(|(&id, worker)| (id, worker.is_idle(), worker.gpus.as_slice())).collect();
        let in_the_way = in_the_way(&held, gpus, &self.gpus.shared());
        // With a worker its locks go: another engine would do again what is not recorded yet.
        let free = in_the_way.iter().all(|id| self.workers.get(id).is_none_or(|worker| worker.locks == 0));
        if free {
            in_the_way.into_iter().for_each(|id| _ = self.bury(id));
        }
        free
    }

    /// The job of a worker has ended; the worker is idle again.
    pub(crate) fn finished(&mut self, id: WorkerId) -> Option<StageId> {
        self.workers.get_mut(&id)?.job.take()
    }

    /// The job that a worker has.
    pub(crate) fn job(&self, id: WorkerId) -> Option<StageId> {
        self.workers.get(&id)?.job
    }

    /// A worker gets no more jobs; the end of its input ends it.
    pub(crate) fn retire(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.stdin = None;
        }
    }

    /// Tells a worker something.
    pub(crate) fn send(&mut self, id: WorkerId, request: &Request) {
        if let Some(worker) = self.workers.get_mut(&id) {
            if let Request::Release(_) = request {
                worker.locks = worker.locks.saturating_sub(1);
            }
            worker.send(request);
        }
    }

    /// Tells every worker something.
    pub(crate) fn send_all(&mut self, request: &Request) {
        self.workers.values_mut().for_each(|worker| worker.send(request));
    }

    /// A worker's output has ended: it is gone, or as good as gone. Returns its job, how it ended and what to
    /// try, and its last words.
    pub(crate) fn bury(&mut self, id: WorkerId) -> Option<(Option<StageId>, String, Vec<String>)> {
        let mut worker = self.workers.remove(&id)?;
        worker.kill_group();
        let status = worker.child.wait();
        if let Some(workplace) = &self.workplace {
            workplace::remove(&workplace.of_worker(id.0));
        }
        let tail = worker.last_words();
        let gone = |error| format!("its worker process is gone ({error}); run again to go on");
        let death = status.map_or_else(gone, |status| death(status, &tail));
        Some((worker.job, death, tail))
    }

    /// The folder in which a worker works.
    fn folder(&mut self, id: WorkerId) -> Result<PathBuf, RunError> {
        let workplace = match self.workplace.take() {
            Some(workplace) => workplace,
            None => Workplace::make(&self.cache.partials())
                .map_err(|source| RunError::Workplace { folder: self.cache.partials(), source })?,
        };
        Ok(self.workplace.insert(workplace).of_worker(id.0))
    }

    fn start(&mut self, env: &[(&str, String)]) -> Result<WorkerId, RunError> {
        let id = WorkerId(NEXT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(&self.program);
        command.arg("worker").arg("--cache").arg(self.cache.root()).arg("--folder").arg(self.folder(id)?);
        if let Some(memory) = self.memory {
            command.arg("--memory").arg(memory.to_string());
        }
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(patience()).envs(env.iter().map(|(name, value)| (name, value)));
        if self.offline {
            command.env("XLT_OFFLINE", "1");
        }
        let mut child = command.spawn().map_err(|source| RunError::Spawn { program: self.program.clone(), source })?;
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stdout) = child.stdout.take() {
            let engine = self.engine.clone();
            std::thread::spawn(move || listen(id, stdout, &engine));
        }
        let listener = child.stderr.take().map(|pipe| {
            let lines = Arc::clone(&stderr);
            std::thread::spawn(move || keep_tail(pipe, &lines))
        });
        let stdin = child.stdin.take();
        self.workers
            .insert(id, Worker { child, stdin, job: None, model: None, gpus: Vec::new(), locks: 0, stderr, listener });
        Ok(id)
    }
}

/// What is left of the workers ends, with everything they started.
impl Drop for Pool {
    fn drop(&mut self) {
        for worker in self.workers.values_mut() {
            worker.kill_group();
            let _ = worker.child.wait();
        }
    }
}

/// Of workers, idle or not, and what they hold, the idle ones that must go for these shares to be free.
fn in_the_way(held: &[(WorkerId, bool, &[Share])], wanted: &[Share], gpus: &[Gpu]) -> Vec<WorkerId> {
    let mut going = Vec::new();
    for want in wanted {
        let here = |shares: &[Share]| shares.iter().find(|share| share.gpu == want.gpu).map(|share| share.memory);
        let memory = gpus.get(want.gpu as usize).map_or(0, |gpu| gpu.memory);
        let mut taken = want.memory;
        let staying = held.iter().filter(|(id, ..)| !going.contains(id));
        taken = staying.filter_map(|(_, _, shares)| here(shares)).fold(taken, u64::saturating_add);
        for (id, idle, shares) in held {
            let Some(bytes) = here(shares) else { continue };
            // On a GPU of unknown size, or one that is wanted whole, nobody else may stay.
            let crowded = taken > memory || want.memory == memory;
            if *idle && crowded && !going.contains(id) {
                taken = taken.saturating_sub(bytes);
                going.push(*id);
            }
        }
    }
    going
}

impl Worker {
    /// Whether it waits for a job.
    fn is_idle(&self) -> bool {
        self.job.is_none() && self.stdin.is_some()
    }

    fn send(&mut self, request: &Request) {
        let Some(stdin) = &mut self.stdin else { return };
        let sent = serde_json::to_vec(request).map_err(std::io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            stdin.write_all(&line)
        });
        if sent.is_err() {
            // It is gone; its listener will say so.
            self.stdin = None;
        }
    }

    /// Its last lines. It has ended, with its group; but something that has left the group may hold its standard error for ever.
    fn last_words(&mut self) -> Vec<String> {
        let begun = Instant::now();
        while self.listener.as_ref().is_some_and(|it| !it.is_finished()) && begun.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.stderr.lock().map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// Kills whatever is left of the worker's process group. The number cannot be another's: a group lives while a process of it
    /// does, and the worker itself stays in the process table until it is waited for.
    fn kill_group(&self) {
        if let Some(group) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn listen(id: WorkerId, stdout: impl std::io::Read, engine: &Sender<Message>) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without its end is the last word of a killed worker, and not to be believed.
        match reader.by_ref().take(LONGEST_REPLY).read_until(b'\n', &mut line) {
            Ok(count) if count > 0 && line.ends_with(b"\n") => {}
            Ok(_) | Err(_) => break,
        }
        // A worker that says something else has lost its footing; its stage fails, for to wait on would be for ever.
        let Ok(reply) = serde_json::from_slice::<Reply>(&line) else { break };
        if engine.send(Message::Worker(id, reply)).is_err() {
            return;
        }
    }
    let _ = engine.send(Message::WorkerGone(id));
}

fn keep_tail(pipe: impl std::io::Read, lines: &Mutex<VecDeque<String>>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line), Ok(count) if count > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if let Ok(mut lines) = lines.lock() {
            if lines.len() == TAIL {
                lines.pop_front();
            }
            lines.push_back(text);
        }
    }
}

/// How a worker ended, in words, and what to try.
fn death(status: ExitStatus, tail: &[String]) -> String {
    match status.signal() {
        Some(6) | None if tail.iter().any(|line| shortage::is_of_memory(line)) => {
            format!("its worker process ended for want of memory ({status}); its last words are below\n  {}", shortage::MEMORY_ADVICE)
        }
        Some(9) => "its worker process was killed (signal 9, SIGKILL)\n  if nobody did that, the machine ran out of memory: `--jobs 1` or a \
                    smaller model needs less; run again to go on"
            .to_owned(),
        Some(6) if tail.iter().any(|line| line.contains("cannot catch foreign exceptions")) => format!(
            "its worker process aborted (signal 6, SIGABRT): llama.cpp threw an exception, mostly for want of memory; its last \
             words are below\n  {}",
            shortage::MEMORY_ADVICE
        ),
        Some(6) => "its worker process aborted (signal 6, SIGABRT): it met something in a file that it cannot handle, as llama.cpp \
                    does with some models; its last words are below"
            .to_owned(),
        Some(signal) => format!("its worker process was killed by signal {signal}; run again to go on"),
        None => format!("its worker process ended unexpectedly ({status}); run again to go on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `held`: for each worker whether it is idle, and its shares, as (GPU, memory). Two GPUs of 10.
    #[track_caller]
    fn check(held: &[(bool, &[(u32, u64)])], wanted: &[(u32, u64)], expected: &[u32]) {
        let shares =
            |list: &[(u32, u64)]| -> Vec<Share> { list.iter().map(|&(gpu, memory)| Share { gpu, memory }).collect() };
        let lists: Vec<Vec<Share>> = held.iter().map(|(_, list)| shares(list)).collect();
        let workers = held.iter().zip(&lists).zip(0..);
        let workers: Vec<_> = workers.map(|(((idle, _), list), id)| (WorkerId(id), *idle, list.as_slice())).collect();
        let found = in_the_way(&workers, &shares(wanted), &[Gpu { memory: 10 }, Gpu { memory: 10 }]);
        assert_eq!(found, expected.iter().map(|&id| WorkerId(id)).collect::<Vec<_>>());
    }

    #[test]
    fn idle_workers_go_as_far_as_their_models_take_the_room() {
        check(&[(true, &[(0, 4)]), (true, &[(0, 4)])], &[(0, 2)], &[]);
        check(&[(true, &[(0, 4)]), (true, &[(0, 4)])], &[(0, 6)], &[0]);
        check(&[(true, &[(0, 4)]), (true, &[(0, 4)])], &[(0, 9)], &[0, 1]);
        check(&[(false, &[(0, 4)]), (true, &[(0, 4)])], &[(0, 6)], &[1]);
    }

    #[test]
    fn workers_on_other_gpus_stay_and_one_on_several_goes_once() {
        check(&[(true, &[(1, 10)])], &[(0, 10)], &[]);
        check(&[(true, &[]), (true, &[(0, 6), (1, 6)])], &[(0, 6), (1, 6)], &[1]);
        check(&[(true, &[(0, 6)]), (true, &[(0, 2), (1, 6)])], &[(0, 2), (1, 8)], &[1]);
    }

    #[test]
    fn a_gpu_that_is_wanted_whole_is_left_by_all_who_wait() {
        check(&[(true, &[(0, 0)])], &[(0, 10)], &[0]);
    }
}
