//! `kill -9`, of the engine or of a worker.

use crate::chance::Chance;
use crate::engine::Engine;
use crate::processes::{self, Process};
use crate::study::{self, STAGES, expected, results};
use crate::support::Space;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Rounds under way at once: they mostly sleep.
const AT_ONCE: u64 = 4;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn after_any_kill_the_next_run_goes_on_to_the_same_bytes() {
    let (rounds, seed) = (number("XLT_TORTURE_ROUNDS", 30), number("XLT_TORTURE_SEED", 1));
    let begun = Instant::now();
    let expected = &expected();
    let whole = begun.elapsed();
    let longest = std::thread::scope(|scope| {
        let begin = |first| {
            scope.spawn(move || {
                (first..rounds).step_by(AT_ONCE as usize).map(|at| round(seed + at, whole, expected)).max()
            })
        };
        let threads: Vec<_> = (0..AT_ONCE).map(begin).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).max()
    });
    eprintln!("{rounds} kills; the longest that anything lived on: {:?}", longest.unwrap_or_default());
}

/// One kill, at some moment of a run that takes about so long, and the run after it. Says how long the last process took to end.
fn round(seed: u64, whole: Duration, expected: &BTreeMap<PathBuf, Vec<u8>>) -> Duration {
    let mut chance = Chance::new(seed);
    let space = study::space();
    let mut engine = Engine::start(&space, &space.path(""), 8);
    std::thread::sleep(Duration::from_micros(chance.below(whole.as_micros() as u64)));
    let workers: Vec<Process> = processes::of(&space).into_iter().filter(Process::is_worker).collect();
    let lived_on = if chance.below(3) > 0 || workers.is_empty() || !engine.runs() {
        engine.kill();
        processes::expect_none(&space)
    } else {
        workers[chance.below(workers.len() as u64) as usize].kill();
        let outcome = engine.end();
        assert!(outcome.code == 0 || outcome.code == 1, "seed {seed}: {outcome:#?}");
        assert!(outcome.failed.len() <= 1, "seed {seed}: {outcome:#?}");
        processes::expect_none(&space)
    };
    check_rerun(&space, seed, expected);
    lived_on
}

#[track_caller]
fn check_rerun(space: &Space, seed: u64, expected: &BTreeMap<PathBuf, Vec<u8>>) {
    let outcome = space.run_with(&["--jobs", "8"]);
    assert_eq!(outcome.code, 0, "seed {seed}: {outcome:#?}");
    assert_eq!(outcome.ran.len() as u64 + outcome.cached, STAGES as u64, "seed {seed}: {outcome:#?}");
    let found = results(&space.path(""));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected), "seed {seed}");
    assert!(found == *expected, "seed {seed}: other bytes");
    processes::expect_none(space);
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
