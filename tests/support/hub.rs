//! A model hub on this machine with the repositories that a spec names, whatever they hold. Every file is "large": the hub knows its
//! SHA-256.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

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

/// The server; it remembers the paths that it was asked for, each with the login that came with it.
pub(crate) struct Hub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    pub(crate) fn open(repositories: Repositories) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stop) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicBool::new(false)));
        let (log, end) = (Arc::clone(&asked), Arc::clone(&stop));
        let repositories = Arc::new(repositories);
        let serve = move || {
            for stream in listener.incoming().map_while(Result::ok).take_while(|_| !end.load(Ordering::SeqCst)) {
                let (repositories, log) = (Arc::clone(&repositories), Arc::clone(&log));
                thread::spawn(move || serve(stream, &repositories, &log));
            }
        };
        Self { address, asked, stop, thread: Some(thread::spawn(serve)) }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
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

fn serve(mut stream: TcpStream, repositories: &Repositories, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(path) = lines.next().and_then(|line| Some(line.split(' ').nth(1)?.to_owned())) else { return };
    let headers = lines.take_while(|line| !line.is_empty());
    let login = headers.filter(|line| line.to_lowercase().starts_with("authorization:")).last();
    log.lock().unwrap().push(login.map_or(path.clone(), |login| format!("{path} {login}")));
    let (status, Found { commit, etag, body }) = match repositories.answer(&path) {
        Some(found) => ("200 OK", found),
        None => ("404 Not Found", Found::default()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nX-Repo-Commit: {commit}\r\nETag: \"{etag}\"\r\nContent-Length: {length}\r\n\r\n");
    // The client may be gone already.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
