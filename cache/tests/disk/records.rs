use crate::space::{Space, flip_bit, key, record};
use std::fs;

#[test]
fn a_record_is_read_as_it_was_written() {
    let space = Space::new();
    let written = space.finish("train", "one");
    assert_eq!(space.cache.read_record(&written.key).unwrap(), Some(written.clone()));
    assert_eq!(space.cache.read_record(&key("unknown")).unwrap(), None);
    space.cache.remove_record(&written.key).unwrap();
    assert_eq!(space.cache.read_record(&written.key).unwrap(), None);
    space.cache.remove_record(&written.key).unwrap();
}

#[test]
fn a_torn_record_counts_as_absent_and_is_moved_away() {
    let space = Space::new();
    let written = space.finish("train", "one");
    let path = space.cache.record_path(&written.key);
    let text = fs::read(&path).unwrap();
    for bytes in [&text[..text.len() / 2], &[], &[0xff, 0xfe]] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(space.cache.read_record(&written.key).unwrap(), None);
        assert!(!path.exists());
    }
    assert_eq!(space.cache.usage().unwrap().quarantine.count, 3);
    space.cache.write_record(&written).unwrap();
    assert_eq!(space.cache.read_record(&written.key).unwrap(), Some(written));
}

#[test]
fn a_flipped_bit_in_a_record_is_noticed() {
    let space = Space::new();
    let written = space.finish("train", "one");
    flip_bit(&space.cache.record_path(&written.key));
    assert_eq!(space.cache.read_record(&written.key).unwrap(), None);
}

#[test]
fn a_record_under_another_key_is_not_believed() {
    let space = Space::new();
    let (one, two) = (space.finish("train", "one"), space.finish("train", "two"));
    fs::copy(space.cache.record_path(&one.key), space.cache.record_path(&two.key)).unwrap();
    assert_eq!(space.cache.read_record(&two.key).unwrap(), None);
    assert_eq!(space.cache.read_record(&one.key).unwrap(), Some(one));
}

#[test]
fn all_records_are_listed_without_the_bad_ones() {
    let space = Space::new();
    let mut written: Vec<_> = (0..40).map(|n| space.finish("stage", &n.to_string())).collect();
    flip_bit(&space.cache.record_path(&written.remove(0).key));
    fs::write(space.cache.record_path(&written[0].key).with_file_name(".stray"), "").unwrap();
    written.sort_by_key(|record| record.key);
    let found: Vec<_> = space.cache.records().unwrap().map(|record| record.unwrap().0).collect();
    assert_eq!(found, written);
}

#[test]
fn a_reader_never_sees_half_a_record() {
    let space = &Space::new();
    let written = &record("stage", "text", &space.ingest("text"));
    space.cache.write_record(written).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..500).for_each(|_| space.cache.write_record(written).unwrap()));
        (0..500).for_each(|_| assert!(space.cache.read_record(&written.key).unwrap().is_some()));
    });
}

/// Clocks of file systems tick every few milliseconds, and a rebuilt ledger takes the order of records from them.
#[test]
fn records_written_within_a_tick_keep_their_order() {
    let space = Space::new();
    let output = space.ingest("text");
    let written: Vec<_> = (0..50).map(|n| record("stage", &n.to_string(), &output)).collect();
    written.iter().for_each(|record| space.cache.write_record(record).unwrap());
    let mut found: Vec<_> = space.cache.records().unwrap().map(Result::unwrap).collect();
    found.sort_by_key(|(record, time)| (*time, record.key));
    assert_eq!(found.into_iter().map(|(record, _)| record).collect::<Vec<_>>(), written);
}
