//! A model hub on this machine with the repositories that a spec names, whatever they hold. Every file is "large": the hub knows its
//! SHA-256.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The commit that every name but a commit's own means.
pub(crate) const COMMIT: &str = "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff";

/// A file: its bytes and their SHA-256.
struct File {
    bytes: Vec<u8>,
    sha256: String,
}

/// Files by repository (`ORG/REPO`, `datasets/ORG/REPO`) and path.
#[derive(Default)]
pub(crate) struct Repositories(BTreeMap<(String, String), File>);

impl Repositories {
    pub(crate) fn add(&mut self, repository: &str, path: &str, bytes: Vec<u8>) {
        let sha256 = format!("{:x}", Sha256::digest(&bytes));
        self.0.insert((repository.to_owned(), path.to_owned()), File { bytes, sha256 });
    }

    /// What is answered to a path. Every repository has its one commit under every name.
    fn answer(&self, path: &str) -> Option<Found> {
        let of_api = |commit: &str, body: String| Found {
            commit: commit.to_owned(),
            etag: "none".to_owned(),
            body: body.into_bytes(),
        };
        if let Some((_, revision)) = path.split_once("/revision/") {
            let commit = if revision.len() == COMMIT.len() { revision } else { COMMIT };
            return Some(of_api(commit, format!(r#"{{"sha":"{commit}"}}"#)));
        }
        if let Some((api, commit)) = path.strip_suffix("?recursive=true").and_then(|path| path.split_once("/tree/")) {
            let name = api.strip_prefix("/api/models/").or_else(|| api.strip_prefix("/api/"))?;
            let rows: Vec<String> = self.0.iter().filter(|((repository, _), _)| repository == name).map(row).collect();
            return Some(of_api(commit, format!("[{}]", rows.join(","))));
        }
        let (repository, rest) = path.strip_prefix('/')?.split_once("/resolve/")?;
        let (commit, inner) = rest.split_once('/')?;
        let file = self.0.get(&(repository.to_owned(), inner.to_owned()))?;
        Some(Found { commit: commit.to_owned(), etag: file.sha256.clone(), body: file.bytes.clone() })
    }
}

/// An answer, and what its head says of it.
#[derive(Default)]
struct Found {
    commit: String,
    etag: String,
    body: Vec<u8>,
}

fn row(((_, path), File { bytes, sha256 }): (&(String, String), &File)) -> String {
    let size = bytes.len();
    format!(r#"{{"type":"file","path":"{path}","size":{size},"oid":"","lfs":{{"oid":"{sha256}","size":{size}}}}}"#)
}

/// How files are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// In pieces of so many bytes, with a pause after each.
    pub(crate) piece: usize,
    pub(crate) pause: Duration,
    /// After so many bytes the hub is gone, in the middle of whatever it sends.
    pub(crate) life: u64,
}

impl Default for Manner {
    /// All at once, for ever.
    fn default() -> Self {
        Self { piece: usize::MAX, pause: Duration::ZERO, life: u64::MAX }
    }
}

/// The server; it remembers the paths that it was asked for, each with the login or the range that came with it.
pub(crate) struct Hub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What every connection has at hand.
struct Desk {
    repositories: Repositories,
    manner: Manner,
    /// Bytes that may still be sent.
    life: AtomicU64,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Hub {
    pub(crate) fn open(repositories: Repositories) -> Self {
        Self::at("127.0.0.1:0", repositories, Manner::default())
    }

    /// At an address where one was before, or at any (`127.0.0.1:0`).
    pub(crate) fn at(address: &str, repositories: Repositories, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stop) = (Arc::default(), Arc::default());
        let (log, end) = (Arc::clone(&asked), Arc::clone(&stop));
        let life = AtomicU64::new(manner.life);
        let desk = Arc::new(Desk { repositories, manner, life, asked: log, stop: end });
        let serve = move || {
            let open = |_: &TcpStream| !desk.stop.load(Ordering::SeqCst);
            for stream in listener.incoming().map_while(Result::ok).take_while(open) {
                let desk = Arc::clone(&desk);
                thread::spawn(move || desk.serve(stream));
            }
        };
        Self { address, asked, stop, thread: Some(thread::spawn(serve)) }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it has died ([`Manner::life`]).
    pub(crate) fn wait_until_dead(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// What it was asked for since the last look.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Desk {
    fn serve(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let Some(path) = lines.next().and_then(|line| Some(line.split(' ').nth(1)?.to_owned())) else { return };
        let told =
            |line: &String| ["authorization:", "range:"].iter().any(|name| line.to_lowercase().starts_with(name));
        let told = lines.take_while(|line| !line.is_empty()).filter(told).last();
        let line = told.as_ref().map_or(path.clone(), |told| format!("{path} {told}"));
        self.asked.lock().unwrap().push(line);
        let found = self.repositories.answer(&path);
        let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
        let Found { commit, etag, body } = found.unwrap_or_default();
        let from =
            told.and_then(|line| line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
        let (status, range, body) = match from.filter(|&from| from < body.len()) {
            Some(from) => {
                let (last, total) = (body.len() - 1, body.len());
                ("206 Partial Content", format!("Content-Range: bytes {from}-{last}/{total}\r\n"), &body[from..])
            }
            None => (status, String::new(), &body[..]),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nX-Repo-Commit: {commit}\r\nETag: \"{etag}\"\r\nContent-Length: {length}\r\n{range}\r\n"
        );
        // The client may be gone already.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| self.send(&mut stream, body));
    }

    fn send(&self, stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
        for piece in body.chunks(self.manner.piece) {
            let cost = piece.len() as u64;
            let alive =
                self.life.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |life| life.checked_sub(cost)).is_ok();
            if !alive || self.stop.load(Ordering::SeqCst) {
                self.stop.store(true, Ordering::SeqCst);
                return Ok(());
            }
            stream.write_all(piece)?;
            thread::sleep(self.manner.pause);
        }
        Ok(())
    }
}
