//! A file in pieces: fetched one after another and joined in order.
//!
//! A piece is removed once it has been appended, so that the disk holds the file and one piece and not the file twice.
//! What was appended is written down before that, with the hash of the file so far: a kill at any moment costs at most
//! the appending of one piece again, and a file that is not what was written down is joined anew.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use xlt_core::plan::{Pin, PinnedFile};
use xlt_core::spec::Source;

use crate::error::OnDisk;
use crate::hub::{self, Place};
use crate::landing::{self, Landed, Landing};
use crate::progress::{Progress, Shifted};
use crate::want::Want;
use crate::{FetchError, Fetched, Settings, Watch, local, one_file};

/// What has been appended so far.
const JOINED: &str = "joined.json";
/// Where the pieces are worked on, each in a folder of its own.
const PIECES: &str = "pieces";

/// The beginning of the joined file.
#[derive(Default, Serialize, Deserialize)]
struct Joined {
    pieces: Vec<Piece>,
    size: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Piece {
    source: String,
    /// Where it is from the model hub: its commit, and what it is.
    commit: Option<String>,
    file: Option<PinnedFile>,
}

/// Joins `parts` in the wanted folder.
pub(crate) fn fetch(
    parts: &[Source],
    pin: Option<&Pin>,
    want: &Want<'_>,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<Fetched, FetchError> {
    if let Some(landed) = landing::finished_earlier(want, watch)? {
        let commit = pin.and_then(|pin| pin.commit.clone());
        let files = pin.map(|pin| pin.files.clone()).unwrap_or_default();
        return Ok(Fetched { commit, files, ..landed.into() });
    }
    let from = Source::Parts { parts: parts.to_vec() }.to_string();
    let pieces = want.folder.join(PIECES);
    let (mut joined, mut landing) = if want.knows_content() || parts.iter().all(is_fixed) {
        take_up(parts, want.folder, watch)?
    } else {
        // Pieces of two versions would make a file that never was, and the lock would keep it.
        if pieces.exists() {
            std::fs::remove_dir_all(&pieces).on_disk("remove", &pieces)?;
        }
        (Joined::default(), Landing::create(want.folder)?)
    };
    for (at, part) in parts.iter().enumerate().skip(joined.pieces.len()) {
        // Named by its source: what is left of another piece is never taken for this one.
        let folder = pieces.join(format!("{:x}", Sha256::digest(part.to_string())));
        std::fs::create_dir_all(&folder).on_disk("create", &folder)?;
        let shifted = Shifted { watch, before: landing.size(), total: want.size };
        let (path, piece) = bring(part, &joined, pin_of(at, parts, pin).as_ref(), &folder, &shifted, settings)?;
        local::append(&path, &mut landing, &Shifted { watch, before: 0, total: want.size })?;
        joined.pieces.push(piece);
        (joined.size, joined.sha256) = (landing.size(), landing.sha256());
        joined.save(want.folder)?;
        std::fs::remove_dir_all(&folder).on_disk("remove", &folder)?;
    }
    Progress::new(watch).end(landing.size());
    let landed = landing.finish(want, &from)?;
    joined.forget(want.folder);
    Ok(joined.describe(landed))
}

/// Whether a piece is the same whenever it is fetched: of a commit, of a version, or watched while it is copied.
fn is_fixed(part: &Source) -> bool {
    !matches!(part, Source::Url { .. })
}

/// What an earlier call has joined of these very pieces, or an empty start.
fn take_up(parts: &[Source], folder: &Path, watch: &dyn Watch) -> Result<(Joined, Landing), FetchError> {
    if let Some(joined) = Joined::load(folder).filter(|joined| joined.begins(parts)) {
        Landing::cut(folder, joined.size)?;
        let landing = Landing::resume(folder, watch)?;
        if landing.size() == joined.size && landing.sha256() == joined.sha256 {
            watch.say(&format!("{} of {} pieces are here already", joined.pieces.len(), parts.len()));
            return Ok((joined, landing));
        }
    }
    Ok((Joined::default(), Landing::create(folder)?))
}

/// What the lock says of a single piece. It says something only where all of them are from one commit on the hub.
fn pin_of(at: usize, parts: &[Source], pin: Option<&Pin>) -> Option<Pin> {
    let pin = pin.filter(|pin| pin.commit.is_some() && pin.files.len() == parts.len())?;
    let file = pin.files[at].clone();
    Some(Pin { sha256: file.sha256.clone(), size: Some(file.size), commit: pin.commit.clone(), files: vec![file] })
}

/// Where a piece lies, complete, and what it is.
fn bring(
    part: &Source,
    joined: &Joined,
    pin: Option<&Pin>,
    folder: &Path,
    watch: &dyn Watch,
    settings: &Settings,
) -> Result<(PathBuf, Piece), FetchError> {
    let want = Want::pinned(pin, None, folder);
    let source = part.to_string();
    let plain = |path| (path, Piece { source: source.clone(), commit: None, file: None });
    match part {
        Source::Local { path } => Ok(plain(PathBuf::from(path))),
        Source::Hub { repo, dataset, path, revision } => {
            // The branch may move while the pieces arrive; all are to be of the commit of the first.
            let commit = joined.commit_of(repo, *dataset, revision.as_deref());
            let revision = commit.or(revision.as_deref());
            let place = Place { repo, dataset: *dataset, path, revision, alone: true, many: false };
            let mut fetched = hub::fetch(&place, pin, &want, watch, settings)?;
            Ok((fetched.path, Piece { source, commit: fetched.commit, file: fetched.files.pop() }))
        }
        Source::Url { .. } | Source::Pypi { .. } | Source::Parts { .. } => {
            // It got its name after its checks, and nobody but us was here since.
            let landed = match landing::left_over(folder, watch)? {
                Some(landed) => landed,
                None => one_file(part, &want, watch, settings)?,
            };
            Ok(plain(landed.path))
        }
    }
}

impl Joined {
    fn load(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(JOINED)).ok()?).ok()
    }

    fn save(&self, folder: &Path) -> Result<(), FetchError> {
        let (path, new) = (folder.join(JOINED), folder.join("joined.new"));
        let text = serde_json::to_vec(self).map_err(std::io::Error::from).on_disk("write", &path)?;
        std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &path)).on_disk("write", &path)
    }

    /// Leftovers are harmless: without the file that they describe nothing is believed of them.
    fn forget(&self, folder: &Path) {
        let _ = std::fs::remove_file(folder.join(JOINED));
        let _ = std::fs::remove_dir_all(folder.join(PIECES));
    }

    fn begins(&self, parts: &[Source]) -> bool {
        self.pieces.len() <= parts.len()
            && self.pieces.iter().zip(parts).all(|(piece, part)| piece.source == part.to_string())
    }

    /// The commit from which a piece of the same revision came.
    fn commit_of(&self, repo: &str, dataset: bool, revision: Option<&str>) -> Option<&str> {
        let of = |path: &str| {
            let revision = revision.map(str::to_owned);
            Source::Hub { repo: repo.to_owned(), dataset, path: path.to_owned(), revision }.to_string()
        };
        let same = |piece: &&Piece| piece.file.as_ref().is_some_and(|file| piece.source == of(&file.path));
        self.pieces.iter().find(same)?.commit.as_deref()
    }

    fn describe(self, landed: Landed) -> Fetched {
        let commit = self.pieces.first().and_then(|piece| piece.commit.clone());
        let of_one = commit.is_some() && self.pieces.iter().all(|piece| piece.commit == commit);
        let files = self.pieces.into_iter().filter_map(|piece| piece.file);
        let (commit, files) = if of_one { (commit, files.collect()) } else { (None, vec![]) };
        Fetched { commit, files, ..landed.into() }
    }
}
