//! Files of repositories on the model hub: `hf:ORG/REPO/PATH[@REV]`.
//!
//! A revision becomes a commit and a pattern becomes files before anything is downloaded; from then on every byte is
//! checked against what the hub's list, or the lock, says of it. Knows nothing of what is in the files.

mod api;
mod choose;
mod error;
mod fill;
mod shared;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use ureq::http::Uri;
use xlt_core::inner;
use xlt_core::key::Digest;
use xlt_core::plan::{Pin, PinnedFile};

pub use error::HubError;

use crate::error::OnDisk;
use crate::exchange::Head;
use crate::landing::{self, Landed};
use crate::names::base;
use crate::progress::Shifted;
use crate::retry::Trouble;
use crate::server::Server;
use crate::want::{Want, Word};
use crate::{FetchError, Fetched, Settings, Watch, http};
use api::{Content, Hub, Listed, is_hex};
use fill::Entry;
use shared::{Found, Shared};

/// What the hub calls the branch of a repository that nobody names.
const DEFAULT_BRANCH: &str = "main";
/// Where the pieces of a set are worked on, each in a folder of its own.
const SHARDS: &str = "shards";
/// The finished set.
const SET: &str = "set";

/// What a source names on the hub.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `ORG/REPO`.
    pub(crate) repo: &'a str,
    pub(crate) dataset: bool,
    /// Path or pattern.
    pub(crate) path: &'a str,
    pub(crate) revision: Option<&'a str>,
    /// A piece of something else: just this file, also where its name is that of one of a set.
    pub(crate) alone: bool,
    /// All files that the pattern fits, in a folder.
    pub(crate) many: bool,
}

impl Place<'_> {
    fn revision(&self) -> &str {
        self.revision.unwrap_or(DEFAULT_BRANCH)
    }

    /// `hf:ORG/REPO`, as a spec writes it.
    fn repository(&self) -> String {
        format!("hf:{}{}", if self.dataset { "datasets/" } else { "" }, self.repo)
    }

    fn source(&self) -> String {
        let revision = self.revision.map(|revision| format!("@{revision}")).unwrap_or_default();
        format!("{}/{}{revision}", self.repository(), self.path)
    }
}

/// Brings what `place` names into the wanted folder: a file, or a folder with the pieces of a split GGUF.
pub(crate) fn fetch(
    place: &Place<'_>,
    pin: Option<&Pin>,
    want: &Want<'_>,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<Fetched, FetchError> {
    let hub = Hub::new(settings)?;
    let shared = Shared::of(place, settings);
    let (commit, files, word) = match pin.and_then(|pin| Some((pin, pin.commit.as_deref()?))) {
        Some((pin, commit)) => (commit.to_owned(), pinned(place, pin, commit)?, Word::Pin),
        None => {
            let (commit, files) = match settings.online(&place.source()) {
                Ok(()) => asked(place, &hub, watch)?,
                Err(forbidden) => cached(place, shared.as_ref()).ok_or(forbidden)?,
            };
            (commit, files, Word::Hub)
        }
    };
    want.check_size(files.iter().map(|file| file.size).sum(), &place.source())?;
    announced(place, want, &files)?;
    let order = HubOrder { hub: &hub, place, commit: &commit, word, shared: shared.as_ref() };
    let fetched = match files.as_slice() {
        [one] if !place.many => order.file(one, want.folder, watch)?,
        files => order.set(files, want.folder, watch)?,
    };
    want.check_sha256(&fetched.sha256, &place.source())?;
    Ok(fetched)
}

/// What `place` is now; `None` where the hub knows one of its files by its git name alone.
pub(crate) fn resolve(place: &Place<'_>, watch: &dyn Watch, settings: &Settings) -> Result<Option<Pin>, FetchError> {
    settings.online(&place.source())?;
    let (commit, files) = asked(place, &Hub::new(settings)?, watch)?;
    let files = files.iter().map(known).collect::<Option<Vec<PinnedFile>>>();
    Ok(files.map(|files| Pin {
        sha256: sum(&files),
        size: Some(files.iter().map(|file| file.size).sum()),
        commit: Some(commit),
        files,
    }))
}

/// A file whose SHA-256 the hub's list says.
fn known(file: &Listed) -> Option<PinnedFile> {
    match &file.content {
        Content::Sha256(sha256) => {
            Some(PinnedFile { path: file.path.clone(), size: file.size, sha256: sha256.clone() })
        }
        Content::Git(_) => None,
    }
}

/// What the hub says of a place now.
fn asked(place: &Place<'_>, hub: &Hub<'_>, watch: &dyn Watch) -> Result<(String, Vec<Listed>), FetchError> {
    let commit = hub.commit(place, watch)?;
    let files = choose::choose(place, hub.files(place, &commit, watch)?)?;
    Ok((commit, files))
}

/// What the hub's own client knows of a place: the commit that the revision was when it last asked, and files of it.
fn cached(place: &Place<'_>, shared: Option<&Shared>) -> Option<(String, Vec<Listed>)> {
    let shared = shared?;
    let commit = shared.commit(place.revision())?;
    // What is not there may be on the hub: that there is no such file is not ours to say.
    let files = choose::choose(place, shared.files(&commit)).ok()?;
    Some((commit, files))
}

/// The files of a pin, if it can be one.
fn pinned(place: &Place<'_>, pin: &Pin, commit: &str) -> Result<Vec<Listed>, HubError> {
    let files = pin.files.as_slice();
    let bad = |why: String| Err(HubError::BadPin { from: place.source(), why });
    for PinnedFile { path, .. } in files {
        if let Some(fault) = inner::fault(path) {
            return bad(format!("its path {path:?} {fault}"));
        }
    }
    let why = if !is_hex(commit, 40) {
        "its commit is none"
    } else if files.is_empty()
        || files.len() > 1 && !place.many && !xlt_core::shards::is_set(files.iter().map(|file| file.path.as_str()))
    {
        "its files are neither one file nor the pieces of one"
    } else if sum(files) != pin.sha256 {
        "its sha256 is not that of its files"
    } else {
        let listed = |file: &PinnedFile| {
            let content = Content::Sha256(file.sha256.clone());
            Listed { path: file.path.clone(), size: file.size, content }
        };
        return Ok(files.iter().map(listed).collect());
    };
    bad(why.to_owned())
}

/// Refuses files that are not the wanted ones before they are downloaded, where the hub's list says enough.
fn announced(place: &Place<'_>, want: &Want<'_>, files: &[Listed]) -> Result<(), HubError> {
    let Some(files) = files.iter().map(known).collect::<Option<Vec<PinnedFile>>>() else { return Ok(()) };
    match (want.sha256, sum(&files)) {
        (Some(expected), got) if expected != got => {
            Err(HubError::Replaced { from: place.source(), expected: expected.to_owned(), got })
        }
        _ => Ok(()),
    }
}

/// SHA-256 of a file; of several, of what `sha256sum` prints for them.
fn sum(files: &[PinnedFile]) -> String {
    match files {
        [one] => one.sha256.clone(),
        several => {
            let lines: String = several.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
            format!("{:x}", Sha256::digest(lines))
        }
    }
}

/// Files of one commit that are to be downloaded.
struct HubOrder<'a> {
    hub: &'a Hub<'a>,
    place: &'a Place<'a>,
    commit: &'a str,
    /// Who says what is in them.
    word: Word,
    /// Where they may lie already, and are put.
    shared: Option<&'a Shared>,
}

impl HubOrder<'_> {
    fn file(&self, file: &Listed, folder: &Path, watch: &dyn Watch) -> Result<Fetched, FetchError> {
        let Landed { path, size, sha256, blake3 } = self.land(file, folder, watch)?;
        let blake3 = BTreeMap::from([(path.clone(), blake3)]);
        Ok(self.fetched(path, vec![PinnedFile { path: file.path.clone(), size, sha256 }], blake3))
    }

    /// Each piece is finished in a folder of its own, so that it need not come twice; then they are put together.
    fn set(&self, files: &[Listed], folder: &Path, watch: &dyn Watch) -> Result<Fetched, FetchError> {
        let (shards, set) = (folder.join(SHARDS), folder.join(SET));
        let work = |file: &Listed| shards.join(base(&file.path));
        for file in files {
            std::fs::create_dir_all(work(file)).on_disk("create", &work(file))?;
            // A set that was killed while it was put together, or that nobody took, is taken apart again.
            let _ = std::fs::rename(set.join(base(&file.path)), landing::finished(&work(file)));
        }
        clear(&set)?;
        let total = files.iter().map(|file| file.size).sum();
        let (mut before, mut landed, mut hashed) = (0, Vec::new(), BTreeMap::new());
        for file in files {
            let watch = Shifted { watch, before, total: Some(total) };
            let Landed { size, sha256, blake3, .. } = self.land(file, &work(file), &watch)?;
            before += size;
            hashed.insert(set.join(base(&file.path)), blake3);
            landed.push(PinnedFile { path: file.path.clone(), size, sha256 });
        }
        std::fs::create_dir(&set).on_disk("create", &set)?;
        for file in files {
            let path = landing::finished(&work(file));
            std::fs::rename(&path, set.join(base(&file.path))).on_disk("rename", &path)?;
        }
        clear(&shards)?;
        Ok(self.fetched(set, landed, hashed))
    }

    fn land(&self, file: &Listed, folder: &Path, watch: &dyn Watch) -> Result<Landed, FetchError> {
        let (sha256, git) = match &file.content {
            Content::Sha256(sha256) => (Some(sha256.as_str()), None),
            Content::Git(name) => (None, Some(name.as_str())),
        };
        let want = Want { sha256, size: Some(file.size), git, word: self.word, folder };
        if let Some(landed) = landing::finished_earlier(&want, watch)? {
            watch.say(&format!("{}: it is here already", file.path));
            return Ok(landed);
        }
        let found = match self.shared {
            Some(shared) => shared.take(file, self.commit, &want, watch)?,
            None => Found::Nothing,
        };
        if let Found::Taken(landed) = found {
            return Ok(landed);
        }
        self.hub.settings.online(&self.place.source())?;
        let url = self.hub.address(self.place, self.commit, &file.path);
        let server = HubFile { order: self, file, etag: Mutex::default() };
        let landed = http::fetch(&url, &server, &want, watch, self.hub.settings)?;
        if let (Found::Nothing, Some(shared), true) = (found, self.shared, self.hub.settings.hub_cache_fill) {
            let Some(blob) = server.blob(&landed)? else { return Ok(landed) };
            let reference = self.reference();
            shared.fill(&Entry { blob: &blob, commit: self.commit, path: &file.path, reference }, &landed, watch);
        }
        Ok(landed)
    }

    /// The branch or tag that the hub has just said to be the commit.
    fn reference(&self) -> Option<&str> {
        let revision = self.place.revision();
        (self.word == Word::Hub && !is_hex(revision, 40)).then_some(revision)
    }

    fn fetched(&self, path: PathBuf, files: Vec<PinnedFile>, blake3: BTreeMap<PathBuf, Digest>) -> Fetched {
        let size = files.iter().map(|file| file.size).sum();
        Fetched { path, size, sha256: sum(&files), commit: Some(self.commit.to_owned()), files, blake3 }
    }
}

fn clear(folder: &Path) -> Result<(), FetchError> {
    if folder.exists() { std::fs::remove_dir_all(folder).on_disk("remove", folder) } else { Ok(()) }
}

/// The hub while a file is downloaded.
struct HubFile<'a> {
    order: &'a HubOrder<'a>,
    file: &'a Listed,
    /// What it called the bytes last.
    etag: Mutex<Option<String>>,
}

impl HubFile<'_> {
    /// The name under which the hub's own client would keep the bytes.
    fn blob(&self, landed: &Landed) -> Result<Option<String>, FetchError> {
        let named = self.etag.lock().unwrap_or_else(PoisonError::into_inner).take();
        let named = named.unwrap_or_default().to_ascii_lowercase();
        let right = match named.len() {
            64 => named == landed.sha256,
            40 => landed.is_git_blob(&named)?,
            _ => false,
        };
        Ok(right.then_some(named))
    }
}

impl Server for HubFile<'_> {
    fn login(&self, to: &Uri) -> Option<(&'static str, String)> {
        self.order.hub.login(to)
    }

    fn immutable(&self) -> bool {
        true
    }

    /// The hub's answer says which commit it speaks of, and which bytes will come from elsewhere.
    fn check(&self, from: &Uri, head: &Head) -> Result<(), Trouble> {
        if !self.order.hub.is_origin(from) || head.status >= 400 {
            return Ok(());
        }
        let commit = head.header("x-repo-commit").is_none_or(|commit| commit == self.order.commit);
        let size = head.header("x-linked-size").is_none_or(|size| size.parse() == Ok(self.file.size));
        let bare = |etag: &'_ str| etag.trim_start_matches("W/").trim_matches('"').to_owned();
        let named = head.header("x-linked-etag").map(bare);
        if let Some(etag) = named.clone().or_else(|| head.header("etag").map(bare)) {
            *self.etag.lock().unwrap_or_else(PoisonError::into_inner) = Some(etag);
        }
        let content = match (&self.file.content, &named) {
            (Content::Sha256(sha256), Some(named)) if is_hex(named, 64) => named.eq_ignore_ascii_case(sha256),
            (Content::Git(name), Some(named)) if is_hex(named, 40) => named.eq_ignore_ascii_case(name),
            _ => true,
        };
        if let (false, Word::Pin, Content::Sha256(expected)) = (content, self.order.word, &self.file.content) {
            let (expected, got) = (expected.clone(), named.unwrap_or_default());
            let error = HubError::Replaced { from: self.order.place.source(), expected, got };
            return Err(FetchError::from(error).into());
        }
        let changed = |what: &str| Err(Trouble::passing(format!("the hub suddenly speaks of {what}")));
        match (commit, size, content) {
            (false, _, _) => changed("another commit"),
            (_, false, _) => changed("a file of another size"),
            (_, _, false) => changed("a file with other bytes"),
            _ => Ok(()),
        }
    }

    fn refusal(&self, from: &Uri, head: &Head) -> Option<Trouble> {
        let missing = head.header("x-error-code") == Some("EntryNotFound") && self.order.hub.is_origin(from);
        if missing {
            let (repo, path) = (self.order.place.repository(), self.file.path.clone());
            let error = HubError::NoEntry { repo, path, commit: self.order.commit.to_owned() };
            return Some(FetchError::from(error).into());
        }
        self.order.hub.refusal(self.order.place, from, head)
    }
}
