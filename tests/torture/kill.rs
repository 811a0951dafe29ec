//! `kill -9`, of the engine or of a worker.

use crate::chance::Chance;
use crate::engine::Engine;
use crate::processes::{self, Process};
use crate::study::{self, STAGES, expected, results};
use crate::support::Space;
use crate::tally::{Tally, rounds, seed};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Rounds under way at once: they mostly sleep.
const AT_ONCE: u64 = 4;

#[test]
fn after_any_kill_the_next_run_goes_on_to_the_same_bytes() {
    let (rounds, seed) = (rounds(300), seed());
    let begun = Instant::now();
    let expected = &expected();
    let whole = begun.elapsed();
    let tally = Tally::of_rounds(seed, rounds, AT_ONCE, |seed, tally| round(seed, whole, expected, tally));
    tally.end("kill -9 of engine or worker, command stages");
}

/// One kill, at some moment of a run that takes about so long, and the run after it.
fn round(seed: u64, whole: Duration, expected: &BTreeMap<PathBuf, Vec<u8>>, tally: &mut Tally) {
    let (mut chance, what) = (Chance::new(seed), format!("seed {seed}"));
    let space = study::space();
    let engine = Engine::start(&space, &space.path(""), 8);
    std::thread::sleep(Duration::from_micros(chance.below(whole.as_micros() as u64)));
    let odd = engine.kill_something(&space, &mut chance);
    tally.refused(odd.map(|odd| format!("{what}: {odd}")));
    tally.round();
    tally.lived_on(processes::expect_none(&space), &what);
    check_rerun(&space, &what, expected, tally);
}

fn check_rerun(space: &Space, what: &str, expected: &BTreeMap<PathBuf, Vec<u8>>, tally: &mut Tally) {
    let outcome = space.run_with(&["--jobs", "8"]);
    let all = outcome.code == 0 && outcome.ran.len() as u64 + outcome.cached == STAGES as u64;
    tally.refused((!all).then(|| format!("{what}: {outcome:#?}")));
    tally.wrong((results(&space.path("")) != *expected).then(|| format!("{what}: other bytes")));
    tally.lived_on(processes::expect_none(space), what);
    space.run_with(&["--jobs", "8"]).expect_no_work();
}

#[test]
fn a_killed_worker_costs_its_stage_and_nothing_else() {
    let space = Space::with_spec(
        r#"
[stages.long]
program = "wait"
args    = ["long", "{out.text}"]
outputs = { text = "out.txt" }

[stages.after]
program = "step"
args    = ["after", "{out.text}", "after", "{in.long}"]
inputs  = { long = "stage:long" }
outputs = { text = "out.txt" }

[stages.other]
program = "step"
args    = ["other", "{out.text}", "other"]
outputs = { text = "out.txt" }

[stages.further]
program = "step"
args    = ["further", "{out.text}", "further", "{in.other}"]
inputs  = { other = "stage:other" }
outputs = { text = "out.txt" }
"#,
    );
    space.program("wait", study::WAIT);
    space.write("../home/wait", "");
    let engine = Engine::start(&space, &space.path(""), 1);
    processes::wait_for(&space, |process| process.command.starts_with("sleep"));
    processes::wait_for(&space, Process::is_worker).kill();
    let outcome = engine.end();
    outcome.expect_failed(["long"], ["after"]).expect_message("long", "signal 9");
    assert_eq!(outcome.ran, crate::support::set(["other", "further"]));
    processes::expect_none(&space);
    space.remove("../home/wait");
    space.run().expect_ran(["long", "after"]).expect_cached(2);
}
