//! Workers that run out of memory: a limit on their address space stands for a machine that has no more.

use crate::processes;
use crate::real;
use crate::support::hub::Hub;
use crate::support::{Outcome, Space};
use crate::tally::{Tally, rounds};
use serde_json::Value;

/// Runs the study where no process may have more than so many MiB of address space.
fn run_with(space: &Space, hub: &Hub, mebibytes: u64) -> Outcome {
    let kilobytes = mebibytes * 1024;
    let script = format!("ulimit -S -v {kilobytes}; exec \"$0\" run spec.toml --json --jobs 2");
    real::outcome(real::shell(space, hub, &script))
}

#[test]
fn a_worker_without_memory_fails_its_stage_and_says_so() {
    let hub = real::hub();
    real::expected();
    let mut tally = Tally::default();
    let rounds = rounds(40);
    for round in 0..rounds {
        tally.round();
        // From too little for any model to nearly enough.
        let mebibytes = 64 + 480 * round / rounds;
        let space = real::space();
        let outcome = run_with(&space, &hub, mebibytes);
        let what = format!("{mebibytes} MiB");
        let messages = outcome.events.iter().filter(|event| event["event"] == "stage_failed");
        let told = |event: &Value| event["message"].as_str().is_some_and(|text| text.contains("memory"));
        let unclear: Vec<&Value> = messages.filter(|event| !told(event)).collect();
        // The engine itself is under the limit, too.
        let ended = (0..=2).contains(&outcome.code) || outcome.stderr.contains("memory");
        let odd = !ended || !unclear.is_empty();
        tally.refused(odd.then(|| format!("{what}: {} {} {unclear:#?}", outcome.code, outcome.stderr)));
        tally.lived_on(processes::expect_none(&space), &what);
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0).then(|| format!("{what}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{what}: {fault}")));
    }
    tally.end("worker out of memory");
}
