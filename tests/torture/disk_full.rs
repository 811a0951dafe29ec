//! A disk that is full while real stages write: downloads, quantized weights, checkpoints, journals, answers, results.

use crate::processes;
use crate::real;
use crate::support::{Answer, Outcome, Space};
use crate::tally::{Tally, rounds};
use std::collections::BTreeSet;
use std::process::Command;

fn messages(outcome: &Outcome) -> Vec<&str> {
    outcome.events.iter().filter_map(|event| event["message"].as_str()).collect()
}

/// No file may grow beyond so many blocks of 512 bytes: what a quota of one's own does, and what needs no rights.
#[test]
fn where_no_file_may_grow_nothing_half_written_is_believed() {
    let hub = real::hub();
    real::expected();
    let rounds = rounds(25);
    let mut tally = Tally::default();
    for round in 0..rounds {
        tally.round();
        // From a few kB to more than the largest file has: 1.2 MB.
        let blocks = (16.0 * (2800_f64 / 16.0).powf((round as f64 + 0.5) / rounds as f64)) as u64;
        let (space, what) = (real::space(), format!("{blocks} blocks"));
        let script = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" run spec.toml --json --jobs 2");
        let first = real::outcome(real::shell(&space, &hub, &script));
        tally.lived_on(processes::expect_none(&space), &what);
        let recorded = real::recorded(&space);
        check(&space, &first, &real::run(&space, &hub), &recorded, &what, &mut tally);
    }
    tally.end("file size limit (a quota)");
}

/// A disk of its own for the cache, of so many kB: fills it, frees it, goes on.
const SMALL_DISK: &str = r#"
mkdir -p "$XLT_CACHE" && mount -t tmpfs -o size="$KILOBYTES"k xlt "$XLT_CACHE" || exit 99
"$0" run spec.toml --json --jobs 2 > first 2> first.err
echo $? > first.code
[ ! -d "$XLT_CACHE/records" ] || cp -R "$XLT_CACHE/records" recorded
mount -o remount,size=64m "$XLT_CACHE" || exit 98
"$0" run spec.toml --json --jobs 2 > second 2> second.err
echo $? > second.code
"$0" cache verify > verified 2>&1 || exit 97
"#;

/// What a run left of itself in files of the study.
fn outcome(space: &Space, name: &str) -> Outcome {
    let code = space.read(&format!("{name}.code")).trim().parse().unwrap();
    let (stdout, stderr) = (space.read(name), space.read(&format!("{name}.err")));
    Outcome::of(Answer { code, stdout, stderr }, Vec::new())
}

/// Where this user may make a file system (in a namespace of users and mounts).
#[test]
fn on_a_disk_that_is_full_nothing_half_written_is_believed() {
    let hub = real::hub();
    real::expected();
    let rounds = rounds(25);
    let mut tally = Tally::default();
    for round in 0..rounds {
        // From nearly nothing to nearly enough.
        let kilobytes = 40 + (2600 - 40) * round / rounds;
        let (space, what) = (real::space(), format!("{kilobytes} kB"));
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "/bin/sh"]);
        let mut shell = real::script_of(unshare, &space, &hub, SMALL_DISK);
        let ended = shell.env("KILOBYTES", kilobytes.to_string()).output().unwrap();
        match ended.status.code() {
            Some(0) => {}
            Some(97) => tally.wrong(Some(format!("{what}: {}", space.read("verified")))),
            // The limit on the size of files has to do.
            _ => return eprintln!("no small disk can be made here: {}", String::from_utf8_lossy(&ended.stderr).trim()),
        }
        tally.round();
        tally.lived_on(processes::expect_none(&space), &what);
        let (first, second) = (outcome(&space, "first"), outcome(&space, "second"));
        check(&space, &first, &second, &real::recorded_in(&space.path("recorded/v1")), &what, &mut tally);
    }
    tally.end("disk full (a small tmpfs)");
}

/// The run that failed for want of space said so; the one after it goes on.
fn check(space: &Space, first: &Outcome, second: &Outcome, recorded: &BTreeSet<String>, what: &str, tally: &mut Tally) {
    let told = |text: &str| (text.contains("full") && text.contains("$XLT_CACHE")) || text.contains("File too large");
    let failed = messages(first);
    let all_told = if failed.is_empty() { told(&first.stderr) } else { failed.iter().all(|text| told(text)) };
    let told = first.code == 0 || all_told;
    tally.refused((!(0..=2).contains(&first.code) || !told).then(|| format!("{what}: {first:#?}")));
    let again: Vec<_> = second.ran.intersection(recorded).collect();
    tally.refused((second.code != 0 || !again.is_empty()).then(|| format!("{what}: {second:#?}")));
    tally.wrong(real::fault(&space.path("")).map(|fault| format!("{what}: {fault}")));
}
