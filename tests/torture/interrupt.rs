//! Ctrl-C: once, twice, and while there is nothing to do but wait.

use crate::engine::Engine;
use crate::processes;
use crate::study::{self, STAGES, WAIT};
use crate::support::{Space, set};

#[test]
fn once_finishes_what_runs_and_starts_nothing() {
    let space = study::space();
    let mut engine = Engine::start(&space, &space.path(""), 4);
    for _ in 0..10 {
        engine.until("stage_finished");
    }
    engine.interrupt();
    let first = engine.end();
    assert_eq!((first.code, first.failed.len()), (130, 0), "{first:#?}");
    let at = first.events.iter().position(|event| event["event"] == "stopping").unwrap();
    assert!(first.events[at..].iter().all(|event| event["event"] != "stage_started"), "{first:#?}");
    let started = first.events.iter().filter(|event| event["event"] == "stage_started");
    assert_eq!(
        set(started.map(|event| event["stage"].as_str().unwrap())),
        first.ran,
        "all that was started is recorded"
    );
    processes::expect_none(&space);

    let second = space.run_with(&["--jobs", "8"]);
    assert_eq!((second.code, second.ran.len() + first.ran.len()), (0, STAGES), "{second:#?}");
    assert!(second.ran.is_disjoint(&first.ran), "{second:#?}");
    assert!(study::results(&space.path("")) == study::expected());
}

fn waiting() -> Space {
    let space = Space::with_spec(
        r#"
[stages.long]
program = "wait"
args    = ["long", "{out.text}"]
outputs = { text = "out.txt" }
"#,
    );
    space.program("wait", WAIT);
    space.write("../home/wait", "");
    space
}

#[test]
fn twice_stops_at_once() {
    let space = waiting();
    let mut engine = Engine::start(&space, &space.path(""), 2);
    processes::wait_for(&space, |process| process.command.starts_with("sleep"));
    engine.interrupt();
    engine.until("stopping");
    engine.interrupt();
    let outcome = engine.end();
    assert_eq!((outcome.code, outcome.ran.len(), outcome.failed.len()), (130, 0, 0), "{outcome:#?}");
    processes::expect_none(&space);
    space.remove("../home/wait");
    space.run().expect_ran(["long"]);
    assert_eq!(space.read("spec.results/long/out.txt"), "half and half\n");
}

#[test]
fn an_engine_that_waits_for_another_stops_at_the_first() {
    let space = waiting();
    let first = Engine::start(&space, &space.path(""), 2);
    processes::wait_for(&space, |process| process.command.starts_with("sleep"));
    let mut second = Engine::start(&space, &space.path(""), 2);
    second.until("stage_waiting");
    second.interrupt();
    assert_eq!(second.end().code, 130);
    first.kill();
    processes::expect_none(&space);
}
