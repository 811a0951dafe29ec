//! `kill -9` while models are fetched, quantized, trained and asked.

use crate::chance::Chance;
use crate::processes;
use crate::real::{self, STAGES};
use crate::support::hub::Hub;
use crate::tally::{Tally, rounds, seed};
use std::time::{Duration, Instant};

/// Rounds under way at once.
const AT_ONCE: u64 = 2;

#[test]
fn after_any_kill_real_stages_go_on_to_the_same_bytes() {
    let (rounds, seed) = (rounds(100), seed());
    let hub = &real::hub();
    real::expected();
    let begun = Instant::now();
    real::run(&real::space(), hub);
    let whole = begun.elapsed();
    let tally = Tally::of_rounds(seed, rounds, AT_ONCE, |seed, tally| round(seed, whole, hub, tally));
    tally.end("kill -9 of engine or worker, real stages");
}

/// A kill or two, at some moment of a run that takes about so long, and the run after them.
fn round(seed: u64, whole: Duration, hub: &Hub, tally: &mut Tally) {
    let mut chance = Chance::new(seed);
    let (space, what) = (real::space(), format!("seed {seed}"));
    tally.round();
    for _ in 0..=chance.below(2) {
        let engine = real::start(&space, hub);
        std::thread::sleep(Duration::from_micros(chance.below(whole.as_micros() as u64 * AT_ONCE)));
        let odd = engine.kill_something(&space, &mut chance);
        tally.refused(odd.map(|odd| format!("{what}: {odd}")));
        tally.lived_on(processes::expect_none(&space), &what);
    }
    let recorded = real::recorded(&space);
    let outcome = real::run(&space, hub);
    tally.lived_on(processes::expect_none(&space), &what);
    let all = outcome.code == 0 && outcome.ran.len() as u64 + outcome.cached == STAGES as u64;
    tally.refused((!all).then(|| format!("{what}: {outcome:#?}")));
    let again: Vec<_> = outcome.ran.intersection(&recorded).collect();
    tally.refused((!again.is_empty()).then(|| format!("{what}: done again although recorded: {again:?}")));
    tally.wrong(real::fault(&space.path("")).map(|fault| format!("{what}: {fault}")));
    let outcome = real::run(&space, hub);
    tally.refused((outcome.code != 0 || !outcome.ran.is_empty()).then(|| format!("{what}: {outcome:#?}")));
}
