//! A record that is spoilt, byte by byte of each of its parts, and a ledger that has not seen the whole one.

use crate::real::{self, ENGLISH};
use crate::support::{Space, flip_bit_at, set};
use crate::tally::Tally;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A way to spoil it.
type Spoil = fn(&Path);

const WAYS: [(&str, Spoil); 10] = [
    ("a name", |path| flip_in(path, "\"stage\"")),
    ("a digest", |path| flip_in(path, "\"blake3\":\"")),
    ("a size", |path| flip_in(path, "\"size\":")),
    ("the kernel class", |path| flip_in(path, "cpu-")),
    ("the manifest", |path| flip_in(path, "\"manifest\":\"")),
    ("its checksum", |path| flip_bit_at(path, (fs::metadata(path).unwrap().len() - 3) * 8)),
    ("its last character", |path| rewrite(path, |bytes| bytes.truncate(bytes.len() - 2))),
    ("nothing in it", |path| rewrite(path, Vec::clear)),
    ("bytes behind it", |path| rewrite(path, |bytes| bytes.extend(b"{}\n"))),
    ("bytes that are no text", |path| rewrite(path, |bytes| bytes.fill(0xff))),
];

/// Flips a bit of the character behind a text.
fn flip_in(path: &Path, text: &str) {
    let bytes = fs::read(path).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap() + text.len();
    flip_bit_at(path, at as u64 * 8);
}

fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn forget(space: &Space) {
    fs::remove_dir_all(space.state("")).unwrap();
}

#[test]
fn a_spoilt_record_is_set_aside_and_its_stage_done_again() {
    let (space, hub) = real::done();
    real::expected();
    let mut tally = Tally::default();
    for (number, (way, spoil)) in (1..).zip(WAYS) {
        tally.round();
        spoil(&space.record(ENGLISH));
        forget(&space);
        space.remove("spec.results");
        let outcome = real::run(&space, &hub);
        let right = outcome.code == 0 && outcome.ran.iter().eq([ENGLISH]);
        tally.refused((!right).then(|| format!("{way}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{way}: {fault}")));
        assert_eq!(space.quarantined(), number, "{way}");
    }
    tally.end("record spoilt (names, digests, sizes, checksum, ...)");
}

/// The report says of every answer which stage and which kernels made it, and that stands in the record alone.
#[test]
fn an_analysis_does_not_take_the_ledgers_word_for_a_record_that_is_gone() {
    real::expected();
    for (way, spoil) in [("damaged", WAYS[1].1), ("gone", |path: &Path| fs::remove_file(path).unwrap())] {
        let (space, hub) = real::done();
        spoil(&space.record(ENGLISH));
        let analysis = fs::read_to_string(space.record("analyze")).unwrap();
        let analysis: Value = serde_json::from_str(analysis.lines().next().unwrap()).unwrap();
        let made = analysis["outputs"].as_array().unwrap().iter().map(|output| output["blake3"].as_str().unwrap());
        made.for_each(|name| fs::remove_file(space.cache(format!("objects/{}/{name}", &name[..2]))).unwrap());
        space.remove("spec.results");
        let outcome = real::run(&space, &hub);
        assert!(outcome.code == 0 && outcome.ran == set(["analyze", ENGLISH]), "{way}: {outcome:#?}");
        assert_eq!(real::fault(&space.path("")), None, "{way}");
    }
}
