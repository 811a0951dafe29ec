use crate::space::{Space, key, record};
use rusqlite::Connection;
use std::fs;
use std::time::Duration;
use xlt_cache::{Fingerprint, Ledger, RunCounts, RunId, StageRun, Status};
use xlt_core::key::Digest;
use xlt_core::record::Record;

/// All that was written is found, and of each stage the newest.
fn check(ledger: &Ledger, written: &[Record]) {
    for record in written {
        assert_eq!(ledger.lookup(&record.key).as_ref(), Some(&record.outputs), "{}", record.stage);
        let newest = written.iter().rev().find(|other| other.stage == record.stage).unwrap();
        assert_eq!(ledger.last_of("study", &record.stage), Some(newest.key), "{}", record.stage);
    }
    assert_eq!(ledger.lookup(&key("unknown")), None);
    assert_eq!(ledger.last_of("study", "unknown"), None);
    assert_eq!(ledger.last_of("another study", &written[0].stage), None);
}

/// Finished stages, several of each name, noted in the ledger as they finish.
fn fill(space: &Space, ledger: &Ledger, count: usize) -> Vec<Record> {
    let finish = |n: usize| {
        let record = space.finish(&format!("evaluate/{}", n % 7), &n.to_string());
        ledger.insert(&record);
        record
    };
    (0..count).map(finish).collect()
}

fn set_aside(space: &Space) -> bool {
    space.path("state/ledger.sqlite.set-aside").exists()
}

#[test]
fn what_is_noted_is_found_before_and_after_a_flush() {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 30);
    assert_eq!(ledger.lookup(&written[3].key).as_ref(), Some(&written[3].outputs));
    ledger.flush().unwrap();
    check(&ledger, &written);
    drop(ledger);
    check(&space.ledger(), &written);
}

#[test]
fn a_lost_ledger_gives_the_same_answers_again() {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 60);
    check(&ledger, &written);
    drop(ledger);
    fs::remove_dir_all(space.path("state")).unwrap();
    check(&space.ledger(), &written);
}

#[test]
fn a_file_that_is_no_ledger_is_set_aside() {
    let space = Space::new();
    let written = fill(&space, &space.ledger(), 10);
    fs::write(space.ledger_path(), "no database at all\n".repeat(500)).unwrap();
    let ledger = space.ledger();
    check(&ledger, &written);
    assert!(set_aside(&space));
    drop(ledger);
    fs::remove_file(space.path("state/ledger.sqlite.set-aside")).unwrap();
    check(&space.ledger(), &written);
    assert!(!set_aside(&space), "the new one is good");
}

#[test]
fn a_folder_in_its_place_is_set_aside_like_a_file() {
    let space = Space::new();
    let written = fill(&space, &space.ledger(), 10);
    // Each in turn finds the other kind set aside before.
    for _ in 0..2 {
        fs::remove_file(space.ledger_path()).unwrap();
        fs::create_dir(space.ledger_path()).unwrap();
        fs::write(space.ledger_path().join("file"), "").unwrap();
        check(&space.ledger(), &written);
        assert!(space.ledger_path().is_file() && set_aside(&space));
        fs::write(space.ledger_path(), "no database at all\n".repeat(500)).unwrap();
        check(&space.ledger(), &written);
        assert!(space.path("state/ledger.sqlite.set-aside").is_file());
    }
}

#[test]
fn a_ledger_of_another_version_is_set_aside() {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 10);
    ledger.flush().unwrap();
    drop(ledger);
    Connection::open(space.ledger_path()).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    check(&space.ledger(), &written);
    assert!(set_aside(&space));
}

/// Damage behind the first page shows only when the page is read.
fn check_damage_behind(first_good: usize) {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 600);
    ledger.flush().unwrap();
    drop(ledger);
    let mut bytes = fs::read(space.ledger_path()).unwrap();
    bytes[first_good..].fill(0xff);
    fs::write(space.ledger_path(), bytes).unwrap();
    let ledger = space.ledger();
    check(&ledger, &written);
    ledger.flush().unwrap();
    drop(ledger);
    assert!(set_aside(&space));
    check(&space.ledger(), &written);
}

#[test]
fn a_ledger_damaged_inside_is_rebuilt() {
    check_damage_behind(4096);
    check_damage_behind(4096 * 14);
}

#[test]
fn a_damaged_row_is_read_from_its_record() {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 5);
    ledger.flush().unwrap();
    Connection::open(space.ledger_path()).unwrap().execute_batch("UPDATE records SET outputs = x'0102'").unwrap();
    check(&ledger, &written);
}

#[test]
fn a_record_of_another_host_is_adopted() {
    let space = Space::new();
    let ledger = space.ledger();
    let mut written = fill(&space, &ledger, 5);
    written.push(space.finish("evaluate/0", "made elsewhere"));
    assert_eq!(ledger.lookup(&written[5].key).as_ref(), Some(&written[5].outputs));
    check(&ledger, &written);
    fs::remove_file(space.cache.record_path(&written[5].key)).unwrap();
    assert!(ledger.lookup(&written[5].key).is_some(), "from the ledger now");
}

#[test]
fn a_large_run_reads_the_table_and_still_sees_what_is_new() {
    let space = Space::new();
    let ledger = space.ledger();
    let mut written = fill(&space, &ledger, 300);
    ledger.flush().unwrap();
    (0..5).for_each(|_| check(&ledger, &written));
    let new = space.finish("evaluate/1", "new");
    ledger.insert(&new);
    ledger.flush().unwrap();
    fs::remove_file(space.cache.record_path(&new.key)).unwrap();
    written.push(new);
    check(&ledger, &written);
    let removed = written.remove(0);
    space.cache.remove_record(&removed.key).unwrap();
    ledger.remove(&removed.key);
    assert_eq!(ledger.lookup(&removed.key), None);
    ledger.flush().unwrap();
    assert_eq!(ledger.lookup(&removed.key), None);
}

#[test]
fn a_removed_record_is_forgotten() {
    let space = Space::new();
    let ledger = space.ledger();
    let written = fill(&space, &ledger, 8);
    ledger.flush().unwrap();
    let last = &written[7];
    space.cache.remove_record(&last.key).unwrap();
    ledger.remove(&last.key);
    assert_eq!(ledger.lookup(&last.key), None);
    assert_eq!(ledger.last_of("study", &last.stage), Some(written[0].key));
    ledger.insert(&record("evaluate/0", "7", &space.ingest("7")));
    assert!(ledger.lookup(&key("evaluate/0 7")).is_some());
}

#[test]
fn looking_up_writes_once_a_day() {
    let space = Space::new();
    drop(space.finish("train", "one"));
    let ledger = space.ledger();
    let uses = || fs::read_dir(space.cache.root().join("uses")).unwrap().count();
    let look_up = || {
        assert!(ledger.lookup(&key("train one")).is_some());
        ledger.flush().unwrap();
        uses()
    };
    assert_eq!(look_up(), 1);
    fs::remove_dir_all(space.cache.root().join("uses")).unwrap();
    fs::create_dir(space.cache.root().join("uses")).unwrap();
    assert_eq!(look_up(), 0);
}

#[test]
fn where_no_file_can_be_it_lives_in_memory() {
    let space = Space::new();
    let written = fill(&space, &space.ledger(), 10);
    space.folder("", &[("file", "")]);
    let ledger = Ledger::open(&space.path("file/ledger.sqlite"), &space.cache).unwrap();
    check(&ledger, &written);
    ledger.flush().unwrap();
}

#[test]
fn a_locked_ledger_keeps_what_it_cannot_write() {
    let space = Space::new();
    let ledger = space.ledger();
    let other = Connection::open(space.ledger_path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let written = fill(&space, &ledger, 10);
    ledger.flush().unwrap();
    assert_eq!(ledger.lookup(&written[0].key).as_ref(), Some(&written[0].outputs));
    other.execute_batch("ROLLBACK").unwrap();
    ledger.flush().unwrap();
    drop(ledger);
    check(&space.ledger(), &written);
    let rows: u32 = other.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 10);
}

#[test]
fn many_may_write_at_once() {
    let space = &Space::new();
    std::thread::scope(|scope| {
        for n in 0..5 {
            scope.spawn(move || {
                let ledger = space.ledger();
                for m in 0..20 {
                    let mut record = record(&format!("stage {n}"), &m.to_string(), &ingested());
                    record.study = "many".to_owned();
                    space.cache.write_record(&record).unwrap();
                    ledger.insert(&record);
                    ledger.flush().unwrap();
                }
            });
        }
    });
    let db = Connection::open(space.ledger_path()).unwrap();
    let rows: u32 = db.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 100);
}

fn ingested() -> xlt_cache::Ingested {
    let fingerprint = Fingerprint { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 };
    xlt_cache::Ingested { digest: Digest::of(b""), size: 0, folder: false, fingerprint }
}

#[test]
fn an_edited_input_is_read_again() {
    let space = Space::new();
    let ledger = space.ledger();
    let path = space.folder("", &[("input", "one")]).join("input");
    let settle = || std::thread::sleep(Duration::from_millis(40));
    settle();
    assert_eq!(ledger.file_digest(&path).unwrap(), Digest::of(b"one"));
    ledger.flush().unwrap();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    settle();
    fs::write(&path, "two").unwrap();
    fs::File::open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(ledger.file_digest(&path).unwrap(), Digest::of(b"two"), "same size, same time of change");
    assert!(ledger.file_digest(&space.path("missing")).is_err());
}

#[test]
fn edits_within_a_tick_of_the_clock_are_seen() {
    let space = Space::new();
    let ledger = space.ledger();
    for n in 1000..1200 {
        let text = n.to_string();
        let path = space.folder("", &[("input", &text)]).join("input");
        assert_eq!(ledger.file_digest(&path).unwrap(), Digest::of(text.as_bytes()));
    }
}

#[test]
fn fingerprints_of_large_objects_are_kept() {
    let space = Space::new();
    let ledger = space.ledger();
    let (large, small) = (space.ingest(vec![0; 1 << 20]), space.ingest("small"));
    for object in [large, small] {
        ledger.set_object_fingerprint(&object.digest, object.fingerprint);
    }
    assert_eq!(ledger.object_fingerprint(&large.digest), Some(large.fingerprint));
    ledger.flush().unwrap();
    drop(ledger);
    let ledger = space.ledger();
    assert_eq!(ledger.object_fingerprint(&large.digest), Some(large.fingerprint));
    assert_eq!(ledger.object_fingerprint(&small.digest), None);
}

#[test]
fn of_a_study_that_is_run_again_and_again_the_newest_runs_are_told() {
    let space = Space::new();
    let ledger = space.ledger();
    let once = |study: &str, seconds: f64| {
        let run = ledger.begin_run(study, "host");
        let (log, key) = (None, Some(key("a")));
        let stage = StageRun {
            stage: "a".to_owned(),
            key,
            status: Status::Ok,
            seconds,
            cpu_seconds: None,
            peak_bytes: None,
            log,
        };
        ledger.stage_run(run, stage);
        ledger.finish_run(run, RunCounts::default());
        ledger.computed("read", seconds);
        ledger.flush().unwrap();
        run
    };
    let other = once("other", 1.0);
    let runs: Vec<RunId> = (0..103).map(|n| once("study", f64::from(n))).collect();
    let told: Vec<RunId> = ledger.runs(Some("study"), 1000).unwrap().iter().map(|run| run.id).collect();
    assert!(told.iter().rev().eq(&runs[3..]));
    assert!(ledger.stage_runs(runs[2]).unwrap().is_empty() && ledger.stage_runs(runs[3]).unwrap().len() == 1);
    assert_eq!(ledger.stage_runs(other).unwrap().len(), 1);
    assert_eq!(ledger.rate("read"), Some(95.0), "the median of the newest fifteen");
    let rates = "SELECT count(*) FROM rates";
    let count: u32 = Connection::open(space.ledger_path()).unwrap().query_row(rates, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 15);
}

#[test]
fn runs_and_their_stages_are_told_again() {
    let space = Space::new();
    let ledger = space.ledger();
    let run = ledger.begin_run("study", "host");
    let stage = StageRun {
        stage: "train".to_owned(),
        key: Some(key("a")),
        status: Status::Ok,
        seconds: 1.5,
        cpu_seconds: Some(2.5),
        peak_bytes: Some(1 << 40),
        log: Some("/some/log".into()),
    };
    let failed = StageRun { status: Status::Failed, key: None, cpu_seconds: None, log: None, ..stage.clone() };
    let interrupted = StageRun { status: Status::Interrupted, peak_bytes: None, ..stage.clone() };
    for stage in [&stage, &failed, &interrupted] {
        ledger.stage_run(run, stage.clone());
    }
    let found = space.ledger().last_run("study").unwrap();
    assert_eq!(found, None, "not flushed yet");
    let found = ledger.last_run("study").unwrap().unwrap();
    assert_eq!((found.id, found.finished, found.host.as_str()), (run, None, "host"));
    let counts = RunCounts { ran: 1, cached: 45_000, failed: 2, skipped: 3 };
    ledger.finish_run(run, counts);
    let later = ledger.begin_run("other", "host");
    ledger.flush().unwrap();
    let ledger = space.ledger();
    let found = ledger.last_run("study").unwrap().unwrap();
    assert_eq!((found.counts, found.finished > Some(run.started())), (counts, true));
    assert_eq!(ledger.stage_runs(run).unwrap(), [stage, failed, interrupted]);
    assert_eq!(ledger.runs(None, 9).unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), [later, run]);
    assert_eq!((ledger.last_seconds("study", "train"), ledger.last_seconds("study", "x")), (Some(1.5), None));
}

#[test]
fn a_rate_is_the_median_of_the_newest_ones() {
    let space = Space::new();
    let ledger = space.ledger();
    assert_eq!(ledger.rate("read"), None);
    // Long ago it was slow; of late one run was held up, and one went on from where another was stopped.
    for rate in [1.0; 20].into_iter().chain([100.0; 13]).chain([2.0, 9000.0]) {
        ledger.computed("read", rate);
    }
    ledger.computed("write", 7.0);
    ledger.flush().unwrap();
    let ledger = space.ledger();
    assert_eq!((ledger.rate("read"), ledger.rate("write"), ledger.rate("train")), (Some(100.0), Some(7.0), None));
}
