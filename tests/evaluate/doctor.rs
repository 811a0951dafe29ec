//! What xlt can use here, and what to put right.

use super::support::{Answer, Space};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn answer(command: &mut Command) -> Answer {
    Answer::of(&command.output().unwrap())
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn a_machine_in_order() {
    let space = Space::new();
    let found = json(space.ask(&["doctor", "--json"]).expect_code(0));
    assert!(found["llama"]["kernel_class"].as_str().unwrap().starts_with("cpu-"), "{found}");
    let devices = found["llama"]["devices"].as_array().unwrap();
    assert!(
        devices.iter().any(|device| device["kind"] == "cpu" && device["memory_total"].as_u64() > Some(0)),
        "{found}"
    );
    assert!(!found["llama"]["cpu_features"].as_object().unwrap().is_empty());
    assert!(!found["llama"]["backends"]["libraries"].as_array().unwrap().is_empty());
    assert!(found["cores"].as_u64() > Some(0) && found["cache"]["free"].as_u64() > Some(0), "{found}");
    assert_eq!((&found["cache"]["locks"], &found["cache"]["artifacts"]), (&true.into(), &0.into()));
    assert_eq!((&found["state"]["problem"], &found["usable"]), (&Value::Null, &true.into()));
    assert_eq!(found["cache"]["folder"], space.cache("").to_string_lossy().trim_end_matches('/'));
    let page = space.ask(&["doctor"]);
    page.expect_code(0).expect_prints(found["llama"]["kernel_class"].as_str().unwrap()).expect_prints("locks work");
    assert!(!page.stdout.contains('✗'), "{page:?}");
}

#[test]
fn a_cache_folder_that_cannot_be_used() {
    let space = Space::new();
    space.write("file", "");
    let ask = |args: &[&str]| answer(space.xlt(args).env("XLT_CACHE", space.path("file/cache")));
    ask(&["doctor"]).expect_code(2).expect_prints("✗").expect_prints("$XLT_CACHE").expect_prints("kernels");
    let found = json(ask(&["doctor", "--json"]).expect_code(2));
    assert_eq!((&found["usable"], &found["cache"]["locks"]), (&false.into(), &Value::Null));
    assert!(found["cache"]["problem"].as_str().unwrap().starts_with("failed to open the cache"), "{found}");
    assert!(found["cache"]["free"].as_u64() > Some(0), "the disk is there: {found}");
    let other = space.cache("").to_string_lossy().into_owned();
    ask(&["doctor", "--cache", &other]).expect_code(0);
}

/// The binary as it is installed, with an empty folder of backends.
fn installed(space: &Space) -> PathBuf {
    for folder in ["bin", "lib/xlt/backends"] {
        fs::create_dir_all(space.path(folder)).unwrap();
    }
    let program = space.path("bin/xlt");
    // A shell of its own writes it, lest a thread that forks meanwhile keep it open for writing.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"ln "$0" "$1" || cp "$0" "$1""#, env!("CARGO_BIN_EXE_xlt")]).arg(&program);
    assert!(shell.status().unwrap().success());
    program
}

#[test]
fn backends_that_are_gone() {
    let space = Space::new();
    let program = installed(&space);
    let ask = |args: &[&str]| {
        let mut command = Command::new(&program);
        space.environment(&mut command);
        answer(command.args(args))
    };
    let page = ask(&["doctor"]);
    page.expect_code(2).expect_prints("✗ kernels").expect_prints("build it again").expect_prints("locks work");
    let found = json(ask(&["doctor", "--json"]).expect_code(2));
    let llama = &found["llama"];
    assert_eq!((&llama["kernel_class"], &llama["devices"]), (&Value::Null, &Value::Array(vec![])));
    assert!(llama["problem"].as_str().unwrap().contains("no llama.cpp backend"), "{llama}");
}

#[test]
fn a_variable_that_changes_numbers() {
    let space = Space::new();
    let page = answer(space.xlt(&["doctor"]).env("GGML_CPU_TILED_MM", "1"));
    page.expect_code(2).expect_prints("GGML_CPU_TILED_MM");
}

#[test]
fn secrets_are_not_told() {
    let space = Space::new();
    for args in [&["doctor"][..], &["doctor", "--json"]] {
        let mut command = space.xlt(args);
        command.env("HF_TOKEN", "hf_secret").env("HF_ENDPOINT", "https://me:secret@mirror.example");
        let told = answer(&mut command);
        told.expect_code(0).expect_prints("mirror.example");
        assert!(!told.stdout.contains("secret"), "{told:?}");
        assert!(told.stdout.contains("a token is set") || json(&told)["hub"]["token"] == true, "{told:?}");
    }
    assert_eq!(json(&space.ask(&["doctor", "--json"]))["hub"]["token"], false);
}

#[test]
fn what_not_every_study_needs_is_marked_and_no_failure() {
    let space = Space::new();
    space.write("file", "");
    let mut command = space.xlt(&["doctor"]);
    command.env("XLT_PIP", space.bin("no-pip")).env("XLT_STATE", space.path("file/state"));
    let page = answer(&mut command);
    page.expect_code(0)
        .expect_prints("! pip")
        .expect_prints("$XLT_PIP")
        .expect_prints("! state")
        .expect_prints("$XLT_STATE");
    assert!(page.stdout.contains("no-pip") && !page.stdout.contains('✗'), "{page:?}");
}

#[test]
fn a_pip_that_says_its_version_and_one_that_never_does() {
    let space = Space::new();
    space.program("good-pip", "echo pip 99.1 from /x");
    space.program("slow-pip", "exec sleep 600");
    let pip = |name: &str| {
        let found = json(&answer(space.xlt(&["doctor", "--json"]).env("XLT_PIP", space.bin(name))));
        (found["pip"]["version"].clone(), found["pip"]["problem"].as_str().map(str::to_owned))
    };
    // The programs of a space drop their first argument, which is `--version`.
    assert_eq!(pip("good-pip"), ("99.1".into(), None));
    let (version, problem) = pip("slow-pip");
    assert!(version.is_null() && problem.is_some_and(|problem| problem.contains("slow-pip")));
}
