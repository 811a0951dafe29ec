//! Large files over several connections: that they arrive, and that nothing which may happen makes other bytes of them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes};
use crate::fake_hub::{FakeHub, Fault, source};
use crate::server::{Reply, Request, Server};

const SIZE: usize = 300_007;
const PART: usize = 32_000;
/// Nine whole parts and a short one.
const PARTS: usize = 10;
const MODEL: &str = "model.gguf";

fn large(mut desk: Desk) -> Desk {
    (desk.settings.large, desk.settings.part) = (100_000, PART as u64);
    desk
}

fn hub() -> (FakeHub, Desk) {
    let hub = FakeHub::with(&[(MODEL, &bytes(SIZE))]);
    let desk = large(hub.desk());
    (hub, desk)
}

/// A server of one file, with its version, that says that it sends parts.
fn file(body: &[u8], etag: &str) -> Reply {
    Reply::file(body, etag).header("Accept-Ranges", "bytes")
}

/// Numbers of the parts that were asked for, in order.
fn parts(server: &Server) -> Vec<usize> {
    let mut parts: Vec<usize> =
        server.requests().iter().filter_map(|request| Some(request.range()?.0 / PART)).collect();
    parts.sort_unstable();
    parts
}

/// Parts that an interrupted download has noted as finished.
fn noted(folder: &Path) -> usize {
    let text = fs::read_to_string(folder.join("partial.chunks")).unwrap_or_default();
    let ends = (1..=PARTS).map(|number| format!("{} {}", number - 1, SIZE.min(number * PART)));
    ends.filter(|end| text.lines().any(|line| line == end)).count()
}

#[test]
fn a_large_file_comes_over_several_connections_each_part_once() {
    let (hub, desk) = hub();
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert_eq!(parts(&hub.bytes), Vec::from_iter(0..PARTS));
    let ends = hub.bytes.requests().iter().all(|request| {
        let (first, last) = request.range().expect("a part");
        last == Some((first + PART).min(SIZE) - 1)
    });
    assert!(ends, "{:?}", hub.bytes.ranges());
    // Commit, list, and at most once a connection where the bytes are.
    assert!(hub.asked().0.len() <= 2 + 4, "{:?}", hub.asked().0);
    assert_eq!(desk.left(), ["file"]);
    let steps = desk.watch.steps.borrow();
    assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0), "progress went back: {steps:?}");
    assert_eq!(steps.last(), Some(&(SIZE as u64, Some(SIZE as u64))));
}

#[test]
fn a_smaller_file_and_a_single_connection_ask_once() {
    let (hub, mut desk) = hub();
    desk.settings.connections = 1;
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    let mut desk = large(hub.desk());
    desk.settings.large = SIZE as u64 + 1;
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert_eq!(hub.bytes.ranges(), [None, None]);
}

#[test]
fn a_file_of_unknown_size_comes_in_parts_once_the_server_has_told_it() {
    let body = bytes(SIZE);
    let server = Server::start([file(&body, "a")]);
    let desk = large(Desk::new().patient());
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(parts(&server), Vec::from_iter(0..PARTS));
    assert!(server.requests()[1..].iter().all(|request| request.header("if-range") == Some("\"a\"")));

    // Without a version of the file, or without a word of parts, one connection has to do.
    for reply in [Reply::plain(&body).header("Accept-Ranges", "bytes"), Reply::file(&body, "a")] {
        let server = Server::start([reply]);
        let desk = large(Desk::new().patient());
        assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
        assert_eq!(server.ranges(), [None]);
    }
}

#[test]
fn each_fault_once_is_survived() {
    let told = [
        (Fault::Status500, "the server answered 500"),
        (Fault::Cut, "try 2 of 5"),
        (Fault::Short, "the server does not send parts of the file; going on with one connection"),
        (Fault::Flip, "not the right ones; starting over"),
        (Fault::Stall, "silent for too long"),
        (Fault::NoRange, "the server does not send parts of the file; going on with one connection"),
        (Fault::Fewer, "the server does not send parts of the file; going on with one connection"),
        (Fault::Moved, "the hub suddenly speaks of a file with other bytes"),
        (Fault::OtherCommit, "the hub suddenly speaks of another commit"),
    ];
    for (fault, words) in told {
        let (hub, mut desk) = hub();
        hub.fault(fault, 1);
        if fault == Fault::Stall {
            desk.settings.timeout = Duration::from_millis(300);
        }
        assert_is(&desk.fetch(&source(MODEL)).unwrap_or_else(|error| panic!("{fault:?}: {error}")), &bytes(SIZE));
        assert!(desk.said(words), "{fault:?}: {:?}", desk.watch.lines.borrow());
        assert_eq!(desk.left(), ["file"], "{fault:?}");
    }
}

#[test]
fn each_fault_for_ever_is_an_error_and_no_file() {
    let told = [
        (Fault::Status500, "5 tries in a row failed"),
        (Fault::Flip, "was changed on its way: SHA-256"),
        (Fault::Moved, "5 tries in a row failed"),
        (Fault::Fewer, "5 tries in a row failed"),
    ];
    for (fault, words) in told {
        let (hub, desk) = hub();
        hub.fault(fault, 999);
        let error = desk.fetch(&source(MODEL)).expect_err("no file").to_string();
        assert!(error.contains(words), "{fault:?}: {error}");
        assert!(!desk.left().contains(&"file".to_owned()));
    }
}

#[test]
fn the_token_stays_with_the_hub_whoever_asks() {
    let (hub, mut desk) = hub();
    hub.private();
    desk.settings.token = xlt_fetch::Token::new(crate::fake_hub::TOKEN);
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert!(hub.hub.requests().iter().all(|request| request.header("authorization").is_some()));
    assert!(hub.bytes.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn an_address_that_expires_is_asked_for_again() {
    let body = bytes(SIZE);
    // Each address works twice.
    let mut left = Vec::new();
    let server = Server::answering(move |request| match request.path.split_once("?at=") {
        None => {
            left.push(2);
            Reply::redirect(&format!("/elsewhere?at={}", left.len() - 1))
        }
        Some((_, number)) => match &mut left[number.parse::<usize>().expect("a number")] {
            0 => Reply::status(403),
            left => {
                *left -= 1;
                Reply::file(&bytes(SIZE), "a")
            }
        },
    });
    let desk = large(Desk::new().patient().pin(&body).pin_size(SIZE));
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
}

#[test]
fn a_server_that_sends_all_that_follows_is_left_at_the_end_of_a_part() {
    let body = bytes(SIZE);
    let server = Server::answering({
        let body = body.clone();
        move |request| match request.range() {
            Some((first, _)) => Reply::plain(&body[first..])
                .with_status(206)
                .header("ETag", "\"a\"")
                .header("Content-Range", &format!("bytes {first}-{}/{SIZE}", SIZE - 1)),
            None => file(&body, "a"),
        }
    });
    let desk = large(Desk::new().patient());
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    assert_eq!(parts(&server), Vec::from_iter(0..PARTS));
}

#[test]
fn the_wrong_part_is_not_written() {
    let body = bytes(SIZE);
    let wrong = |body: &[u8], shift: usize, total: usize| {
        let body = body.to_vec();
        move |request: &Request| match request.range() {
            Some((first, Some(last))) => {
                let (first, last) = (first.saturating_sub(shift), last.saturating_sub(shift));
                Reply::plain(&body[first..=last])
                    .with_status(206)
                    .header("ETag", "\"a\"")
                    .header("Content-Range", &format!("bytes {first}-{last}/{total}"))
            }
            _ => file(&body, "a"),
        }
    };
    for (shift, total) in [(1000, SIZE), (0, SIZE + 1)] {
        let server = Server::answering(wrong(&body, shift, total));
        let desk = large(Desk::new().patient());
        assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
        // The very first part may be right by chance.
        assert!(desk.said("another part than asked for; going on with one connection"));
    }
}

#[test]
fn a_file_that_changes_midway_is_not_stitched_together() {
    let (old, new) = (vec![1; SIZE], bytes(SIZE));
    for keeps_etag in [false, true] {
        let (old, expected) = (old.clone(), new.clone());
        let (new, mut count) = (new.clone(), 0);
        let server = Server::answering(move |request| {
            count += 1;
            match (count, request.range()) {
                (..5, _) => file(&old, "old"),
                // A server that does not listen to `If-Range`.
                (_, Some((first, Some(last)))) if keeps_etag => Reply::plain(&new[first..=last])
                    .with_status(206)
                    .header("ETag", "\"new\"")
                    .header("Content-Range", &format!("bytes {first}-{last}/{SIZE}")),
                _ => file(&new, "new"),
            }
        });
        let desk = large(Desk::new().patient());
        assert_is(&desk.fetch_url(&server.url()).expect("the new file"), &expected);
    }
}

#[test]
fn a_server_that_allows_one_connection_gets_one() {
    let body = bytes(SIZE);
    let (server_body, token) = (body.clone(), Arc::new(()));
    let server = Server::answering(move |_| match Arc::strong_count(&token) {
        1 => Reply::file(&server_body, "a").holding(Arc::clone(&token)),
        _ => Reply::status(503),
    });
    let mut desk = large(Desk::new().patient().pin(&body).pin_size(SIZE));
    desk.settings.tries = 1000;
    desk.settings.longest_wait = Duration::from_millis(5);
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
}

#[test]
fn a_server_that_is_down_is_not_asked_more_often_for_four() {
    let server = Server::start([Reply::status(500)]);
    let desk = large(Desk::new().pin(&bytes(SIZE)).pin_size(SIZE));
    let error = desk.fetch_url(&server.url()).expect_err("no file").to_string();
    assert!(error.contains("5 tries in a row failed") && error.contains("the server answered 500"), "{error}");
    assert!(server.requests().len() <= 4 * 5, "{}", server.requests().len());
    assert!(desk.watch.lines.borrow().len() <= 5, "{:?}", desk.watch.lines.borrow());
}

#[test]
fn a_server_that_asks_for_time_gets_it_from_all_connections() {
    let body = bytes(SIZE);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (times, server_body) = (Arc::clone(&asked), body.clone());
    let server = Server::answering(move |_| {
        let mut times = times.lock().expect("whole");
        times.push(Instant::now());
        if times.len() <= 4 { Reply::status(429).header("Retry-After", "1") } else { Reply::file(&server_body, "a") }
    });
    let desk = large(Desk::new().patient().pin(&body).pin_size(SIZE));
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    let times = asked.lock().expect("whole");
    let soon = times.iter().filter(|time| **time - times[0] < Duration::from_millis(900)).count();
    assert!(soon <= 4, "{soon} requests before it was time");
}

#[test]
fn a_refusal_is_told_as_to_one_connection() {
    let server = Server::start([Reply::status(403)]);
    let desk = large(Desk::new().pin(&bytes(SIZE)).pin_size(SIZE));
    let error = desk.fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::Forbidden { .. }), "{error}");
    let server = Server::start([Reply::plain(b"<html>log in</html>").header("Content-Type", "text/html")]);
    let desk = large(Desk::new().pin_size(SIZE));
    let error = desk.fetch_url(&server.url()).expect_err("no file");
    assert!(matches!(error, FetchError::WebPage { .. }), "{error}");
}

/// Parts that a server has, the others being silent after their first half.
fn halting(body: Vec<u8>, has: impl Fn(usize) -> bool + Send + 'static) -> Server {
    Server::answering(move |request| match request.range() {
        Some((first, _)) if !has(first / PART) => {
            file(&body, "a").cut((PART / 2).saturating_sub(first % PART)).then_hang()
        }
        _ => file(&body, "a"),
    })
}

#[test]
fn a_stopped_download_goes_on_with_what_is_missing() {
    let body = bytes(SIZE);
    let server = halting(body.clone(), |part| part < 6 && part != 1);
    let desk = large(Desk::new().patient());
    desk.watch.stop_when.set(Some(Instant::now() + Duration::from_millis(400)));
    assert!(matches!(desk.fetch_url(&server.url()), Err(FetchError::Stopped)));
    assert_eq!(desk.left(), ["partial.chunks", "partial.origin", "partial.parts"]);
    assert_eq!(noted(desk.folder.path()), 5);

    let second = Server::start([file(&body, "a")]);
    // Another server is another address: nothing of this is its.
    let other = large(Desk::new().patient());
    assert_is(&other.fetch_url(&second.url()).expect("a file"), &body);

    let before = server.requests().len();
    desk.watch.stop_when.set(Some(Instant::now() + Duration::from_millis(300)));
    assert!(matches!(desk.fetch_url(&server.url()), Err(FetchError::Stopped)));
    let asked: Vec<usize> =
        server.requests()[before..].iter().filter_map(|request| Some(request.range()?.0 / PART)).collect();
    assert!(!asked.is_empty() && asked.iter().all(|part| *part == 1 || *part >= 6), "{asked:?}");
    let here = 5 * PART + 4 * (PART / 2);
    assert!(desk.said(&format!("{here} of {SIZE} bytes are here already")), "{:?}", desk.watch.lines.borrow());
    let starts: Vec<usize> =
        server.requests()[before..].iter().filter_map(|request| Some(request.range()?.0)).collect();
    assert!(starts.contains(&(PART + PART / 2)), "half of a part came again: {starts:?}");
}

#[test]
fn what_a_single_connection_has_left_is_the_beginning_and_the_other_way_round() {
    let body = bytes(SIZE);
    let server = Server::start([file(&body, "a").cut(100_000).then_hang(), file(&body, "a")]);
    let mut desk = large(Desk::new().patient());
    desk.settings.connections = 1;
    desk.watch.stop_at.set(Some(1));
    desk.fetch_url(&server.url()).expect_err("stopped");
    desk.watch.stop_at.set(None);
    let here = fs::metadata(desk.folder.path().join("partial")).expect("a partial").len() as usize;
    assert!(here > 0 && here <= 100_000);
    desk.settings.connections = 4;
    let mut desk = desk.pin_size(SIZE);
    assert_is(&desk.fetch_url(&server.url()).expect("a file"), &body);
    let first = server.requests()[1..].iter().filter_map(|request| Some(request.range()?.0)).min();
    assert_eq!(first, Some(here));

    // What is in parts stays in parts, also where one connection goes on with it.
    desk = large(Desk::new().patient());
    let server = halting(body.clone(), |part| part < 6 && part != 1);
    desk.watch.stop_when.set(Some(Instant::now() + Duration::from_millis(400)));
    desk.fetch_url(&server.url()).expect_err("stopped");
    (desk.settings.connections, desk.settings.part) = (1, 1000);
    desk.watch.stop_when.set(Some(Instant::now() + Duration::from_millis(200)));
    desk.fetch_url(&server.url()).expect_err("stopped");
    assert_eq!(noted(desk.folder.path()), 5);
}

#[test]
fn parts_that_the_disk_has_damaged_are_noticed() {
    let (hub, desk) = hub();
    hub.fault(Fault::Stall, 3);
    desk.watch.stop_when.set(Some(Instant::now() + Duration::from_millis(400)));
    desk.fetch(&source(MODEL)).expect_err("stopped");
    desk.watch.stop_when.set(None);
    let path = desk.folder.path().join("partial.parts");
    let kept = noted(desk.folder.path());
    let mut damaged = fs::read(&path).expect("parts");
    assert_eq!(damaged.len(), SIZE);
    damaged.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
    fs::write(&path, damaged).expect("damaged parts");
    assert_is(&desk.fetch(&source(MODEL)).expect("a file"), &bytes(SIZE));
    assert_eq!(desk.said("not the right ones; starting over"), kept > 0);
    assert_eq!(desk.left(), ["file"]);
}

/// What a killed process does. By itself it does nothing: the test below starts it with an address.
#[test]
fn child() {
    let (Ok(url), Ok(folder)) = (std::env::var("XLT_TEST_URL"), std::env::var("XLT_TEST_FOLDER")) else { return };
    let mut desk = large(Desk::new().patient());
    if let Ok(bytes) = fs::read(Path::new(&folder).join("pinned")) {
        desk = desk.pin(&bytes);
    }
    let _ = desk.fetch_into(&url, Path::new(&folder));
}

struct Killed(Child);

impl Killed {
    fn start(url: &str, folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "ranges::child"]).env("XLT_TEST_URL", url).env("XLT_TEST_FOLDER", folder);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process"))
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // SIGKILL: it has no say in the matter.
        self.0.kill().expect("it lives");
        self.0.wait().expect("it is gone");
    }
}

#[test]
fn a_killed_download_goes_on_and_has_the_right_bytes() {
    let body = bytes(SIZE);
    let folder = tempfile::tempdir().expect("a folder");
    let allowed = Arc::new(AtomicUsize::new(0));
    let limit = Arc::clone(&allowed);
    // Every second part comes first, then more and more of all.
    let server = halting(body.clone(), move |part| part % 2 == 1 && part < 8 || part < limit.load(Ordering::SeqCst));
    let mut kept = Vec::new();
    for (more, at_least) in [(0, 2), (2, 5), (4, 6), (6, 7)] {
        allowed.store(more, Ordering::SeqCst);
        let killed = Killed::start(&server.url(), folder.path());
        let end = Instant::now() + Duration::from_secs(20);
        while noted(folder.path()) < at_least && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(killed);
        kept.push(noted(folder.path()));
    }
    assert!(kept.is_sorted() && kept[3] >= 7, "{kept:?}");
    allowed.store(PARTS, Ordering::SeqCst);
    let before = server.requests().len();
    let desk = large(Desk::new().patient());
    let fetched = desk.fetch_into(&server.url(), folder.path()).expect("a file");
    assert_is(&fetched, &body);
    let again = server.requests().len() - before;
    assert_eq!(again, PARTS - kept[3], "finished parts came again");
}
