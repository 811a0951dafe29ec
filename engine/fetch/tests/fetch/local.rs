//! Files that are on this machine already.

use std::io::ErrorKind;

use xlt_core::spec::Source;
use xlt_fetch::FetchError;

use crate::desk::{Desk, assert_is, bytes, read};

fn local(path: &std::path::Path) -> Source {
    Source::Local { path: path.display().to_string() }
}

#[test]
fn a_local_file_is_copied_and_the_copy_is_its_own() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("items.jsonl");
    let body = bytes(3_000_000);
    std::fs::write(&path, &body).expect("a file");
    let desk = Desk::new();
    let fetched = desk.fetch(&local(&path)).expect("a copy");
    assert_is(&fetched, &body);
    std::fs::write(&path, "edited").expect("an edit");
    assert!(read(&fetched.path) == body, "editing the original changed the copy");
}

#[test]
fn a_copy_larger_than_one_piece_is_whole() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("model.gguf");
    let mut body = vec![0; 65 << 20];
    body.extend(bytes(1000));
    std::fs::write(&path, &body).expect("a file");
    let desk = Desk::new().pin(&body);
    assert_is(&desk.fetch(&local(&path)).expect("a copy"), &body);
}

#[test]
fn an_empty_file_is_a_file() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("empty");
    std::fs::write(&path, "").expect("a file");
    let desk = Desk::new();
    assert_is(&desk.fetch(&local(&path)).expect("a copy"), b"");
}

#[test]
fn what_is_no_file_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let missing = home.path().join("missing.jsonl");
    let error = Desk::new().fetch(&local(&missing)).expect_err("no file");
    assert!(matches!(error, FetchError::LocalMissing { .. }), "{error}");
    assert!(error.to_string().contains("missing.jsonl does not exist"), "{error}");

    let error = Desk::new().fetch(&local(home.path())).expect_err("no file");
    assert!(matches!(error, FetchError::LocalNotAFile { .. }), "{error}");
}

#[test]
fn a_local_file_that_is_not_the_pinned_one_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("items.jsonl");
    std::fs::write(&path, "edited").expect("a file");
    let error = Desk::new().pin(b"origin").fetch(&local(&path)).expect_err("no file");
    assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
    let desk = Desk::new().pin_size(3);
    let error = desk.fetch(&local(&path)).expect_err("no file");
    assert!(matches!(error, FetchError::WrongSize { expected: 3, got: 6, .. }), "{error}");
    assert!(desk.watch.steps.borrow().is_empty(), "it was copied before its size was looked at");
}

#[test]
fn a_copy_can_be_stopped() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("items.jsonl");
    std::fs::write(&path, "text").expect("a file");
    let desk = Desk::new();
    desk.watch.stop_at.set(Some(0));
    assert!(matches!(desk.fetch(&local(&path)), Err(FetchError::Stopped)));
}

#[test]
fn a_missing_work_folder_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("items.jsonl");
    std::fs::write(&path, "text").expect("a file");
    let desk = Desk::new();
    std::fs::remove_dir(desk.folder.path()).expect("an empty folder");
    match desk.fetch(&local(&path)) {
        Err(FetchError::Disk { source, .. }) => assert_eq!(source.kind(), ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
}
