//! The cache of the hub's own client: its files are taken if they are right, and what is downloaded is put there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xlt_core::spec::Source;
use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes, read, sha256};
use crate::fake_hub::{FakeHub, Fault, git, source};

const SIZE: usize = 300_000;
const MODEL: &str = "BF16/model.gguf";
const SMALL: &[u8] = b"{\"id\": 1}\n";
const FIRST: &str = "00000000000000000000000000000000000000c0";

/// The cache as another program left it, and the hub.
struct Cache {
    root: TempDir,
    hub: FakeHub,
}

impl Cache {
    fn new() -> Self {
        let hub = FakeHub::with(&[(MODEL, &bytes(SIZE)), ("small.jsonl", SMALL)]);
        Self { root: tempfile::tempdir().expect("a temporary folder"), hub }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("models--org--repo").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file of the cache");
    }

    /// What the hub's client leaves of a file.
    fn has(&self, path: &str, blob: &str, content: &[u8]) -> &Self {
        self.write(&format!("blobs/{blob}"), content);
        let link = self.path("snapshots").join(FIRST).join(path);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        let up = "../".repeat(path.split('/').count() + 1);
        symlink(format!("{up}blobs/{blob}"), link).expect("a link");
        self.write("refs/main", FIRST);
        self
    }

    fn has_both(self) -> Self {
        self.has(MODEL, &sha256(&bytes(SIZE)), &bytes(SIZE)).has("small.jsonl", &git(SMALL), SMALL);
        self
    }

    fn knows(&self, mut desk: Desk) -> Desk {
        desk.settings.hub_cache = Some(self.root.path().to_owned());
        desk
    }

    fn desk(&self) -> Desk {
        self.knows(self.hub.desk())
    }

    fn offline(&self) -> Desk {
        let mut desk = self.desk();
        desk.settings.offline = Some("HF_HUB_OFFLINE");
        desk
    }

    /// Requests so far: of the hub, and for large bytes.
    fn asked(&self) -> (usize, usize) {
        let (hub, bytes) = self.hub.asked();
        (hub.len(), bytes.len())
    }

    /// Everything below the repository's folder, with a link's target.
    fn tree(&self) -> Vec<String> {
        let mut names = Vec::new();
        walk(&self.path(""), "", &mut names);
        names.sort();
        names
    }
}

fn walk(folder: &Path, above: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        match fs::read_link(entry.path()) {
            Ok(target) => names.push(format!("{name} -> {}", target.display())),
            Err(_) if entry.path().is_dir() => walk(&entry.path(), &format!("{name}/"), names),
            Err(_) => names.push(name),
        }
    }
}

#[test]
fn a_file_that_another_program_has_downloaded_is_not_downloaded_again() {
    let cache = Cache::new().has_both();
    let desk = cache.desk();
    let fetched = desk.fetch(&source(MODEL)).expect("a file");
    assert_is(&fetched, &bytes(SIZE));
    assert!(desk.said("BF16/model.gguf: taken from the hub's cache, "), "{:?}", desk.watch.lines.borrow());
    assert_eq!(desk.watch.steps.borrow().last().map(|step| step.1), Some(Some(SIZE as u64)));
    assert_eq!(cache.asked(), (2, 0), "only which file it is was asked");

    // Ours is a file of its own: what others do to theirs does nothing to it.
    cache.write(&format!("blobs/{}", sha256(&bytes(SIZE))), "rewritten");
    assert_is(&fetched, &bytes(SIZE));
    assert_is(&cache.desk().fetch(&source("small.jsonl")).expect("a small file"), SMALL);
}

#[test]
fn what_the_lock_pins_is_taken_without_a_request() {
    let cache = Cache::new();
    let pins = [MODEL, "small.jsonl"].map(|path| (path, cache.hub.desk().fetch(&source(path)).expect("a file").pin()));
    let before = cache.asked();
    let cache = cache.has_both();
    for (path, pin) in pins {
        let desk = cache.offline().pin_to(pin.clone());
        assert_eq!(desk.fetch(&source(path)).expect("a file").pin(), pin);
        assert_eq!(desk.left(), ["file"]);
    }
    assert_eq!(cache.asked(), before);
}

#[test]
fn offline_the_cache_says_what_a_branch_is_and_which_files_it_has() {
    let cache = Cache::new().has_both();
    for path in [MODEL, "*/*.gguf"] {
        let desk = cache.offline();
        let fetched = desk.fetch(&source(path)).expect("a file");
        assert_is(&fetched, &bytes(SIZE));
        assert_eq!((fetched.commit.as_deref(), fetched.files[0].path.as_str()), (Some(FIRST), MODEL));
    }
    assert_is(&cache.offline().fetch(&source("*.jsonl")).expect("a small file"), SMALL);
    let at = |revision: &str| Source::Hub {
        repo: "org/repo".to_owned(),
        dataset: false,
        path: MODEL.to_owned(),
        revision: Some(revision.to_owned()),
    };
    assert_is(&cache.offline().fetch(&at(FIRST)).expect("a file"), &bytes(SIZE));
    for other in [at("v9"), at("../refs/main"), source("other.gguf")] {
        let error = cache.offline().fetch(&other).expect_err("not there");
        assert!(matches!(error, FetchError::Offline { variable: "HF_HUB_OFFLINE", .. }), "{error}");
    }
    // A file that is no link has no name that vouches for it.
    cache.write(&format!("snapshots/{FIRST}/plain.bin"), "bytes");
    cache.offline().fetch(&source("plain.bin")).expect_err("nobody vouches for it");
    assert_eq!(cache.asked(), (0, 0));
}

#[test]
fn a_poisoned_blob_is_told_left_alone_and_fetched_instead() {
    let cut = &bytes(SIZE)[..1000];
    let mut flipped = bytes(SIZE);
    flipped[SIZE / 2] ^= 1;
    for poison in [cut, &flipped, b"<html>error 500</html>"] {
        let cache = Cache::new();
        let blob = format!("blobs/{}", sha256(&bytes(SIZE)));
        cache.has(MODEL, &sha256(&bytes(SIZE)), poison);
        let desk = cache.desk();
        assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
        assert!(desk.said("in the hub's cache has not the bytes that it should have; it is left alone"));
        assert_eq!(desk.left(), ["file"]);
        assert_eq!((read(&cache.path(&blob)), cache.asked().1), (poison.to_vec(), 1), "it is not ours");
        let error = cache.offline().fetch(&source(MODEL)).expect_err("no file");
        assert!(matches!(error, FetchError::Offline { .. }), "{error}");
    }
}

#[test]
fn a_copy_that_was_stopped_does_no_harm_to_a_download_that_was_cut() {
    let cache = Cache::new();
    cache.hub.fault(Fault::Stall, 1);
    let desk = cache.hub.desk();
    desk.watch.stop_at.set(Some(100_000));
    desk.fetch(&source(MODEL)).expect_err("stopped");
    let cache = cache.has_both();
    // A silent server may be asked again before it is seen that nobody waits.
    let (_, asked) = cache.asked();
    let desk = cache.knows(desk);
    desk.watch.stop_at.set(Some(0));
    assert!(matches!(desk.fetch(&source(MODEL)), Err(FetchError::Stopped)));
    assert!(desk.left().contains(&"partial".to_owned()), "{:?}", desk.left());
    desk.watch.stop_at.set(None);
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert_eq!(cache.asked().1, asked);
}

#[test]
fn what_was_downloaded_is_found_by_the_hubs_own_client() {
    let cache = Cache::new();
    for path in [MODEL, "small.jsonl"] {
        cache.desk().fetch(&source(path)).expect("a file");
    }
    let (large, small) = (sha256(&bytes(SIZE)), git(SMALL));
    let expected = [
        format!("blobs/{small}"),
        format!("blobs/{large}"),
        "refs/main".to_owned(),
        format!("snapshots/{FIRST}/BF16/model.gguf -> ../../../blobs/{large}"),
        format!("snapshots/{FIRST}/small.jsonl -> ../../blobs/{small}"),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(cache.tree(), expected);
    assert_eq!(read(&cache.path("refs/main")), FIRST.as_bytes());
    assert!(read(&cache.path("snapshots").join(FIRST).join(MODEL)) == bytes(SIZE));

    // The branch moves, and of a pin nobody says what the branch is.
    let pin = cache.hub.desk().fetch(&source("small.jsonl")).expect("a file").pin();
    let second = cache.hub.commit(&[("small.jsonl", b"[]")]);
    cache.desk().fetch(&source("small.jsonl")).expect("the new file");
    assert_eq!(read(&cache.path("refs/main")), second.as_bytes());
    assert_is(&cache.offline().fetch(&source("small.jsonl")).expect("the new file"), b"[]");
    fs::remove_dir_all(cache.path("blobs")).expect("an emptied cache");
    cache.desk().pin_to(pin).fetch(&source("small.jsonl")).expect("the old file");
    assert_eq!(read(&cache.path("refs/main")), second.as_bytes());
    assert_eq!(read(&cache.path(format!("blobs/{small}"))), SMALL);
}

#[test]
fn the_cache_is_filled_where_there_is_one_and_nobody_forbids_it() {
    let cache = Cache::new();
    let mut desk = cache.desk();
    desk.settings.hub_cache_fill = false;
    desk.fetch(&source(MODEL)).expect("a file");
    assert!(!cache.path("").exists());

    let mut desk = cache.desk();
    let nowhere = cache.root.path().join("nowhere");
    desk.settings.hub_cache = Some(nowhere.clone());
    desk.fetch(&source(MODEL)).expect("a file");
    assert!(!nowhere.exists());
}

#[test]
fn a_cache_that_cannot_be_filled_is_no_reason_to_fail() {
    let cache = Cache::new();
    fs::write(cache.root.path().join("models--org--repo"), "a file where a folder should be").expect("a file");
    let desk = cache.desk();
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert!(desk.said("BF16/model.gguf: it could not be put into the hub's cache"), "{:?}", desk.watch.lines.borrow());
}

#[test]
fn nothing_damaged_is_put_there() {
    let cache = Cache::new();
    cache.hub.fault(Fault::Flip, 99);
    cache.desk().fetch(&source(MODEL)).expect_err("no file");
    assert!(!cache.path("").exists());
}
