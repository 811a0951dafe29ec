//! Files of the model hub: found, checked against what the hub says of them, and fetched again by their commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use xlt_core::key;
use xlt_core::plan::{Pin, PinnedFile};
use xlt_core::spec::Source;
use xlt_fetch::{FetchError, Fetched, HubError, Token};

use crate::desk::{Desk, assert_is, bytes, read, sha256};
use crate::fake_hub::{FakeHub, Fault, TOKEN, source};
use crate::server::{Reply, Server};

const SIZE: usize = 300_000;
const MODEL: &str = "model-Q8_0.gguf";
const SMALL: &[u8] = b"{\"id\": 1}\n";

fn model_hub() -> FakeHub {
    FakeHub::with(&[("README.md", b"# A model"), (MODEL, &bytes(SIZE)), ("data/small one.jsonl", SMALL)])
}

fn with_token(mut desk: Desk, token: &str) -> Desk {
    desk.settings.token = Token::new(token);
    desk
}

#[track_caller]
fn fails(desk: &Desk, path: &str, words: &[&str]) {
    let error = desk.fetch(&source(path)).expect_err("no file").to_string();
    words.iter().for_each(|words| assert!(error.contains(words), "{error:?} does not say {words:?}"));
    assert!(!desk.left().contains(&"file".to_owned()));
}

#[test]
fn a_large_file_comes_from_the_other_origin_and_is_what_the_list_says() {
    let hub = model_hub();
    let desk = hub.desk();
    let fetched = desk.fetch(&source("*.gguf")).expect("a file");
    assert_is(&fetched, &bytes(SIZE));
    let commit = format!("{:040x}", 0xc0);
    let file = PinnedFile { path: MODEL.to_owned(), size: SIZE as u64, sha256: sha256(&bytes(SIZE)) };
    let pin =
        Pin { sha256: file.sha256.clone(), size: Some(file.size), commit: Some(commit.clone()), files: vec![file] };
    assert_eq!(fetched.pin(), pin);
    let (hub, bytes) = hub.asked();
    let api = "/api/models/org/repo";
    let expected = [
        format!("{api}/revision/main"),
        format!("{api}/tree/{commit}?recursive=true"),
        format!("/org/repo/resolve/{commit}/{MODEL}"),
    ];
    assert_eq!((hub.as_slice(), bytes.len()), (expected.as_slice(), 1));
    assert_eq!(desk.left(), ["file"]);
    assert_eq!(desk.watch.steps.borrow().last(), Some(&(SIZE as u64, Some(SIZE as u64))));
}

#[test]
fn a_small_file_comes_at_once_and_is_checked_by_its_git_name() {
    let hub = model_hub();
    let desk = hub.desk();
    let fetched = desk.fetch(&source("data/*.jsonl")).expect("a file");
    assert_is(&fetched, SMALL);
    assert_eq!(fetched.files[0].sha256, sha256(SMALL));
    assert_eq!(hub.asked().1.len(), 0);

    hub.fault(Fault::FlipSmall, 1);
    assert_is(&hub.desk().fetch(&source("data/small one.jsonl")).expect("a second try"), SMALL);
    hub.fault(Fault::FlipSmall, 9);
    fails(&hub.desk(), "data/small one.jsonl", &["was changed on its way", "git blob", "HF_ENDPOINT"]);
}

#[test]
fn a_data_set_and_a_branch_are_asked_for_by_their_names() {
    let server = Server::start([Reply::plain(b"[]")]);
    let mut desk = Desk::new();
    desk.settings.hub = format!("{}/mirror/", server.base());
    let (repo, path) = ("org/quiz".to_owned(), "x.jsonl".to_owned());
    let source = Source::Hub { repo, dataset: true, path, revision: Some("refs/pr/7".to_owned()) };
    desk.fetch(&source).expect_err("no revision");
    assert_eq!(server.requests()[0].path, "/mirror/api/datasets/org/quiz/revision/refs%2Fpr%2F7");
}

#[test]
fn a_pinned_file_is_fetched_by_its_commit_although_the_branch_has_moved() {
    let hub = model_hub();
    let pin = hub.desk().fetch(&source("*.gguf")).expect("a file").pin();
    hub.commit(&[("other.gguf", &bytes(2000))]);
    let before = hub.asked().0.len();
    let desk = hub.desk().pin_to(pin.clone());
    let fetched = desk.fetch(&source("*.gguf")).expect("the same file");
    assert_is(&fetched, &bytes(SIZE));
    assert_eq!(fetched.pin(), pin);
    assert_eq!(hub.asked().0.len(), before + 1, "the API was asked");

    // Nobody took it: it is not fetched again.
    assert_is(&desk.fetch(&source("*.gguf")).expect("the same file"), &bytes(SIZE));
    assert_eq!(hub.asked().0.len(), before + 1);
}

#[test]
fn each_fault_once_is_survived() {
    let told = [
        (Fault::Status500, "the server answered 500"),
        (Fault::Cut, "try 2 of 5"),
        (Fault::Short, "only 150000 of 300000 bytes arrived"),
        (Fault::Flip, "not the right ones; starting over"),
        (Fault::Stall, "silent for too long"),
        (Fault::Moved, "the hub suddenly speaks of a file with other bytes"),
        (Fault::Resized, "the hub suddenly speaks of a file of another size"),
        (Fault::OtherCommit, "the hub suddenly speaks of another commit"),
        (Fault::Fewer, "the server sends 150000 bytes where 300000 were announced"),
        (Fault::Busy, "too many requests; with HF_TOKEN it allows more"),
        (Fault::CutApi, "try 2 of 5"),
    ];
    for (fault, words) in told {
        let hub = model_hub();
        hub.fault(fault, 1);
        let mut desk = hub.desk();
        if fault == Fault::Stall {
            desk.settings.timeout = Duration::from_millis(300);
        }
        assert_is(&desk.fetch(&source(MODEL)).unwrap_or_else(|error| panic!("{fault:?}: {error}")), &bytes(SIZE));
        assert!(desk.said(words), "{fault:?}: {:?}", desk.watch.lines.borrow());
    }
}

#[test]
fn each_fault_for_ever_is_an_error_and_no_file() {
    let told = [
        (Fault::Status500, "5 tries in a row failed"),
        (Fault::Flip, "was changed on its way: SHA-256"),
        (Fault::Moved, "5 tries in a row failed"),
        (Fault::Resized, "5 tries in a row failed"),
        (Fault::OtherCommit, "5 tries in a row failed"),
        (Fault::Fewer, "5 tries in a row failed"),
        (Fault::Html, "does not answer as the model hub does"),
        (Fault::Busy, "too many requests"),
        (Fault::CutApi, "5 tries in a row failed"),
    ];
    for (fault, words) in told {
        let hub = model_hub();
        hub.fault(fault, 99);
        fails(&hub.desk(), MODEL, &[words]);
    }
}

#[test]
fn a_cut_download_goes_on_where_it_broke_or_starts_again_where_that_is_not_possible() {
    let hub = model_hub();
    hub.fault(Fault::Cut, 1);
    assert_is(&hub.desk().fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert_eq!(hub.bytes.ranges(), [None, Some("bytes=150000-".to_owned())]);

    let hub = model_hub();
    hub.fault(Fault::Cut, 1).fault(Fault::NoRange, 1);
    let desk = hub.desk();
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert!(desk.said("from the start"));
}

#[test]
fn a_download_of_a_branch_that_moved_meanwhile_is_not_stitched_together() {
    let hub = model_hub();
    hub.fault(Fault::Stall, 1);
    let desk = hub.desk();
    desk.watch.stop_at.set(Some(1));
    assert!(matches!(desk.fetch(&source("*.gguf")), Err(FetchError::Stopped)));
    desk.watch.stop_at.set(None);
    hub.commit(&[(MODEL, &vec![7; SIZE])]);
    assert_is(&desk.fetch(&source("*.gguf")).expect("the new file"), &vec![7; SIZE]);
    assert_eq!(hub.bytes.ranges(), [None, None]);
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let hub = model_hub();
    hub.private().fault(Fault::Cut, 1).fault(Fault::Moved, 1);
    let desk = with_token(hub.desk(), &format!("  {TOKEN}\n"));
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    let bearer = format!("Bearer {TOKEN}");
    assert!(hub.hub.requests().iter().all(|request| request.header("authorization") == Some(&bearer)));
    assert!(hub.bytes.requests().iter().all(|request| request.header("authorization").is_none()));
    assert!(!desk.said(TOKEN) && !desk.said("s3cr3t"), "{:?}", desk.watch.lines.borrow());
    assert!(!format!("{:?}", desk.settings).contains(TOKEN));

    // The same host on another port is another origin, also for the API.
    let (elsewhere, hub) = (model_hub(), model_hub());
    let target = format!("{}/api/models/org/repo/revision/main", elsewhere.hub.base());
    let front = Server::start([Reply::redirect(&target)]);
    let mut desk = with_token(hub.desk(), TOKEN);
    desk.settings.hub = front.base();
    desk.fetch(&source(MODEL)).expect_err("no list of files");
    assert_eq!(front.requests()[0].header("authorization"), Some(bearer.as_str()));
    assert_eq!(elsewhere.hub.requests()[0].header("authorization"), None);
}

#[test]
fn a_token_that_no_header_can_hold_is_named_but_not_shown() {
    let hub = model_hub();
    let error = with_token(hub.desk(), "hf_ä secret").fetch(&source(MODEL)).expect_err("no file").to_string();
    assert!(error.contains("HF_TOKEN") && !error.contains("secret"), "{error}");
    assert_eq!(hub.asked().0.len(), 0);
}

#[test]
fn whoever_may_not_read_a_repository_is_told_what_to_do() {
    let hub = model_hub();
    hub.gated();
    let page = format!("{}/org/repo", hub.hub.base());
    fails(&hub.desk(), MODEL, &["hf:org/repo is gated: log in at", &page, "HF_TOKEN"]);
    assert_is(&with_token(hub.desk(), TOKEN).fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    fails(&with_token(hub.desk(), "hf_other"), MODEL, &["does not accept your token for hf:org/repo"]);

    let gate = Server::start([Reply::status(403).header("X-Error-Code", "GatedRepo")]);
    let mut desk = with_token(Desk::new(), TOKEN);
    desk.settings.hub = gate.base();
    fails(&desk, MODEL, &["the account of your token may not read it", "accept its terms"]);

    let hub = model_hub();
    hub.private();
    fails(&hub.desk(), MODEL, &["hf:org/repo is not on the model hub, or is private", "HF_TOKEN"]);
    let closed = Server::start([Reply::status(403)
        .header("X-Error-Code", "DisabledRepo")
        .header("X-Error-Message", "Access is disabled")]);
    let mut desk = Desk::new();
    desk.settings.hub = closed.base();
    fails(&desk, MODEL, &["the model hub refuses hf:org/repo: Access is disabled (it answered 403)"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let hub = model_hub();
    let at = |repo: &str, revision: Option<&str>| Source::Hub {
        repo: repo.to_owned(),
        dataset: false,
        path: MODEL.to_owned(),
        revision: revision.map(str::to_owned),
    };
    let error = |source| hub.desk().fetch(&source).expect_err("no file").to_string();
    assert!(error(at("org/rpo", None)).contains("hf:org/rpo is not on the model hub"));
    assert!(error(at("org/repo", Some("v9"))).contains("hf:org/repo has no branch, tag or commit `v9`"));
    fails(&hub.desk(), "model-q8.gguf", &["hf:org/repo has no file model-q8.gguf at main; it has model-Q8_0.gguf, "]);
    fails(&hub.desk(), "*.jsonl", &["has no file *.jsonl at main; it has model-Q8_0.gguf"]);

    let commit = hub.commit(&[("other", b"")]);
    let file = PinnedFile { path: MODEL.to_owned(), size: 1, sha256: sha256(b"") };
    let pin = Pin { sha256: sha256(b""), size: None, commit: Some(commit.clone()), files: vec![file] };
    let words = format!("hf:org/repo has no file {MODEL} at commit {commit}");
    fails(&hub.desk().pin_to(pin), MODEL, &[&words, "delete its entry in the lock file"]);
}

#[test]
fn a_renamed_repository_is_followed() {
    let hub = model_hub();
    hub.private();
    let source = Source::Hub { repo: "org/renamed".to_owned(), dataset: false, path: MODEL.to_owned(), revision: None };
    assert_is(&with_token(hub.desk(), TOKEN).fetch(&source).expect("a file"), &bytes(SIZE));
}

#[test]
fn a_list_of_many_pages_is_read_to_its_end() {
    let hub = model_hub();
    hub.page(1);
    assert_is(&hub.desk().fetch(&source("model*")).expect("a file"), &bytes(SIZE));
    assert_eq!(hub.asked().0.iter().filter(|path| path.contains("/tree/")).count(), 3);
}

#[test]
fn a_hub_that_asks_for_an_hour_is_not_waited_for() {
    let server = Server::start([Reply::status(429).header("Retry-After", "3600")]);
    let mut desk = Desk::new();
    desk.settings.hub = server.base();
    let error = desk.fetch(&source(MODEL)).expect_err("no file");
    assert!(matches!(error, FetchError::AskedToWait { status: 429, seconds: 3600, .. }), "{error}");
}

#[test]
fn a_hash_of_the_spec_is_compared_before_anything_is_downloaded() {
    let hub = model_hub();
    let desk = hub.seen_from(Desk::new().pin(&bytes(SIZE)));
    assert_eq!(desk.fetch(&source(MODEL)).expect("a file").commit, Some(format!("{:040x}", 0xc0)));

    let hub = model_hub();
    let words = ["hf:org/repo/model-Q8_0.gguf is another file now", &sha256(b"other"), "correct `sha256` in the spec"];
    fails(&hub.seen_from(Desk::new().pin(b"other")), MODEL, &words);
    fails(&hub.seen_from(Desk::new().pin_size(5)), MODEL, &["is 300000 bytes long where 5 are pinned"]);
    assert_eq!(hub.asked().1.len(), 0);
    let error = hub.seen_from(Desk::new().pin(b"other")).fetch(&source("README.md")).expect_err("another file");
    assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
}

#[test]
fn a_repository_whose_files_lead_out_of_their_folder_is_refused() {
    let long = "x".repeat(300);
    for (path, fault) in [
        ("data/..", "leaves its folder"),
        ("../../escaped", "leaves its folder"),
        ("/tmp/escaped", "is absolute"),
        ("data/", "leaves its folder, or has an empty part"),
        (long.as_str(), "is longer than file systems allow"),
    ] {
        let hub = FakeHub::with(&[("data/one.jsonl", SMALL), (path, SMALL)]);
        fails(&hub.desk(), "data/*", &["it lists the path", path, fault, "check HF_ENDPOINT"]);
        assert!(hub.desk().left().is_empty());
    }
}

#[test]
fn a_pin_that_cannot_be_is_refused() {
    let hub = model_hub();
    let good = hub.desk().fetch(&source(MODEL)).expect("a file").pin();
    let file = |path: &str| PinnedFile { path: path.to_owned(), ..good.files[0].clone() };
    let two = format!("{0}  a\n{0}  b\n", good.sha256);
    let bad = [
        Pin { commit: Some("../../main".to_owned()), ..good.clone() },
        Pin { files: vec![], ..good.clone() },
        Pin { sha256: sha256(two.as_bytes()), files: vec![file("a"), file("b")], size: None, ..good.clone() },
        Pin { sha256: sha256(b"other"), ..good.clone() },
    ];
    for pin in bad {
        fails(&hub.desk().pin_to(pin), MODEL, &["the lock file's entry for hf:org/repo/model-Q8_0.gguf is damaged"]);
    }
    for path in ["a/..", "/etc/passwd", "../../x", "a\0b", "a//b"] {
        let pin = Pin { files: vec![file(path)], ..good.clone() };
        fails(&hub.desk().pin_to(pin), MODEL, &["the lock file's entry", &format!("its path {path:?} ")]);
    }
    let file = PinnedFile { sha256: sha256(b"other"), ..good.files[0].clone() };
    let other = Pin { sha256: sha256(b"other"), files: vec![file], ..good };
    fails(&hub.desk().pin_to(other), MODEL, &["is another file now", "delete its entry in the lock file"]);
}

#[test]
fn a_file_that_changed_under_its_pinned_commit_is_named_at_once() {
    let hub = model_hub();
    let pin = hub.desk().fetch(&source(MODEL)).expect("a file").pin();
    hub.fault(Fault::Moved, 1);
    let desk = hub.desk().pin_to(pin);
    let (was, is) = (sha256(&bytes(SIZE)), sha256(b"other"));
    let words = format!("hf:org/repo/{MODEL} is another file now: SHA-256 {was} is pinned, the model hub has {is}");
    fails(&desk, MODEL, &[&words, "if it was replaced on purpose"]);
    assert!(desk.watch.lines.borrow().is_empty(), "it was asked again");
}

/// Three pieces of a split model, in a folder of the repository.
fn split() -> (FakeHub, BTreeMap<String, Vec<u8>>) {
    let shard = |number: u8| (format!("BF16/m-{number:05}-of-00003.gguf"), vec![number; 100_000 + usize::from(number)]);
    let shards: BTreeMap<String, Vec<u8>> = (1..=3).map(shard).collect();
    let files: Vec<(&str, &[u8])> = shards.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    (FakeHub::with(&[files, vec![("README.md", b"")]].concat()), shards)
}

#[track_caller]
fn assert_set(fetched: &Fetched, shards: &BTreeMap<String, Vec<u8>>) {
    let entries = std::fs::read_dir(&fetched.path).expect("a folder").map(|entry| entry.expect("an entry"));
    let found: BTreeMap<String, Vec<u8>> =
        entries.map(|entry| (format!("BF16/{}", entry.file_name().to_string_lossy()), read(&entry.path()))).collect();
    assert!(found == *shards, "{:?}", found.keys());
    let lines: String = shards.iter().map(|(path, bytes)| format!("{}  {path}\n", sha256(bytes))).collect();
    let hashed = shards.iter().map(|(path, bytes)| {
        let name = Path::new(path).file_name().expect("a name");
        (fetched.path.join(name), key::Digest::of(bytes))
    });
    assert_eq!(fetched.blake3, hashed.collect());
    assert_eq!(fetched.sha256, sha256(lines.as_bytes()), "not what `sha256sum BF16/*` says");
    assert_eq!(fetched.size, shards.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert!(fetched.files.iter().map(|file| &file.path).eq(shards.keys()));
}

#[test]
fn a_split_model_is_a_folder_of_its_pieces() {
    for path in ["BF16/*.gguf", "BF16/m-00002-of-00003.gguf"] {
        let (hub, shards) = split();
        let desk = hub.desk();
        assert_set(&desk.fetch(&source(path)).expect("a set"), &shards);
        assert_eq!(desk.left(), ["set"]);
        let steps = desk.watch.steps.borrow();
        assert_eq!(steps.last(), Some(&(300_006, Some(300_006))));
        assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0), "progress went back: {steps:?}");
    }
}

#[test]
fn finished_pieces_of_a_split_model_are_not_fetched_again() {
    let (hub, shards) = split();
    hub.fault(Fault::Cut, 0);
    let desk = hub.desk();
    desk.watch.stop_at.set(Some(150_000));
    assert!(matches!(desk.fetch(&source("BF16/*")), Err(FetchError::Stopped)));
    let firsts = |hub: &FakeHub| hub.asked().1.iter().filter(|path| path.contains("-00001-")).count();
    assert_eq!(firsts(&hub), 1);
    desk.watch.stop_at.set(None);
    let fetched = desk.fetch(&source("BF16/*")).expect("a set");
    assert_set(&fetched, &shards);
    assert_eq!(firsts(&hub), 1);

    // Nobody took it, and the disk has damaged a piece: that one comes again.
    let before = hub.asked().1.len();
    std::fs::write(fetched.path.join("m-00002-of-00003.gguf"), vec![9; 100_002]).expect("a damaged piece");
    std::fs::write(fetched.path.join("stray"), "").expect("a stray file");
    assert_set(&desk.fetch(&source("BF16/*")).expect("a set"), &shards);
    let again = hub.asked().1.split_off(before);
    assert!(again.len() == 1 && again[0].contains("-00002-"), "{again:?}");
}

#[test]
fn a_pinned_split_model_is_the_same_set_again() {
    let (hub, shards) = split();
    let pin = hub.desk().fetch(&source("BF16/*")).expect("a set").pin();
    hub.commit(&[]);
    let desk = hub.desk().pin_to(pin.clone());
    let fetched = desk.fetch(&source("BF16/*")).expect("the same set");
    assert_set(&fetched, &shards);
    assert_eq!(fetched.pin(), pin);

    // The hash alone, as a spec declares it.
    let (hub, shards) = split();
    let declared = Pin { sha256: pin.sha256, ..Pin::default() };
    assert_set(&hub.desk().pin_to(declared).fetch(&source("BF16/*")).expect("the same set"), &shards);
    fails(&hub.seen_from(Desk::new().pin(b"other")), "BF16/*", &["is another file now"]);
}

#[test]
fn an_incomplete_split_model_is_refused() {
    let hub = FakeHub::with(&[("m-00001-of-00002.gguf", b"1"), ("n.gguf", b"2")]);
    fails(&hub.desk(), "m-*", &["does not hold all pieces", "m-00002-of-00002.gguf is missing"]);
    fails(&hub.desk(), "*.gguf", &["means 2 files of hf:org/repo", "name one of them"]);
    let error = hub.desk().fetch(&source("[")).expect_err("no pattern");
    assert!(matches!(error, FetchError::Hub(HubError::BadPattern { .. })), "{error}");
}

#[test]
fn a_silent_hub_does_not_keep_us_from_stopping() {
    let server = Server::start([Reply::plain(b"{}").cut(0).then_hang()]);
    let mut desk = Desk::new();
    desk.settings.hub = server.base();
    desk.settings.timeout = Duration::from_secs(30);
    let start = Instant::now();
    desk.watch.stop_when.set(Some(start + Duration::from_millis(100)));
    assert!(matches!(desk.fetch(&source(MODEL)), Err(FetchError::Stopped)));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn an_endpoint_elsewhere_without_tls_is_refused() {
    let mut desk = with_token(Desk::new(), TOKEN);
    desk.settings.hub = "http://hub.invalid".to_owned();
    fails(&desk, MODEL, &["http://hub.invalid", "write https"]);
}
