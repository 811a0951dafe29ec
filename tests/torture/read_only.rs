//! A cache that may be read and not written: what is there is used, and what is to be made says why it cannot.

use crate::real;
use crate::support::hub::Hub;
use crate::support::{Answer, Space};
use crate::tally::Tally;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Takes the right to write from everybody. Root has it all the same, unless it lets go of its powers: see [`ask`].
fn set_rights(folder: &Path, write: bool) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            set_rights(&entry.path(), write);
        }
        let mode = entry.metadata().unwrap().permissions().mode();
        let mode = if write { mode | 0o200 } else { mode & 0o555 };
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(if write { 0o755 } else { 0o555 })).unwrap();
}

/// `xlt ARGS` by somebody who is bound by rights.
fn ask(space: &Space, hub: &Hub, args: &[&str]) -> Answer {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", env!("CARGO_BIN_EXE_xlt")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_xlt"))
    };
    command.args(args).current_dir(space.path("")).stdin(Stdio::null());
    space.environment(&mut command);
    command.env("HF_ENDPOINT", hub.address());
    Answer::of(&command.output().unwrap())
}

#[test]
fn a_read_only_cache_is_read() {
    let (space, hub) = real::done();
    real::expected();
    let mut tally = Tally::default();
    // With a ledger that can be written, and with none.
    for state in [false, true] {
        set_rights(&space.cache(""), false);
        if state {
            set_rights(&space.state(""), false);
        }
        tally.round();
        for args in [
            &["plan", "spec.toml"][..],
            &["results"],
            &["status"],
            &["items", real::ENGLISH],
            &["show", "spec.toml", "0|1"],
            &["explain", real::ENGLISH],
            &["cache", "ls"],
            &["cache", "du"],
        ] {
            let answer = ask(&space, &hub, args);
            tally.refused((answer.code != 0).then(|| format!("{args:?}: {answer:#?}")));
        }
        space.remove("spec.results");
        let answer = ask(&space, &hub, &["run", "spec.toml", "--json"]);
        tally.refused((answer.code != 0).then(|| format!("run: {answer:#?}")));
        tally.wrong(real::fault(&space.path("")));

        space.edit("spec.toml", "Answer with 1 or 2.", "Say 1 or 2.");
        let answer = ask(&space, &hub, &["run", "spec.toml"]);
        let told = answer.code == 2 && answer.stderr.contains("read-only") && answer.stderr.contains("$XLT_CACHE");
        tally.refused((!told).then(|| format!("run with work: {answer:#?}")));
        space.edit("spec.toml", "Say 1 or 2.", "Answer with 1 or 2.");
        let answer = ask(&space, &hub, &["cache", "gc"]);
        tally.refused((answer.code != 2 || !answer.stderr.contains("read-only")).then(|| format!("gc: {answer:#?}")));

        set_rights(&space.cache(""), true);
        set_rights(&space.state(""), true);
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0 || !outcome.ran.is_empty()).then(|| format!("{outcome:#?}")));
    }
    tally.end("cache is read-only");
}
