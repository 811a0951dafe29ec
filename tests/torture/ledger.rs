//! A ledger that is spoilt in every way: it is an index, and costs time, never a wrong result or a refusal.

use crate::chance::Chance;
use crate::support::{Space, children, flip_bit_at};
use crate::tally::{Tally, rounds, seed};
use crate::{edited, real, study};
use rusqlite::Connection;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A way to spoil it.
type Spoil = fn(&Path, &mut Chance);

const WAYS: [(&str, Spoil); 7] = [
    ("bytes in the middle", |path, chance| scribble(path, chance, 200)),
    ("its first page", |path, chance| scribble(path, chance, 1)),
    ("zero length", |path, _| fs::write(path, "").unwrap()),
    ("another file", |path, _| fs::write(path, "not a database at all\n".repeat(1000)).unwrap()),
    ("half of it", |path, _| cut(path)),
    ("a folder in its place", |path, _| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        fs::write(path.join("file"), "").unwrap();
    }),
    ("a log that belongs to no ledger", |path, _| {
        fs::write(path.with_extension("sqlite-wal"), "x".repeat(9000)).unwrap()
    }),
];

fn cut(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2 + 7).unwrap();
}

/// Writes random bytes, eight at once, in so many places; in one place it is the beginning.
fn scribble(path: &Path, chance: &mut Chance, places: u64) {
    let file = File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    for place in 0..places {
        let at = if place == 0 && places == 1 { 0 } else { chance.below(length) };
        file.write_all_at(&chance.below(u64::MAX).to_le_bytes(), at).unwrap();
    }
}

fn ledger(space: &Space) -> PathBuf {
    children(&space.state(""))[0].join("ledger.sqlite")
}

#[test]
fn a_spoilt_ledger_costs_time_only() {
    let mut chance = Chance::new(seed());
    let (space, hub) = real::done();
    real::expected();
    let mut tally = Tally::default();
    for (way, spoil) in WAYS.iter().cycle().take(WAYS.len() * rounds(10) as usize) {
        tally.round();
        spoil(&ledger(&space), &mut chance);
        space.remove("spec.results");
        let outcome = real::run(&space, &hub);
        tally.refused((outcome.code != 0).then(|| format!("{way}: {outcome:#?}")));
        tally.wrong(real::fault(&space.path("")).map(|fault| format!("{way}: {fault}")));
        tally.refused((!outcome.ran.is_empty()).then(|| format!("{way}: done again: {:?}", outcome.ran)));
        // What it forgot, it knows again.
        let header = fs::read(ledger(&space)).unwrap_or_default();
        tally.refused((!header.starts_with(b"SQLite format 3")).then(|| format!("{way}: there is no ledger any more")));
    }
    tally.end("ledger spoilt (bytes, zero length, a folder, ...)");
}

/// A few bytes that SQLite does not notice: wherever they are, the study's own files are not taken for others.
#[test]
fn a_ledger_that_is_wrong_in_a_few_bytes_is_not_believed_for_ever() {
    let (rounds, mut chance) = (rounds(250), Chance::new(seed()));
    let spec = r#"
[stages.copy]
program = "step"
args    = ["copy/{n}", "{out.text}", "copy {n}", "{in.source}"]
inputs  = { source = "source.txt" }
outputs = { text = "text" }
matrix  = { n = [1, 2, 3, 4] }

[stages.all]
program = "gather"
args    = ["all", "{out.text}", "{in.copies}"]
inputs  = { copies = "stage:copy" }
outputs = { text = "all" }
"#;
    let space = Space::with_spec(spec);
    space.write("source.txt", "source\n");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(space.run().code, 0);
    let expected = study::results(&space.path(""));
    let mut tally = Tally::default();
    for round in 0..rounds {
        tally.round();
        for _ in 0..10 {
            flip_bit_at(
                &ledger(&space),
                8 * 4096 + chance.below(fs::metadata(ledger(&space)).unwrap().len() * 8 - 8 * 4096),
            );
        }
        space.remove("spec.results");
        let outcome = space.run();
        tally.refused((outcome.code != 0).then(|| format!("round {round}: {outcome:#?}")));
        tally.wrong((study::results(&space.path("")) != expected).then(|| format!("round {round}")));
    }
    tally.end("bits flipped in the ledger");
}

#[test]
fn a_digest_that_the_ledger_has_wrong_fails_one_run_at_most() {
    let space = edited::space();
    // Of a file that changed this very moment no digest is kept.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(real::outcome(edited::command(&space)).code, 0);
    let expected = study::results(&space.path(""));
    let wrong = Connection::open(ledger(&space)).unwrap().execute("UPDATE files SET digest = zeroblob(32)", []);
    assert!(wrong.unwrap() > 0);
    space.remove("spec.results");
    let outcomes = [(); 2].map(|()| real::outcome(edited::command(&space)));
    assert_eq!(outcomes[1].code, 0, "{outcomes:#?}");
    assert!(study::results(&space.path("")) == expected);
}
