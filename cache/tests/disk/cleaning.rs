use crate::space::{Space, flip_bit, key, set_age};
use std::fs;
use xlt_cache::{CacheError, Check, Gc, Incomplete};

const MONTH: Gc = Gc { unused_for_days: Some(30), stale_after_days: 7, dry_run: false };

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
    let report = space.cache.gc(&Gc { dry_run: true, ..MONTH }).unwrap();
    assert_eq!((report.objects.count, report.records.count), (2, 1));
    assert_eq!(space.cache.usage().unwrap(), before);
    assert_eq!(space.cache.gc(&MONTH).unwrap(), report);
}

#[test]
fn old_records_go_with_what_only_they_need() {
    let space = Space::new();
    let (old, new) = (space.finish("train", "old"), space.finish("train", "new"));
    space.age(&old, 40);
    space.age(&new, 20);
    assert_eq!(space.cache.gc(&Gc::default()).unwrap().records.count, 0);
    let report = space.cache.gc(&MONTH).unwrap();
    assert_eq!((report.records.count, report.objects.count), (1, 1));
    assert_eq!(space.cache.read_record(&old.key).unwrap(), None);
    assert!(space.cache.read_record(&new.key).unwrap().is_some());
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
        assert_eq!(space.cache.gc(&MONTH).unwrap().records.count, removed);
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
    space.cache.gc(&MONTH).unwrap();
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
    let report = space.cache.verify(&mut |progress| last = Some(progress)).unwrap();
    assert_eq!((report.intact.count, report.records, report.bad_records), (2, 3, 1));
    let mut expected = vec![damaged.outputs[0].digest, folder.digest];
    expected.sort();
    assert_eq!(report.damaged, expected);
    assert!(expected.iter().all(|digest| space.cache.check(digest, None).unwrap() == Check::Missing));
    let lacking = |record: &xlt_core::record::Record| Incomplete {
        key: record.key,
        stage: record.stage.clone(),
        outputs: vec!["answers".to_owned()],
    };
    let mut expected = vec![lacking(&damaged), lacking(&missing)];
    expected.sort_by_key(|one| one.key);
    assert_eq!(report.incomplete, expected);
    assert!(matches!(space.cache.check(&good.outputs[0].digest, None).unwrap(), Check::Intact(_)));
    let last = last.unwrap();
    assert_eq!((last.done, last.total.count), (last.total, 4));
}
