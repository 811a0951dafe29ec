//! Bits that flip in the store, in artifacts and records, small and large, of files and folders: none is served.

use crate::chance::Chance;
use crate::processes;
use crate::real;
use crate::support::{Space, children, flip_bit_at};
use crate::tally::{Tally, rounds, seed};
use std::fs;
use std::path::{Path, PathBuf};

const FLIPS: usize = 20;

/// Every file of the store.
fn files(space: &Space) -> Vec<PathBuf> {
    let (mut files, mut left) = (Vec::new(), [space.members("objects"), space.members("records/v1")].concat());
    while let Some(path) = left.pop() {
        if path.is_dir() { left.extend(children(&path)) } else { files.push(path) }
    }
    files.retain(|path| fs::metadata(path).unwrap().len() > 0);
    files.sort();
    files
}

fn any<'a, T>(chance: &mut Chance, of: &'a [T]) -> &'a T {
    &of[chance.below(of.len() as u64) as usize]
}

fn flip(chance: &mut Chance, path: &Path) {
    flip_bit_at(path, chance.below(fs::metadata(path).unwrap().len() * 8));
}

/// Whatever makes the next run read: lost results, a lost ledger, records without which stages run anew.
fn lose(chance: &mut Chance, space: &Space) {
    if chance.below(2) == 0 && space.has("spec.results") {
        space.remove("spec.results");
    }
    if chance.below(2) == 0 {
        fs::remove_dir_all(space.state("")).unwrap();
        for _ in 0..chance.below(5) {
            let records = space.members("records/v1");
            if !records.is_empty() {
                fs::remove_file(any(chance, &records)).unwrap();
            }
        }
    }
}

#[test]
fn of_a_thousand_flipped_bits_none_is_served() {
    let (rounds, mut chance) = (rounds(50), Chance::new(seed()));
    let (space, hub) = real::done();
    real::expected();
    let printed = space.ask(&["results"]).expect_code(0).stdout.clone();
    let mut tally = Tally::default();
    for round in 0..rounds {
        let files = files(&space);
        for _ in 0..FLIPS {
            let path: &PathBuf = any(&mut chance, &files);
            flip(&mut chance, path);
            tally.round();
        }
        let answer = space.ask(&["results"]);
        let served = answer.code == 0 && answer.stdout != printed;
        tally.wrong(served.then(|| format!("round {round}: {}", answer.stdout)));
        lose(&mut chance, &space);
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0).then(|| format!("round {round}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("round {round}: {fault}")));
    }
    let found = space.quarantined();
    eprintln!("{} flips, {found} artifacts and records set aside", rounds as usize * FLIPS);
    assert!(found > 0);
    tally.end("bits flipped in artifacts and records");
}

/// What a kill leaves unfinished: half a download, a checkpoint, a journal of answers.
const UNFINISHED: [&str; 3] = ["partial", "state.json", "answers.journal"];

/// Files of unfinished work.
fn unfinished(space: &Space) -> Vec<PathBuf> {
    let (mut files, mut left) = (Vec::new(), children(&space.cache("partial")));
    while let Some(path) = left.pop() {
        let Ok(found) = fs::metadata(&path) else { continue };
        if found.is_dir() {
            left.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if found.len() > 0 {
            files.push(path);
        }
    }
    files
}

#[test]
fn of_bits_flipped_in_unfinished_work_none_is_served() {
    let mut chance = Chance::new(seed());
    let hub = real::hub();
    real::expected();
    let mut tally = Tally::default();
    for name in UNFINISHED.iter().cycle().take(UNFINISHED.len() * rounds(10) as usize) {
        let space = real::space();
        let engine = real::start(&space, &hub);
        processes::wait_for(&space, |_| unfinished(&space).iter().any(|path| path.ends_with(name)));
        engine.kill();
        processes::expect_none(&space);
        for path in unfinished(&space) {
            flip(&mut chance, &path);
            tally.round();
        }
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0).then(|| format!("{name}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{name}: {fault}")));
    }
    tally.end("bits flipped in unfinished work");
}
