//! A reader that goes away (`| head`), and a terminal that does.

use crate::processes;
use crate::real::{self, STAGES};
use crate::support::hub::Hub;
use crate::support::{Answer, Space};
use crate::tally::Tally;
use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Runs `xlt ARGS | head -n 1`; what xlt's exit code was, and what it said besides.
fn behead(space: &Space, hub: &Hub, args: &str) -> Answer {
    let script = format!("{{ \"$0\" {args}; echo $? > code; }} | head -n 1");
    let mut answer = Answer::of(&real::shell(space, hub, &script).output().unwrap());
    answer.code = space.read("code").trim().parse().unwrap();
    space.remove("code");
    answer
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_stops_nothing() {
    let hub = real::hub();
    real::expected();
    let mut tally = Tally::default();
    for args in ["run spec.toml --json", "run spec.toml 2>&1", "run spec.toml --json 2>&1"] {
        tally.round();
        let space = real::space();
        let answer = behead(&space, &hub, args);
        tally.refused((answer.code != 0).then(|| format!("{args}: {answer:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{args}: {fault}")));
    }
    let (space, hub) = real::done();
    let records: Vec<String> = real::recorded(&space).into_iter().collect();
    assert_eq!(records.len(), STAGES);
    for args in
        ["plan", "plan --all", "plan --json", "results", "results --format json", "status", "graph", "cache verify"]
            .map(|args| args.to_owned())
            .into_iter()
            .chain([format!("items {}", real::ENGLISH), "show spec.toml '0|1'".to_owned(), "--help".to_owned()])
    {
        tally.round();
        let answer = behead(&space, &hub, &args);
        let fine = answer.code == 0 && !answer.stderr.contains("error") && answer.stdout.lines().count() == 1;
        tally.refused((!fine).then(|| format!("{args}: {answer:#?}")));
    }
    tally.end("reader goes away (`| head -n 1`)");
}

/// Starts a script on a terminal that nobody but this test holds, with the words of `script`, which makes the terminal.
fn on_a_terminal(space: &Space, hub: &Hub, inner: &str) -> Child {
    space.write("inner.sh", inner);
    let mut script = real::shell(space, hub, "exec script -q -c 'sh inner.sh' /dev/null");
    script.env("XLT", env!("CARGO_BIN_EXE_xlt")).stdout(Stdio::null()).stderr(Stdio::null());
    script.spawn().unwrap()
}

/// Takes the terminal away once a stage is done.
fn hang_up(space: &Space, mut terminal: Child) {
    processes::wait_for(space, |_| !real::recorded(space).is_empty());
    terminal.kill().unwrap();
    terminal.wait().unwrap();
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_and_the_next_goes_on() {
    let (space, hub) = (real::space(), real::hub());
    real::expected();
    let mut tally = Tally::default();
    tally.round();
    let terminal = on_a_terminal(&space, &hub, "\"$XLT\" run spec.toml --jobs 2\necho $? > code");
    hang_up(&space, terminal);
    tally.lived_on(processes::expect_none(&space), "the terminal went");
    assert!(!space.has("spec.results"), "it was stopped before its end");
    let outcome = real::run(&space, &hub);
    tally.refused((outcome.code != 0).then(|| format!("{outcome:#?}")));
    tally.wrong(real::fault(&space.path("")));
    tally.end("terminal goes away");
}

#[test]
fn a_run_under_nohup_goes_on_without_its_terminal() {
    let (space, hub) = (real::space(), real::hub());
    real::expected();
    let mut tally = Tally::default();
    tally.round();
    let inner = "trap '' HUP\n\"$XLT\" run spec.toml --jobs 2\necho $? > code";
    hang_up(&space, on_a_terminal(&space, &hub, inner));
    processes::expect_none_within(&space, Duration::from_secs(120));
    let code = fs::read_to_string(space.path("code")).unwrap_or_default();
    tally.refused((code.trim() != "0").then(|| format!("exit code {code:?}")));
    tally.wrong(real::fault(&space.path("")));
    tally.end("terminal goes away, SIGHUP ignored (nohup)");
}
