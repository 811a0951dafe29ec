//! A model hub with one repository, `org/repo`: its API and small files on one origin, large files on another one, to
//! which a token must not go. It misbehaves as it is told, so many times.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sha1::{Digest, Sha1};
use xlt_core::spec::Source;

use crate::desk::{Desk, sha256};
use crate::server::{Reply, Request, Server};

/// Files of this size are "large", with a SHA-256 of their own.
const LARGE: usize = 1000;
pub(crate) const TOKEN: &str = "hf_verysecret";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The large bytes: status 500, half of them and the end, the same without a length, one bit, half and silence.
    Status500,
    Cut,
    Short,
    Flip,
    Stall,
    /// No part, but all of them.
    NoRange,
    /// The hub names another hash, size or commit than its list.
    Moved,
    Resized,
    OtherCommit,
    /// The bytes are fewer than announced, and the server says so.
    Fewer,
    /// Small files: one bit.
    FlipSmall,
    /// The API: a web page, too many requests, half of an answer.
    Html,
    Busy,
    CutApi,
}

#[derive(Default)]
struct State {
    commit: String,
    /// Files of every commit.
    commits: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    faults: BTreeMap<u8, u32>,
    private: bool,
    gated: bool,
    page: usize,
}

impl State {
    fn fault(&mut self, fault: Fault) -> bool {
        let Some(left) = self.faults.get_mut(&(fault as u8)).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }
}

pub(crate) struct FakeHub {
    state: Arc<Mutex<State>>,
    pub(crate) hub: Server,
    /// The second origin.
    pub(crate) bytes: Server,
}

impl FakeHub {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let state = Arc::new(Mutex::new(State { page: 1000, ..State::default() }));
        let (ours, theirs) = (Arc::clone(&state), Arc::clone(&state));
        let bytes = Server::answering(move |request| bytes_of(&mut ours.lock().expect("whole"), request));
        let elsewhere = bytes.base();
        let hub = Server::answering(move |request| api(&mut theirs.lock().expect("whole"), request, &elsewhere));
        let fake = Self { state, hub, bytes };
        fake.commit(files);
        fake
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic in the server")
    }

    /// The branch moves on to a commit with these files; returns its name.
    pub(crate) fn commit(&self, files: &[(&str, &[u8])]) -> String {
        let mut state = self.state();
        state.commit = format!("{:040x}", 0xc0 + state.commits.len());
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        let commit = state.commit.clone();
        state.commits.insert(commit.clone(), files);
        commit
    }

    /// From now on this goes wrong so many times.
    pub(crate) fn fault(&self, fault: Fault, times: u32) -> &Self {
        self.state().faults.insert(fault as u8, times);
        self
    }

    /// Who has no token sees nothing.
    pub(crate) fn private(&self) -> &Self {
        self.state().private = true;
        self
    }

    /// Who has no token has to accept terms.
    pub(crate) fn gated(&self) -> &Self {
        self.state().gated = true;
        self
    }

    /// Lists so many files on a page.
    pub(crate) fn page(&self, size: usize) -> &Self {
        self.state().page = size;
        self
    }

    /// A desk that knows where the hub is.
    pub(crate) fn desk(&self) -> Desk {
        self.seen_from(Desk::new().patient())
    }

    pub(crate) fn seen_from(&self, mut desk: Desk) -> Desk {
        desk.settings.hub = self.hub.base();
        desk
    }

    /// Paths that the hub itself was asked for, and those of large bytes.
    pub(crate) fn asked(&self) -> (Vec<String>, Vec<String>) {
        let paths = |server: &Server| server.requests().into_iter().map(|request| request.path).collect();
        (paths(&self.hub), paths(&self.bytes))
    }
}

/// `hf:org/repo/PATH`.
pub(crate) fn source(path: &str) -> Source {
    Source::Hub { repo: "org/repo".to_owned(), dataset: false, path: path.to_owned(), revision: None }
}

fn error(status: u16, code: &str) -> Reply {
    Reply::status(status).header("X-Error-Code", code).header("X-Error-Message", "the hub's own words")
}

fn api(state: &mut State, request: &Request, elsewhere: &str) -> Reply {
    let login = request.header("authorization");
    if login.is_some_and(|login| login != format!("Bearer {TOKEN}")) {
        return Reply::status(401);
    }
    let parts: Vec<&str> = request.path.split(['/', '?', '&']).skip(1).collect();
    let (place, rest) = if parts[0] == "api" { (&parts[2..4], &parts[4..]) } else { (&parts[..2], &parts[2..]) };
    match place {
        ["org", "repo"] if login.is_none() && state.private => return error(401, "RepoNotFound"),
        ["org", "repo"] if login.is_none() && state.gated => return error(401, "GatedRepo"),
        ["org", "repo"] => {}
        ["org", "renamed"] => {
            return Reply::redirect(&request.path.replace("org/renamed", "org/repo")).with_status(307);
        }
        _ => return error(404, "RepoNotFound"),
    }
    if parts[0] == "api" && state.fault(Fault::Html) {
        return Reply::plain(b"<html>Welcome to our network</html>").header("Content-Type", "text/html");
    }
    if parts[0] == "api" && state.fault(Fault::Busy) {
        return Reply::status(429);
    }
    let commit = if rest[1] == "main" { state.commit.clone() } else { rest[1].to_owned() };
    let Some(files) = state.commits.get(&commit).cloned() else { return error(404, "RevisionNotFound") };
    match rest[0] {
        "revision" => Reply::plain(format!(r#"{{"id":"org/repo","sha":"{commit}"}}"#).as_bytes()),
        "tree" => list(state, &files, request),
        _ => {
            let path = rest[2..].join("/").replace("%20", " ");
            match files.get(&path) {
                None => error(404, "EntryNotFound"),
                Some(bytes) => resolve(state, &commit, &path, bytes, elsewhere),
            }
        }
    }
}

/// A page of the list of files, with the address of the next one.
fn list(state: &mut State, files: &BTreeMap<String, Vec<u8>>, request: &Request) -> Reply {
    let start: usize = request.path.split_once("cursor=").map_or(0, |(_, cursor)| cursor.parse().expect("a number"));
    let row = |(path, bytes): (&String, &Vec<u8>)| {
        let (size, git) = (bytes.len(), git(bytes));
        let lfs = format!(r#","lfs":{{"oid":"{}","size":{size},"pointerSize":134}}"#, sha256(bytes));
        let lfs = if size >= LARGE { lfs } else { String::new() };
        format!(r#"{{"type":"file","oid":"{git}","size":{size},"path":"{path}"{lfs}}}"#)
    };
    let mut rows: Vec<String> = files.iter().skip(start).take(state.page).map(row).collect();
    rows.push(r#"{"type":"directory","oid":"0000","size":0,"path":"folder"}"#.to_owned());
    let body = format!("[{}]", rows.join(","));
    let reply = Reply::plain(body.as_bytes());
    let reply = if state.fault(Fault::CutApi) { reply.cut(body.len() / 2) } else { reply };
    let next = start + state.page;
    let bare = request.path.split("&cursor").next().expect("the first part");
    let link = format!(r#"<{bare}&cursor={next}>; rel="next""#);
    if next < files.len() { reply.header("Link", &link) } else { reply }
}

fn resolve(state: &mut State, commit: &str, path: &str, bytes: &[u8], elsewhere: &str) -> Reply {
    let other = "f".repeat(40);
    let commit_said = if state.fault(Fault::OtherCommit) { &other } else { commit };
    if bytes.len() < LARGE {
        let body = if state.fault(Fault::FlipSmall) { flipped(bytes) } else { bytes.to_vec() };
        return Reply::file(&body, &git(bytes)).header("X-Repo-Commit", commit_said);
    }
    let hash = if state.fault(Fault::Moved) { sha256(b"other") } else { sha256(bytes) };
    let size = if state.fault(Fault::Resized) { bytes.len() + 1 } else { bytes.len() };
    Reply::redirect(&format!("{elsewhere}/blob/{commit}/{}?Signature=s3cr3t", path.replace(' ', "%20")))
        .header("X-Repo-Commit", commit_said)
        .header("X-Linked-Size", &size.to_string())
        .header("X-Linked-Etag", &format!("\"{hash}\""))
}

fn bytes_of(state: &mut State, request: &Request) -> Reply {
    if request.header("authorization").is_some() {
        return Reply::status(400);
    }
    let path = request.path.split('?').next().expect("the first part").replace("%20", " ");
    let (commit, path) = path.trim_start_matches("/blob/").split_once('/').expect("a commit and a path");
    let bytes = state.commits[commit][path].clone();
    let half = request.range().and_then(|(first, last)| Some(last? + 1 - first)).unwrap_or(bytes.len()) / 2;
    let file = Reply::file(&bytes, &sha256(&bytes));
    match () {
        () if state.fault(Fault::Status500) => Reply::status(500),
        () if state.fault(Fault::Cut) => file.cut(half),
        () if state.fault(Fault::Short) => Reply::plain(&bytes).without_length().cut(half),
        () if state.fault(Fault::Flip) => {
            let first = request.range().map_or(0, |(first, _)| first);
            Reply::file(&flipped_at(&bytes, first + half), &sha256(&bytes))
        }
        () if state.fault(Fault::Stall) => file.cut(half).then_hang(),
        () if state.fault(Fault::Fewer) => Reply::plain(&bytes[..half]),
        () if request.header("range").is_some() && state.fault(Fault::NoRange) => Reply::plain(&bytes),
        () => file,
    }
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    flipped_at(bytes, bytes.len() / 2)
}

fn flipped_at(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

pub(crate) fn git(bytes: &[u8]) -> String {
    format!("{:x}", Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes).finalize())
}
