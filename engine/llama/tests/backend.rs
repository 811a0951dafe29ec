//! What concerns the whole process. Only one test starts llama.cpp in this one: the others start their own.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError, mpsc};

use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, LlamaError, LoadOptions, Model, QuantizeOptions, backends_folder, quantize};

/// Held while a program is copied or started: a process that is forked while a copy is written holds it open, and what is open
/// for writing cannot be started.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Says to a copy of this program that it is one.
const COPY: &str = "XLT_TEST_COPY";

/// Runs one test of this program again, in a process with this variable, and has it succeed.
#[track_caller]
fn again(program: &Path, test: &str, variable: &str, value: &str, folder: &Path) {
    let mut command = Command::new(program);
    let _held = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let output = command.args(["--exact", test]).env(variable, value).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A copy of this program as if installed below `folder`, and where it has its backends.
fn install(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, lib) = (folder.join("bin/program"), folder.join("lib/xlt"));
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    std::fs::create_dir_all(&lib).unwrap();
    let _held = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    (program, lib.join("backends"))
}

#[test]
fn log_goes_to_the_listener_line_by_line() {
    let (send, receive) = mpsc::channel();
    let backend = Backend::start(move |line| drop(send.send(line.to_owned()))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    TinyModel::default().write(&path).unwrap();
    Model::load(&backend, &path, &LoadOptions::default()).unwrap();
    let options = QuantizeOptions { to: "Q8_0", requantize: false, threads: 1 };
    quantize(&backend, &path, &folder.path().join("q8_0.gguf"), &options, &mut |_, _| {}).unwrap();
    let lines: Vec<String> = receive.try_iter().collect();
    assert!(lines.iter().any(|line| line.contains("general.architecture")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("[  21/  21] ") && line.ends_with("MiB")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains('\n') && !line.trim_matches('.').is_empty()), "{lines:?}");
}

#[test]
fn variable_that_changes_results_is_refused() {
    const VARIABLES: [&str; 2] = ["GGML_CPU_TILED_MM", "GGML_BACKEND_PATH"];
    if let Some(set) = VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some()) {
        let error = Backend::silent().unwrap_err();
        assert!(matches!(error, LlamaError::Environment { variable } if variable == set), "{error}");
        return;
    }
    let program = std::env::current_exe().unwrap();
    for variable in VARIABLES {
        again(&program, "variable_that_changes_results_is_refused", variable, "0", Path::new("."));
    }
}

#[test]
fn installed_program_uses_its_own_backends() {
    if std::env::var_os(COPY).is_some() {
        let (send, receive) = mpsc::channel();
        let installed = backends_folder();
        assert!(installed.ends_with("lib/xlt/backends"), "{}", installed.display());
        Backend::start(move |line| drop(send.send(line.to_owned()))).unwrap();
        let lines: Vec<String> = receive.try_iter().collect();
        assert!(lines.iter().any(|line| line.contains(installed.to_str().unwrap())), "{lines:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (program, backends) = install(folder.path());
    std::os::unix::fs::symlink(backends_folder(), backends).unwrap();
    again(&program, "installed_program_uses_its_own_backends", COPY, "1", folder.path());
}

#[test]
fn backends_of_the_current_folder_are_not_used() {
    if std::env::var_os(COPY).is_some() {
        for _ in 0..2 {
            let error = Backend::silent().unwrap_err();
            let LlamaError::NoBackend { folder, .. } = &error else { panic!("{error}") };
            assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
            assert!(folder.ends_with("lib/xlt/backends"), "{error}");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (program, backends) = install(folder.path());
    std::fs::create_dir(backends).unwrap();
    again(&program, "backends_of_the_current_folder_are_not_used", COPY, "1", &backends_folder());
}
