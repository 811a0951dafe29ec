//! A large file over several connections, each of which brings one part of it after the other.
//!
//! Parts are written at their places by the connections (`connection.rs`). The bytes are hashed once, from the front on, as far
//! as there is no gap, which mostly is what the system still has in memory. How much of each part is
//! here is noted (`journal.rs`): a kill at any moment costs little. Whatever does not look like parts of one file that stays the
//! same is not dealt with here: one connection has to do then, and knows what to make of it.

mod chunks;
mod connection;
mod journal;

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use ureq::http::Uri;

use crate::landing::Landing;
use crate::origin::Origin;
use crate::progress::Progress;
use crate::retry::NAP;
use crate::server::Server;
use crate::want::Want;
use crate::{FetchError, Settings, Watch};
use chunks::Chunks;
use connection::{Connection, Event, Line};
use journal::Journal;

/// Hashed at once; between two of them the connections are listened to.
const HASHED: u64 = 4 << 20;
/// How much of a part arrives before that is noted. A kill costs so much a connection.
const NOTED: u64 = 1 << 20;
/// The same where it has to be on the disk first.
const SYNCED: u64 = 16 << 20;

/// A file that is downloaded in parts.
pub(crate) struct Task<'a> {
    pub(crate) url: &'a str,
    pub(crate) start: &'a Uri,
    pub(crate) server: &'a dyn Server,
    pub(crate) want: &'a Want<'a>,
    pub(crate) settings: &'a Settings,
    /// Its size in bytes.
    pub(crate) total: u64,
}

/// How it ended.
pub(crate) enum Ending {
    /// Every byte is here and hashed.
    Whole,
    /// It does not work in parts, for this reason. What is here without a gap is kept.
    Alone(&'static str),
}

/// What ended it early.
enum End {
    Failed(FetchError),
    Alone(&'static str),
}

/// Brings what is missing of a file, whether the landing is in parts already or not.
pub(crate) fn download(
    task: &Task<'_>,
    origin: &mut Origin,
    landing: &mut Landing,
    watch: &dyn Watch,
) -> Result<Ending, FetchError> {
    let (mut chunks, mut journal) = begin(task, landing, watch)?;
    let line = Line::new(task, origin.clone(), landing.share()?, chunks.missing());
    let end = listen(&line, &mut chunks, &mut journal, landing, watch);
    let left = chunks.not_noted();
    if !left.is_empty() {
        write_down(&line, &mut journal, &left)?;
    }
    *origin = line.origin();
    match end {
        Some(End::Failed(error)) => Err(error),
        Some(End::Alone(why)) => {
            leave(landing, task.want.folder)?;
            Ok(Ending::Alone(why))
        }
        None => {
            let progress = Progress::new(watch);
            while landing.hash_on(task.total, HASHED)? {
                progress.step(task.total, Some(task.total))?;
            }
            Ok(Ending::Whole)
        }
    }
}

/// What is here of the parts, and where it is written down.
fn begin(task: &Task<'_>, landing: &mut Landing, watch: &dyn Watch) -> Result<(Chunks, Journal), FetchError> {
    let folder = task.want.folder;
    if landing.in_parts()
        && let Some(noted) = Journal::load(folder).filter(|noted| noted.total == task.total)
    {
        let chunks = Chunks::resumed(&noted, landing.length()?);
        watch.say(&format!("{}: {} of {} bytes are here already", task.url, chunks.received(), task.total));
        let journal = Journal::start(folder, &chunks)?;
        landing.open_parts(folder, task.total)?;
        return Ok((chunks, journal));
    }
    if !task.want.knows_content() {
        landing.sync()?;
    }
    let chunks = Chunks::after(landing.size(), task.total, task.settings.part);
    let journal = Journal::start(folder, &chunks)?;
    landing.open_parts(folder, task.total)?;
    Ok((chunks, journal))
}

/// Lets the connections work to their end, and says what ended them early.
fn listen(
    line: &Line<'_>,
    chunks: &mut Chunks,
    journal: &mut Journal,
    landing: &mut Landing,
    watch: &dyn Watch,
) -> Option<End> {
    let progress = Progress::new(watch);
    let (sender, events) = channel();
    thread::scope(|scope| {
        let connect = |sender: Sender<Event>| scope.spawn(move || Connection::new(line, sender).work());
        (0..line.connections()).for_each(|_| drop(connect(sender.clone())));
        // Each connection has its own; once all have left, there is no more to be heard.
        drop(sender);
        let mut end = None;
        loop {
            let heard = match events.recv_timeout(NAP) {
                Ok(Event::Wrote { index, to }) => note(line, chunks, journal, index, to).err().map(End::Failed),
                Ok(Event::Say(text)) => {
                    watch.say(&text);
                    None
                }
                Ok(Event::Ended(end)) => Some(end),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return end,
            };
            let worked = progress
                .step(chunks.received(), Some(line.total()))
                .and_then(|()| landing.hash_on(chunks.front(), HASHED));
            if let Some(heard) = heard.or(worked.err().map(End::Failed)) {
                line.stop();
                end.get_or_insert(heard);
            }
        }
    })
}

fn note(line: &Line<'_>, chunks: &mut Chunks, journal: &mut Journal, index: u64, to: u64) -> Result<(), FetchError> {
    let often = if line.knows_content() { NOTED } else { SYNCED };
    if chunks.wrote(index, to, often) { write_down(line, journal, &[(index, to)]) } else { Ok(()) }
}

fn write_down(line: &Line<'_>, journal: &mut Journal, parts: &[(u64, u64)]) -> Result<(), FetchError> {
    // After a power cut a hash would tell what never reached the disk. Without one, it has to be there first.
    if !line.knows_content() {
        line.sync()?;
    }
    parts.iter().try_for_each(|(index, at)| journal.note(*index, *at))
}

/// What an earlier call has left in parts: the file, of whose bytes none is hashed yet, and its size once it is whole.
pub(crate) fn resume(want: &Want<'_>) -> Result<Option<(Landing, u64)>, FetchError> {
    let noted = Journal::load(want.folder).filter(|noted| want.size.is_none_or(|size| size == noted.total));
    let landing = Landing::parts(want.folder)?;
    Ok(landing.zip(noted.map(|noted| noted.total)))
}

/// From now on the file grows at its end; what is behind the first gap is dropped.
pub(crate) fn leave(landing: &mut Landing, folder: &Path) -> Result<(), FetchError> {
    landing.close_parts(folder)?;
    Journal::forget(folder);
    Ok(())
}

/// Removes what is left of parts, if anything.
pub(crate) fn forget(folder: &Path) {
    Landing::forget_parts(folder);
    Journal::forget(folder);
}
