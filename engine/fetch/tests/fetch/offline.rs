//! Without a network: what is here is used, and what is not is named.

use xlt_core::spec::Source;
use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes, read};
use crate::fake_hub::{FakeHub, source};
use crate::server::{Reply, Server};

const SIZE: usize = 5000;

fn offline(mut desk: Desk) -> Desk {
    desk.settings.offline = Some("XLT_OFFLINE");
    desk
}

#[track_caller]
fn is_refused(desk: &Desk, source: &Source) {
    let error = desk.fetch(source).expect_err("no file");
    assert!(matches!(error, FetchError::Offline { .. }), "{error}");
    for words in [&source.to_string(), "is not on this machine, and XLT_OFFLINE forbids", "`xlt fetch SPEC`"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(desk.watch.lines.borrow().is_empty(), "it was tried");
}

#[test]
fn what_would_need_the_network_is_named_at_once() {
    let server = Server::start([Reply::plain(b"hello")]);
    is_refused(&offline(Desk::new()), &Source::Url { url: server.url() });
    is_refused(&offline(Desk::new().pin(b"hello")), &Source::Url { url: server.url() });

    let hub = FakeHub::with(&[("m.gguf", &bytes(SIZE))]);
    is_refused(&offline(hub.desk()), &source("m.gguf"));
    let pin = hub.desk().fetch(&source("m.gguf")).expect("a file").pin();
    let before = hub.asked().0.len();
    is_refused(&offline(hub.desk().pin_to(pin)), &source("m.gguf"));
    assert_eq!((server.requests().len(), hub.asked().0.len()), (0, before));

    let (package, version, member) = ("quiz".to_owned(), "1.0".to_owned(), "quiz/data.json".to_owned());
    let mut desk = offline(Desk::new());
    desk.settings.pip = Some("/bin/false".into());
    is_refused(&desk, &Source::Pypi { package, version, member });
}

#[test]
fn of_several_pieces_the_one_that_is_missing_is_named() {
    let hub = FakeHub::with(&[("a.bin", &bytes(SIZE)), ("b.bin", b"b")]);
    let source = Source::Parts { parts: vec![source("a.bin"), source("b.bin")] };
    let error = offline(hub.desk()).fetch(&source).expect_err("no file").to_string();
    assert!(error.starts_with("hf:org/repo/a.bin is not on this machine"), "{error}");
}

#[test]
fn local_files_and_finished_downloads_need_no_network() {
    let desk = offline(Desk::new());
    let path = desk.folder.path().join("own.jsonl");
    std::fs::write(&path, "{}\n").expect("a file");
    let local = desk.fetch(&Source::Local { path: path.to_string_lossy().into_owned() }).expect("a copy");
    assert_eq!(read(&local.path), b"{}\n");

    let server = Server::start([Reply::plain(b"hello")]);
    let mut desk = Desk::new().pin(b"hello");
    desk.fetch_url(&server.url()).expect("a file");
    desk.settings.offline = Some("HF_HUB_OFFLINE");
    assert_is(&desk.fetch_url(&server.url()).expect("the same file"), b"hello");

    let hub = FakeHub::with(&[("m.gguf", &bytes(SIZE))]);
    let mut desk = hub.desk();
    let pin = desk.fetch(&source("m.gguf")).expect("a file").pin();
    desk.settings.offline = Some("HF_HUB_OFFLINE");
    assert_is(&desk.pin_to(pin).fetch(&source("m.gguf")).expect("the same file"), &bytes(SIZE));
    assert_eq!(hub.asked().1.len(), 1);
}
