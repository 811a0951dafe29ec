//! A connection that brings one part after the other, and what all of them share.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::http::Uri;

use super::chunks::Chunk;
use super::{End, Task};
use crate::error::OnDisk;
use crate::exchange::{Exchange, Head};
use crate::http::{self, STEP_FORWARD};
use crate::origin::Origin;
use crate::retry::{Patience, Trouble, sleep};
use crate::{FetchError, Watch};

/// A connection that is refused so many times in a row leaves the rest to the others, if there are any: some servers allow
/// fewer at once.
const REFUSALS: u32 = 3;

/// What a connection tells.
pub(super) enum Event {
    /// A part is on disk up to this byte.
    Wrote { index: u64, to: u64 },
    /// A line for the log.
    Say(String),
    /// It goes on no more, nor should the others.
    Ended(End),
}

/// What all connections share.
pub(super) struct Line<'a> {
    task: &'a Task<'a>,
    file: (File, PathBuf),
    queue: Mutex<Queue>,
    origin: Mutex<Known>,
    /// Where redirects have led to: asked at once, until it refuses.
    target: Mutex<Option<Uri>>,
    pace: Mutex<Pace<'a>>,
    arrived: AtomicU64,
    stop: AtomicBool,
}

struct Queue {
    chunks: VecDeque<Chunk>,
    /// Connections that go on taking from it.
    alive: usize,
}

struct Known {
    origin: Origin,
    /// Whether it is known which version it is to be.
    fixed: bool,
}

struct Pace<'a> {
    patience: Patience<'a>,
    /// Grows with every failure, so that those who fail together count once.
    round: u64,
    /// Nobody asks before.
    until: Option<Instant>,
    /// Bytes that had arrived at the last failure.
    arrived: u64,
}

impl<'a> Line<'a> {
    pub(super) fn new(task: &'a Task<'a>, origin: Origin, file: (File, PathBuf), chunks: VecDeque<Chunk>) -> Self {
        let missing: u64 = chunks.iter().map(|chunk| chunk.end - chunk.at).sum();
        let fixed = origin.validator.is_some() || missing < task.total;
        let alive = task.settings.connections.clamp(1, chunks.len().max(1));
        let patience = Patience::new(task.url, task.settings);
        Self {
            task,
            file,
            queue: Mutex::new(Queue { chunks, alive }),
            origin: Mutex::new(Known { origin, fixed }),
            target: Mutex::default(),
            pace: Mutex::new(Pace { patience, round: 0, until: None, arrived: 0 }),
            arrived: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(super) fn connections(&self) -> usize {
        locked(&self.queue).alive
    }

    pub(super) fn total(&self) -> u64 {
        self.task.total
    }

    pub(super) fn knows_content(&self) -> bool {
        self.task.want.knows_content()
    }

    pub(super) fn origin(&self) -> Origin {
        locked(&self.origin).origin.clone()
    }

    /// Ends all connections soon.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits until what was written is on disk.
    pub(super) fn sync(&self) -> Result<(), FetchError> {
        self.file.0.sync_data().on_disk("write", &self.file.1)
    }

    /// The next part, for a connection that leaves where there is none.
    fn next(&self) -> Option<Chunk> {
        let mut queue = locked(&self.queue);
        let next = queue.chunks.pop_front();
        queue.alive -= usize::from(next.is_none());
        next
    }

    /// Gives a part back and leaves, unless nobody would be left.
    fn leave(&self, chunk: &Chunk) -> bool {
        let mut queue = locked(&self.queue);
        let others = queue.alive > 1;
        if others {
            queue.alive -= 1;
            queue.chunks.push_front(chunk.clone());
        }
        others
    }

    /// Whether an answer is the part of the file that was asked for; if not, why one connection has to do.
    fn fits(&self, head: &Head, chunk: &Chunk) -> Result<(), Stumble> {
        let Task { want, start, total, .. } = self.task;
        let (from, of) = head.header("content-range").and_then(http::parse_range).unwrap_or_default();
        if from != Some(chunk.at) || of != Some(*total) {
            return Err(Stumble::Alone("the server sent another part than asked for"));
        }
        let plain = head.header("content-encoding").is_none_or(|name| name.eq_ignore_ascii_case("identity"));
        if !plain || !want.knows_content() && http::is_web_page(start.path(), head) {
            return Err(Stumble::Alone("the server sent something else than the file"));
        }
        let mut known = locked(&self.origin);
        let theirs = http::validator(head);
        if !known.fixed {
            if theirs.is_none() && !want.knows_content() {
                return Err(Stumble::Alone("the server does not say which version of the file it sends"));
            }
            known.origin.validator = theirs;
            known.origin.save(want.folder).map_err(Trouble::from)?;
            known.fixed = true;
            return Ok(());
        }
        let same = match (&known.origin.validator, theirs) {
            (Some(ours), Some(theirs)) => *ours == theirs,
            (Some(_), None) | (None, _) => want.knows_content(),
        };
        if same { Ok(()) } else { Err(Stumble::Alone("the file has changed on the server")) }
    }
}

/// Why a try brought less than was asked for.
enum Stumble {
    Trouble(Trouble),
    Alone(&'static str),
}

impl<T: Into<Trouble>> From<T> for Stumble {
    fn from(trouble: T) -> Self {
        Self::Trouble(trouble.into())
    }
}

/// One connection.
pub(super) struct Connection<'a, 'l> {
    line: &'a Line<'l>,
    events: Sender<Event>,
}

impl Watch for Connection<'_, '_> {
    fn progress(&self, _: u64, _: Option<u64>) {}

    fn say(&self, line: &str) {
        self.tell(Event::Say(line.to_owned()));
    }

    fn stop(&self) -> bool {
        self.line.stop.load(Ordering::Relaxed)
    }
}

impl<'a, 'l> Connection<'a, 'l> {
    pub(super) fn new(line: &'a Line<'l>, events: Sender<Event>) -> Self {
        Self { line, events }
    }

    /// Brings parts until there are none.
    pub(super) fn work(&self) {
        if let Err(end) = self.bring_all() {
            self.tell(Event::Ended(end));
        }
    }

    fn tell(&self, event: Event) {
        // Whoever listens, listens until all have left.
        let _ = self.events.send(event);
    }

    fn bring_all(&self) -> Result<(), End> {
        let mut refused = 0;
        while let Some(mut chunk) = self.line.next() {
            while chunk.at < chunk.end {
                let (before, round) = (chunk.at, self.turn().map_err(End::Failed)?);
                let (why, wait) = match self.attempt(&mut chunk) {
                    Ok(()) => break,
                    Err(Stumble::Alone(why)) => return Err(End::Alone(why)),
                    Err(Stumble::Trouble(Trouble::Lasting(error))) => return Err(End::Failed(error)),
                    Err(Stumble::Trouble(Trouble::Passing { why, wait })) => (why, wait),
                };
                refused = if chunk.at > before { 0 } else { refused + 1 };
                if refused >= REFUSALS && self.line.leave(&chunk) {
                    return Ok(());
                }
                self.stumbled(why, wait, round).map_err(End::Failed)?;
            }
            refused = 0;
        }
        Ok(())
    }

    /// Waits until it may ask; says after how many failures that is.
    fn turn(&self) -> Result<u64, FetchError> {
        loop {
            let (round, until) = {
                let pace = locked(&self.line.pace);
                (pace.round, pace.until)
            };
            match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None | Some(Duration::ZERO) => return Ok(round),
                Some(left) => sleep(left, self)?,
            }
        }
    }

    /// Counts a failure, unless another one was counted since the try began.
    fn stumbled(&self, why: String, wait: Option<Duration>, round: u64) -> Result<(), FetchError> {
        let mut pace = locked(&self.line.pace);
        if pace.round != round {
            return Ok(());
        }
        let arrived = self.line.arrived.load(Ordering::Relaxed);
        if arrived >= pace.arrived + STEP_FORWARD {
            pace.patience.renew();
        }
        let pause = pace.patience.pause(why, wait, self)?;
        (pace.round, pace.arrived, pace.until) = (round + 1, arrived, Some(Instant::now() + pause));
        Ok(())
    }

    /// Asks for what is missing of a part, and writes what comes.
    fn attempt(&self, chunk: &mut Chunk) -> Result<(), Stumble> {
        let Task { url, settings, .. } = self.line.task;
        let answer = self.ask(chunk)?;
        match answer.head.status {
            206 => self.line.fits(&answer.head, chunk)?,
            200 => return Err(Stumble::Alone("the server does not send parts of the file")),
            416 => return Err(Stumble::Alone("what is here does not fit the file on the server")),
            status => return Err(http::refusal(url, status, &answer.head, settings).into()),
        }
        let asked = chunk.end - chunk.at;
        while chunk.at < chunk.end {
            let Some(bytes) = answer.next(self)? else {
                let got = asked - (chunk.end - chunk.at);
                return Err(Trouble::passing(format!("only {got} of the {asked} bytes of a part arrived")).into());
            };
            // Some servers send all that follows, whatever the end that was asked for.
            let own = bytes.len().min(usize::try_from(chunk.end - chunk.at).unwrap_or(usize::MAX));
            let (file, path) = &self.line.file;
            file.write_all_at(&bytes[..own], chunk.at).on_disk("write", path)?;
            chunk.at += own as u64;
            self.line.arrived.fetch_add(own as u64, Ordering::Relaxed);
            self.tell(Event::Wrote { index: chunk.index, to: chunk.at });
        }
        Ok(())
    }

    /// Sends the request to where the last one ended up, and from the start where that is refused: such addresses expire.
    fn ask(&self, chunk: &Chunk) -> Result<Exchange, Trouble> {
        let Task { url, start, server, settings, .. } = self.line.task;
        let mut headers = vec![
            ("accept-encoding", "identity".to_owned()),
            ("range", format!("bytes={}-{}", chunk.at, chunk.end - 1)),
        ];
        let known = locked(&self.line.origin);
        let validator = known.origin.validator.clone().filter(|_| known.fixed);
        drop(known);
        headers.extend(validator.map(|validator| ("if-range", validator)));
        let target = locked(&self.line.target).clone();
        if let Some(target) = target {
            let answer = http::ask(url, &target, &headers, *server, settings, self)?;
            if !(400..500).contains(&answer.head.status) || [408, 416, 425, 429].contains(&answer.head.status) {
                return Ok(answer);
            }
            locked(&self.line.target).take();
        }
        let answer = http::ask(url, start, &headers, *server, settings, self)?;
        if answer.head.status == 206 && answer.from != **start {
            *locked(&self.line.target) = Some(answer.from.clone());
        }
        Ok(answer)
    }
}

/// What a lock guards; nobody panics while holding one.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
