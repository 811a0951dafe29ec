//! A file in pieces, joined in order.

use std::path::Path;

use xlt_core::plan::Pin;
use xlt_core::spec::Source;
use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes, sha256};
use crate::fake_hub::{FakeHub, Fault, source};
use crate::server::{Reply, Server};

fn joined(parts: impl IntoIterator<Item = Source>) -> Source {
    Source::Parts { parts: parts.into_iter().collect() }
}

fn url(server: &Server) -> Source {
    Source::Url { url: server.url() }
}

#[test]
fn pieces_are_joined_in_the_order_in_which_they_are_named() {
    let (one, two) = (bytes(300_000), vec![2; 200_000]);
    let servers = [Server::start([Reply::file(&one, "1")]), Server::start([Reply::file(&two, "2")])];
    let both = [one.clone(), two.clone()].concat();
    let desk = Desk::new().patient();
    assert_is(&desk.fetch(&joined(servers.iter().map(url))).expect("a file"), &both);
    assert_eq!(desk.left(), ["file"]);
    assert_eq!(desk.watch.steps.borrow().last(), Some(&(500_000, Some(500_000))));

    let desk = Desk::new().patient().pin(&both).pin_size(both.len());
    assert_is(&desk.fetch(&joined(servers.iter().map(url))).expect("the pin is of the whole"), &both);
    let asked = servers[0].requests().len();
    assert_is(&desk.fetch(&joined(servers.iter().map(url))).expect("it was finished earlier"), &both);
    assert_eq!(servers[0].requests().len(), asked);
    let error =
        Desk::new().patient().pin(&both).fetch(&joined(servers.iter().rev().map(url))).expect_err("the wrong order");
    assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
}

#[test]
fn a_piece_that_is_whole_is_not_fetched_again() {
    let (one, two) = (bytes(300_000), vec![2; 200_000]);
    let first = Server::start([Reply::file(&one, "1"), Reply::status(500)]);
    let second = Server::start([Reply::file(&two, "2").cut(100_000).then_hang(), Reply::file(&two, "2")]);
    let parts = joined([url(&first), url(&second)]);
    let desk = Desk::new().patient().pin(&[one.clone(), two.clone()].concat());
    desk.watch.stop_at.set(Some(300_001));
    assert!(matches!(desk.fetch(&parts), Err(FetchError::Stopped)));
    assert_eq!(pieces(&desk), 1, "an appended piece was kept");
    desk.watch.stop_at.set(None);
    // Killed while it appended more than it had written down.
    let partial = desk.folder.path().join("partial");
    let longer = [std::fs::read(&partial).expect("a partial"), vec![9; 500]].concat();
    std::fs::write(&partial, longer).expect("a longer partial");
    assert_is(&desk.fetch(&parts).expect("a file"), &[one, two].concat());
    assert_eq!(first.requests().len(), 1);
    assert!(second.ranges()[1].is_some(), "the second piece started again");
}

fn pieces(desk: &Desk) -> usize {
    std::fs::read_dir(desk.folder.path().join("pieces")).expect("a folder of pieces").count()
}

#[test]
fn a_piece_that_was_whole_but_not_yet_appended_is_used() {
    let one = bytes(300_000);
    let first = Server::start([Reply::file(&one, "1"), Reply::status(404)]);
    let gone = Server::start([Reply::status(404)]);
    let parts = joined([url(&first), url(&gone)]);
    let desk = Desk::new().patient().pin(b"the whole");
    desk.fetch(&parts).expect_err("no second piece");
    // As a kill between the renaming of the piece and the note of it leaves things.
    let folder = desk.folder.path().join("pieces").join(sha256(first.url().as_bytes()));
    std::fs::create_dir(&folder).expect("the piece's folder");
    std::fs::write(folder.join("file"), &one).expect("the piece");
    std::fs::remove_file(desk.folder.path().join("joined.json")).expect("the note");
    desk.fetch(&parts).expect_err("no second piece");
    assert_eq!((first.requests().len(), gone.requests().len()), (1, 2));
}

#[test]
fn a_joined_file_that_is_damaged_is_joined_anew() {
    let (one, two) = (bytes(300_000), vec![2; 200_000]);
    let first = Server::start([Reply::file(&one, "1")]);
    let second = Server::start([Reply::status(404), Reply::file(&two, "2")]);
    let parts = joined([url(&first), url(&second)]);
    let desk = Desk::new().patient().pin(&[one.clone(), two.clone()].concat());
    desk.fetch(&parts).expect_err("no second piece");
    std::fs::write(desk.folder.path().join("partial"), vec![0; 300_000]).expect("a damaged partial");
    assert_is(&desk.fetch(&parts).expect("a file"), &[one, two].concat());
    assert_eq!(first.requests().len(), 2);
}

#[test]
fn pieces_that_nothing_pins_are_all_fetched_again_since_they_may_have_been_replaced() {
    let (old, one, two) = (vec![7; 300_000], bytes(300_000), vec![2; 200_000]);
    let first = Server::start([Reply::file(&old, "old"), Reply::file(&one, "1")]);
    let second = Server::start([Reply::status(404), Reply::file(&two, "2")]);
    let parts = joined([url(&first), url(&second)]);
    let desk = Desk::new().patient();
    desk.fetch(&parts).expect_err("no second piece");
    assert_is(&desk.fetch(&parts).expect("a file"), &[one, two].concat());
}

#[test]
fn what_was_joined_for_other_pieces_is_not_used() {
    let (one, two) = (bytes(300_000), vec![2; 200_000]);
    let servers = [Server::start([Reply::file(&one, "1")]), Server::start([Reply::file(&two, "2")])];
    let gone = Server::start([Reply::status(404)]);
    let desk = Desk::new().patient();
    desk.fetch(&joined([url(&servers[0]), url(&gone)])).expect_err("no second piece");
    let other = joined([url(&servers[1]), url(&servers[0])]);
    assert_is(&desk.fetch(&other).expect("a file"), &[two, one].concat());
}

#[test]
fn local_pieces_are_copied() {
    let home = tempfile::tempdir().expect("a folder");
    let local = |name: &str, body: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, body).expect("a file");
        Source::Local { path: path.display().to_string() }
    };
    let parts = [local("a", b"one "), local("b", b""), local("c", b"two")];
    let desk = Desk::new().patient();
    assert_is(&desk.fetch(&joined(parts)).expect("a file"), b"one two");
    assert!(Path::new(home.path()).join("a").exists(), "the user's own piece was removed");
}

#[test]
fn pieces_from_the_hub_are_of_one_commit_and_stay_so() {
    let (one, two) = (bytes(300_000), b"small".to_vec());
    // The names of the pieces say "split", but these are pieces to be joined.
    let (first, second) = ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf");
    let hub = FakeHub::with(&[(first, &one), (second, &two)]);
    let parts = joined([source(first), source(second)]);
    hub.fault(Fault::FlipSmall, 2);
    let desk = hub.desk();
    desk.fetch(&parts).expect_err("a damaged second piece");
    hub.commit(&[(first, &vec![7; 5000]), (second, b"other")]);
    let fetched = desk.fetch(&parts).expect("a file of the first commit");
    let both = [one, two].concat();
    assert_is(&fetched, &both);
    assert_eq!((fetched.commit.clone(), fetched.files.len()), (Some(format!("{:040x}", 0xc0)), 2));

    let pin = fetched.pin();
    let before = hub.asked().0.len();
    let desk = hub.desk().pin_to(pin.clone());
    let fetched = desk.fetch(&parts).expect("the pinned file");
    assert_is(&fetched, &both);
    assert_eq!(fetched.pin(), pin);
    assert!(hub.asked().0[before..].iter().all(|path| path.contains("/resolve/")), "the API was asked");

    let declared = Pin { sha256: pin.sha256, ..Pin::default() };
    let error = hub.desk().pin_to(declared).fetch(&parts).expect_err("the branch has moved");
    assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
}
