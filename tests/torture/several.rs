//! Several engines over one cache.

use crate::engine::Engine;
use crate::processes;
use crate::study::{self, STAGES, WAIT, copy, expected, results};
use crate::support::set;

/// So many engines run the same study at once, each in a folder of its own: every stage is executed once in all.
fn check(engines: usize) {
    let space = study::space();
    let folders: Vec<_> = (0..engines).map(|at| copy(&space, &format!("copy{at}"))).collect();
    let engines: Vec<Engine> = folders.iter().map(|folder| Engine::start(&space, folder, 4)).collect();
    let outcomes: Vec<_> = engines.into_iter().map(Engine::end).collect();
    for outcome in &outcomes {
        assert_eq!(outcome.code, 0, "{outcome:#?}");
    }
    assert_eq!(outcomes.iter().map(|outcome| outcome.ran.len()).sum::<usize>(), STAGES);
    let executed = space.executed();
    assert_eq!((executed.len(), set(&executed).len()), (STAGES, STAGES), "{executed:?}");
    let expected = expected();
    assert!(folders.iter().all(|folder| results(folder) == expected));
    processes::expect_none(&space);
}

#[test]
fn two_engines_share_the_work() {
    check(2);
}

#[test]
fn five_engines_share_the_work() {
    check(5);
}

#[test]
fn an_engine_takes_over_from_one_that_was_killed() {
    let space = study::space();
    space.program("slow", WAIT);
    space.write("../home/wait", "");
    let folders = [copy(&space, "one"), copy(&space, "other")];
    let first = Engine::start(&space, &folders[0], 8);
    processes::wait_for(&space, |process| process.command.starts_with("sleep"));
    let mut second = Engine::start(&space, &folders[1], 8);
    second.until("stage_waiting");
    // Whatever the second has begun waits too, and goes on when it may.
    first.kill();
    space.remove("../home/wait");
    let outcome = second.end();
    assert_eq!((outcome.code, outcome.ran.len()), (0, STAGES), "{outcome:#?}");
    processes::expect_none(&space);
}

#[cfg(feature = "llama")]
#[test]
fn five_engines_share_real_stages() {
    use crate::real;
    let (space, hub) = (real::space(), real::hub());
    real::expected();
    let mut tally = crate::tally::Tally::default();
    for round in 0..crate::tally::rounds(5) {
        tally.round();
        let folders: Vec<_> = (0..5).map(|at| real::copy(&space, &format!("{round}copy{at}"))).collect();
        // Without a pin each engine would have to ask the hub what a name means today, and get that.
        let locked = real::xlt(&space, &hub, &["lock"]).output().unwrap();
        assert!(locked.status.success(), "{locked:?}");
        folders.iter().for_each(|folder| _ = std::fs::copy(space.path("spec.lock"), folder.join("spec.lock")).unwrap());
        let engines: Vec<Engine> =
            folders.iter().map(|folder| Engine::of(real::command(&space, &hub, folder))).collect();
        let outcomes: Vec<_> = engines.into_iter().map(Engine::end).collect();
        for outcome in &outcomes {
            tally.refused((outcome.code != 0).then(|| format!("round {round}: {outcome:#?}")));
        }
        let ran: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.ran).collect();
        let once = (ran.len(), set(&ran).len()) == (real::STAGES, real::STAGES);
        tally.refused((!once).then(|| format!("round {round}: {ran:?}")));
        folders.iter().for_each(|folder| tally.wrong(real::fault(folder)));
        tally.lived_on(processes::expect_none(&space), "five engines");
        std::fs::remove_dir_all(space.cache("")).unwrap();
    }
    tally.end("five engines over one cache, real stages");
}
