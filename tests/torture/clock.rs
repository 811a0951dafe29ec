//! A clock that goes backwards: everything in cache, ledger and results is of a time that is yet to come, or long gone.

use crate::real;
use crate::support::{Space, children};
use crate::tally::Tally;
use rusqlite::Connection;
use std::fs::{self, File, FileTimes};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const YEAR: i64 = 366;
const DAY: u64 = 24 * 60 * 60;

/// As if the clock had been so many days ahead until now.
fn shift(space: &Space, days: i64) {
    let mut left: Vec<PathBuf> = vec![space.cache(""), space.state(""), space.path("")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(children(&path));
        }
        let Ok(file) = File::open(&path) else { continue };
        let by = Duration::from_secs(days.unsigned_abs() * DAY);
        let old = file.metadata().unwrap().modified().unwrap();
        let new = if days > 0 { old + by } else { old.checked_sub(by).unwrap_or(SystemTime::UNIX_EPOCH) };
        file.set_times(FileTimes::new().set_modified(new).set_accessed(new)).unwrap();
    }
    for path in children(&space.cache("uses")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (day, host) = name.split_once('-').unwrap();
        let day: i64 = day.parse().unwrap();
        fs::rename(&path, path.with_file_name(format!("{}-{host}", day + days))).unwrap();
    }
    for folder in children(&space.state("")) {
        let db = Connection::open(folder.join("ledger.sqlite")).unwrap();
        let nanoseconds = days * (DAY as i64) * 1_000_000_000;
        db.execute("UPDATE records SET used = used + ?1, written = written + ?2", [days, nanoseconds]).unwrap();
        for table in ["objects", "files"] {
            db.execute(&format!("UPDATE {table} SET mtime = mtime + ?1, ctime = ctime + ?1"), [nanoseconds]).unwrap();
        }
        db.execute("UPDATE runs SET finished = finished + ?1", [nanoseconds]).unwrap();
        db.execute("UPDATE rates SET noted = noted + ?1", [nanoseconds]).unwrap();
    }
}

#[test]
fn a_clock_that_jumps_changes_no_result_and_does_nothing_twice() {
    let hub = real::hub();
    real::expected();
    let mut tally = Tally::default();
    for days in [YEAR, -YEAR, 60 * YEAR, -60 * YEAR, 1, -1] {
        tally.round();
        let what = format!("{days} days");
        let space = real::space();
        let mut engine = real::start(&space, &hub);
        (0..6).for_each(|_| _ = engine.until("stage_finished"));
        engine.kill();
        crate::processes::expect_none(&space);
        shift(&space, days);
        let recorded = real::recorded(&space);
        let outcome = real::run(&space, &hub);
        let again: Vec<_> = outcome.ran.intersection(&recorded).collect();
        tally.refused((outcome.code != 0 || !again.is_empty()).then(|| format!("{what}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{what}: {fault}")));

        shift(&space, days);
        space.remove("spec.results");
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0 || !outcome.ran.is_empty()).then(|| format!("{what}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{what}: {fault}")));
        // A change is seen, and its reason is told, whatever the times say.
        space.edit("spec.toml", "Answer with 1 or 2.", "Say 1 or 2.");
        let outcome = real::run(&space, &hub);
        let asked = outcome.ran.iter().filter(|stage| stage.ends_with("/direct")).count();
        tally.refused((outcome.code != 0 || asked != 4).then(|| format!("{what}: {outcome:#?}")));
        for args in [["plan", "spec.toml"], ["results", "spec.toml"], ["status", "spec.toml"], ["cache", "verify"]] {
            let answer = space.ask(&args);
            tally.refused((answer.code != 0).then(|| format!("{what}: {args:?} {answer:#?}")));
        }
    }
    tally.end("clock jumps, by a day to sixty years");
}
