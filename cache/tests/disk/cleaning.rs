use crate::space::{Space, flip_bit, key, set_age};
use std::collections::BTreeSet;
use std::fs;
use xlt_cache::{CacheError, Check, Damaged, Gc, Incomplete};
use xlt_core::record::Record;

fn month() -> Gc {
    Gc { unused_for_days: Some(30), ..Gc::default() }
}

/// Whether an artifact of a record is in the store.
fn there(space: &Space, record: &Record) -> bool {
    space.cache.object_path(&record.outputs[0].digest).exists()
}

#[test]
fn what_a_record_needs_stays_and_the_rest_goes() {
    let space = Space::new();
    let kept = space.finish("train", "kept");
    let dropped = space.ingest("dropped");
    let folder = space.cache.ingest(&space.folder("cache/partial/new", &[("a/b", "12")])).unwrap();
    let report = space.cache.gc(&Gc::default()).unwrap();
    assert_eq!((report.objects.count, report.objects.bytes, report.records.count), (2, 9, 0));
    assert_eq!(report.bytes(), 9);
    assert!(matches!(space.cache.check(&kept.outputs[0].digest, None).unwrap(), Check::Intact(_)));
    assert_eq!(space.cache.check(&dropped.digest, None).unwrap(), Check::Missing);
    assert_eq!(space.cache.check(&folder.digest, None).unwrap(), Check::Missing);
}

#[test]
fn a_dry_run_only_tells() {
    let space = Space::new();
    let record = space.finish("train", "old");
    space.age(&record, 40);
    space.ingest("dropped");
    let before = space.cache.usage().unwrap();
    let report = space.cache.gc(&Gc { dry_run: true, ..month() }).unwrap();
    assert_eq!((report.objects.count, report.records.count), (2, 1));
    assert_eq!(space.cache.usage().unwrap(), before);
    assert_eq!(space.cache.gc(&month()).unwrap(), report);
}

#[test]
fn old_records_go_with_what_only_they_need() {
    let space = Space::new();
    let (old, new) = (space.finish("train", "old"), space.finish("train", "new"));
    space.age(&old, 40);
    space.age(&new, 20);
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().records.count, 0);
    let report = space.cache.gc(&month()).unwrap();
    assert_eq!((report.records.count, report.objects.count), (1, 1));
    assert_eq!(space.cache.read_record(&old.key).unwrap(), None);
    assert!(space.cache.read_record(&new.key).unwrap().is_some());
}

#[test]
fn what_is_kept_by_name_stays_however_old() {
    let space = Space::new();
    let (kept, old) = (space.finish("train", "kept"), space.finish("train", "old"));
    [&kept, &old].into_iter().for_each(|record| space.age(record, 40));
    let options = Gc { keep: BTreeSet::from([kept.key]), max_bytes: Some(0), ..month() };
    let report = space.cache.gc(&options).unwrap();
    assert_eq!((report.records.count, report.objects.count, report.evicted.count, report.over), (1, 1, 0, 4));
    assert!(there(&space, &kept) && !there(&space, &old));
}

#[test]
fn to_fit_the_artifacts_used_longest_ago_go_first_and_their_records_stay() {
    let space = Space::new();
    let records = [("older", 9), ("old", 5), ("of the same day, larger", 5), ("new", 0)];
    let records = records.map(|(text, days)| {
        let record = space.finish("train", text);
        space.age(&record, days);
        record
    });
    let [older, old, larger, new] = &records;
    let report = space.cache.gc(&Gc { max_bytes: Some(7), ..Gc::default() }).unwrap();
    assert_eq!((report.evicted.count, report.evicted.bytes, report.records.count, report.over), (2, 28, 0, 0));
    assert!(!there(&space, older) && !there(&space, larger) && there(&space, old) && there(&space, new));
    assert!(records.iter().all(|record| space.cache.read_record(&record.key).unwrap().is_some()));
    let report = space.cache.gc(&Gc { max_bytes: Some(1), ..Gc::default() }).unwrap();
    assert_eq!((report.evicted.count, report.over), (1, 2), "what was used today stays");
    assert!(there(&space, new));
}

#[test]
fn beside_a_run_what_it_pinned_stays_and_the_rest_goes() {
    let space = Space::new();
    let [pinned, old, unnamed] = ["pinned", "old", "unnamed"].map(|text| space.finish("train", text));
    space.cache.remove_record(&unnamed.key).unwrap();
    [&pinned, &old].into_iter().for_each(|record| space.age(record, 40));
    let run = space.begin_run();
    run.pin([&pinned.key]).unwrap();
    let report = space.cache.gc(&Gc { max_bytes: Some(0), ..month() }).unwrap();
    assert_eq!((report.records.count, report.objects.count, report.evicted.count), (1, 2, 0));
    assert!(report.beside[0].starts_with("a run (process "), "{report:?}");
    assert!(there(&space, &pinned) && !there(&space, &old) && !there(&space, &unnamed));
    drop(run);
    assert_eq!(space.cache.gc(&month()).unwrap().records.count, 1, "pins end with their run");
}

#[test]
fn beside_a_run_what_was_made_since_it_began_stays() {
    let space = Space::new();
    let before = space.ingest("before");
    let again = space.ingest("made before, and again");
    let run = space.begin_run();
    space.ingest("made before, and again");
    let new = space.ingest("new");
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().objects.count, 1);
    let there = |digest| space.cache.check(digest, None).unwrap() != Check::Missing;
    assert!(!there(&before.digest) && there(&new.digest) && there(&again.digest));
    drop(run);
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().objects.count, 2);
}

#[test]
fn beside_a_run_unfinished_work_that_is_locked_stays() {
    let space = Space::new();
    let _run = space.cache.share().unwrap();
    let [locked, left] = ["locked", "left"].map(key);
    for key in [locked, left] {
        fs::create_dir(space.cache.partial(&key)).unwrap();
        set_age(&space.cache.partial(&key), 8);
    }
    let work_of_a_run = space.cache.partials().join(".xlt-run-1");
    fs::create_dir(&work_of_a_run).unwrap();
    set_age(&work_of_a_run, 8);
    let _lock = space.cache.try_lock(&locked).unwrap();
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().partials.count, 1);
    assert!(space.cache.partial(&locked).exists() && !space.cache.partial(&left).exists() && work_of_a_run.exists());
}

#[test]
fn a_run_of_an_xlt_that_pins_nothing_stops_a_cleaning() {
    let space = Space::new();
    let _run = space.cache.share().unwrap();
    let pins = fs::read_dir(space.cache.root().join("runs")).unwrap().map(|file| file.unwrap().path());
    pins.filter(|path| path.extension().is_some_and(|end| end == "pins"))
        .for_each(|path| fs::remove_file(path).unwrap());
    let error = space.cache.gc(&Gc::default()).unwrap_err();
    assert!(matches!(error, CacheError::InUse { .. }), "{error:?}");
    let expected = format!("in use by a run (process {} on ", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn a_record_that_is_used_stays_even_where_the_ledger_is_lost() {
    let space = Space::new();
    let records = ["a", "b", "c"].map(|text| space.finish("train", text));
    records.iter().for_each(|record| space.age(record, 40));
    let ledger = space.ledger();
    assert!(ledger.lookup(&records[1].key).is_some());
    ledger.flush().unwrap();
    drop(ledger);
    let long_ago = space.cache.root().join("uses/100-host");
    fs::write(long_ago, format!("{}\n{}\ncut", records[0].key, records[1].key)).unwrap();
    fs::remove_dir_all(space.path("state")).unwrap();
    for removed in [2, 0] {
        // The second time from what the first has kept of the uses.
        assert_eq!(space.cache.gc(&month()).unwrap().records.count, removed);
        assert!(space.cache.read_record(&records[1].key).unwrap().is_some());
        let uses: Vec<_> = fs::read_dir(space.cache.root().join("uses")).unwrap().map(|file| file.unwrap()).collect();
        assert!(uses.len() == 1 && fs::read_to_string(uses[0].path()).unwrap().lines().count() == 1, "{uses:?}");
    }
}

#[test]
fn a_ledger_elsewhere_learns_that_records_are_gone() {
    let space = Space::new();
    let (old, new) = (space.finish("train", "old"), space.finish("train", "new"));
    drop(space.ledger());
    space.age(&old, 40);
    space.cache.gc(&month()).unwrap();
    let ledger = space.ledger();
    assert_eq!(ledger.lookup(&old.key), None);
    assert_eq!(ledger.lookup(&new.key), Some(new.outputs));
}

#[test]
fn unfinished_work_is_kept_for_a_while() {
    let space = Space::new();
    let finished = space.finish("train", "finished");
    let [stale, fresh] = ["stale", "fresh"].map(key);
    for key in [finished.key, stale, fresh] {
        fs::create_dir(space.cache.partial(&key)).unwrap();
        fs::write(space.cache.partial(&key).join("checkpoint"), "123").unwrap();
        space.cache.make_log_folder(&key).unwrap();
        fs::write(space.cache.log_path(&key), "log").unwrap();
    }
    for path in [space.cache.partial(&stale).join("checkpoint"), space.cache.partial(&stale)] {
        set_age(&path, 8);
    }
    set_age(&space.cache.partial(&fresh), 8);
    [stale, finished.key].iter().for_each(|key| set_age(&space.cache.log_path(key), 8));
    let report = space.cache.gc(&Gc::default()).unwrap();
    assert_eq!((report.partials.count, report.partials.bytes, report.logs.count), (2, 6, 1));
    assert!(space.cache.partial(&fresh).exists() && space.cache.log_path(&fresh).exists());
    assert!(space.cache.log_path(&finished.key).exists(), "it belongs to a record");
}

#[test]
fn locks_quarantine_and_temporary_files_are_swept() {
    let space = Space::new();
    drop(space.cache.try_lock(&key("a")).unwrap());
    let found = space.ingest("text");
    flip_bit(&space.cache.object_path(&found.digest));
    space.cache.quarantine(&found.digest).unwrap();
    fs::write(space.cache.root().join("tmp/.xlt-left"), "").unwrap();
    fs::write(space.cache.root().join("runs/.xlt-dead"), "a run (process 1 on nowhere)").unwrap();
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().quarantine.count, 1);
    let count = |name: &str| fs::read_dir(space.cache.root().join(name)).unwrap().count();
    assert_eq!((count("tmp"), count("quarantine"), count("runs")), (0, 0, 0));
    assert!(space.cache.try_lock(&key("a")).unwrap().is_some());
}

#[test]
fn records_of_another_xlt_stop_a_cleaning() {
    let space = Space::new();
    fs::create_dir(space.cache.root().join("records/v2")).unwrap();
    let kept = space.ingest("needed by a record of v2");
    let error = space.cache.gc(&Gc::default()).unwrap_err();
    assert!(matches!(error, CacheError::ForeignRecords { .. }), "{error:?}");
    assert!(matches!(space.cache.check(&kept.digest, None).unwrap(), Check::Intact(_)));
}

#[test]
fn a_verification_finds_every_kind_of_damage() {
    let space = Space::new();
    let [good, damaged, missing, torn] = ["good", "damaged", "missing", "torn"].map(|text| space.finish(text, text));
    let folder = space.cache.ingest(&space.folder("cache/partial/new", &[("a", "1")])).unwrap();
    flip_bit(&space.cache.object_path(&damaged.outputs[0].digest));
    flip_bit(&space.cache.object_path(&folder.digest).join("a"));
    fs::remove_file(space.cache.object_path(&missing.outputs[0].digest)).unwrap();
    flip_bit(&space.cache.record_path(&torn.key));
    let mut last = None;
    let report = space.cache.verify(false, &mut |progress| last = Some(progress)).unwrap();
    assert_eq!((report.intact.count, report.records), (2, 3));
    assert_eq!(report.bad_records, [torn.key]);
    let mut expected = vec![
        Damaged { digest: damaged.outputs[0].digest, made_by: vec!["damaged.answers".to_owned()] },
        Damaged { digest: folder.digest, made_by: Vec::new() },
    ];
    expected.sort_by_key(|one| one.digest);
    assert_eq!(report.damaged, expected);
    let lost = Incomplete { key: missing.key, stage: "missing".to_owned(), outputs: vec!["answers".to_owned()] };
    assert_eq!(report.incomplete, [lost]);
    let last = last.unwrap();
    assert_eq!((last.done, last.total.count), (last.total, 4));

    let state = |check: Check| expected.iter().all(|one| space.cache.check(&one.digest, None).unwrap() == check);
    assert!(state(Check::Damaged) && space.cache.usage().unwrap().quarantine.count == 0, "looking changes nothing");
    assert_eq!(space.cache.verify(true, &mut |_| {}).unwrap(), report);
    assert!(state(Check::Missing) && space.cache.usage().unwrap().quarantine.count == 3);
    assert!(matches!(space.cache.check(&good.outputs[0].digest, None).unwrap(), Check::Intact(_)));
    let after = space.cache.verify(false, &mut |_| {}).unwrap();
    assert!(after.damaged.is_empty() && after.bad_records.is_empty() && after.incomplete.len() == 2, "{after:?}");
}
