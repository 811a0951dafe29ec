//! What concerns the whole process, in a process that no other test shares.

use std::process::Command;
use std::sync::mpsc;

use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, LlamaError, LoadOptions, Model};

#[test]
fn log_goes_to_the_listener_line_by_line() {
    let (send, receive) = mpsc::channel();
    let backend = Backend::start(move |line| drop(send.send(line.to_owned()))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    TinyModel::default().write(&path).unwrap();
    Model::load(&backend, &path, &LoadOptions::default()).unwrap();
    let lines: Vec<String> = receive.try_iter().collect();
    assert!(lines.iter().any(|line| line.contains("general.architecture")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains('\n') && !line.trim_matches('.').is_empty()), "{lines:?}");
}

#[test]
fn variable_that_changes_results_is_refused() {
    const VARIABLE: &str = "GGML_CPU_TILED_MM";
    if std::env::var_os(VARIABLE).is_some() {
        let error = Backend::silent().unwrap_err();
        assert!(matches!(error, LlamaError::Environment { variable: VARIABLE }), "{error}");
    } else {
        let again = ["--exact", "variable_that_changes_results_is_refused"];
        let status = Command::new(std::env::current_exe().unwrap()).args(again).env(VARIABLE, "0").status().unwrap();
        assert!(status.success());
    }
}
