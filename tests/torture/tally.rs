//! What a mishap did over all its rounds: the row of a table that `make torture` prints at its end.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

/// Rounds of one mishap, and what went wrong in them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rounds: usize,
    /// Results that are not those of an unbroken run.
    wrong: Vec<String>,
    /// Runs that would not go on once the cause was gone.
    refused: Vec<String>,
    /// Processes that were alive too long.
    orphans: Vec<String>,
    /// The longest time until nothing was alive.
    longest: Duration,
}

impl Tally {
    /// One more round has begun.
    pub(crate) fn round(&mut self) {
        self.rounds += 1;
    }

    pub(crate) fn wrong(&mut self, what: Option<String>) {
        self.wrong.extend(what);
    }

    pub(crate) fn refused(&mut self, what: Option<String>) {
        self.refused.extend(what);
    }

    /// Something of the round lived on for so long.
    pub(crate) fn lived_on(&mut self, time: Duration, what: &str) {
        self.longest = self.longest.max(time);
        if time > patience() {
            self.orphans.push(format!("{what}: alive after {time:?}"));
        }
    }

    /// The rounds of several threads together.
    fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.wrong.extend(other.wrong);
        self.refused.extend(other.refused);
        self.orphans.extend(other.orphans);
        self.longest = self.longest.max(other.longest);
    }

    /// So many rounds, some at once; each gets its number, counted from `first`.
    pub(crate) fn of_rounds(first: u64, rounds: u64, at_once: u64, round: impl Fn(u64, &mut Self) + Sync) -> Self {
        let round = &round;
        let mut all = Self::default();
        std::thread::scope(|scope| {
            let begin = |thread| {
                scope.spawn(move || {
                    let mut tally = Self::default();
                    (thread..rounds).step_by(at_once as usize).for_each(|at| round(first + at, &mut tally));
                    tally
                })
            };
            let threads: Vec<_> = (0..at_once).map(begin).collect();
            threads.into_iter().for_each(|thread| all.add(thread.join().unwrap()));
        });
        all
    }

    /// Writes the row where `XLT_TORTURE_TABLE` says, then fails the test where anything was wrong.
    #[track_caller]
    pub(crate) fn end(self, mishap: &str) {
        let Self { rounds, wrong, refused, orphans, longest } = &self;
        let alive = if longest.is_zero() { "-".to_owned() } else { format!("{:.3} s", longest.as_secs_f64()) };
        let row =
            format!("| {mishap} | {rounds} | {} | {} | {} | {alive} |\n", wrong.len(), refused.len(), orphans.len());
        eprint!("{row}");
        if let Some(path) = std::env::var_os("XLT_TORTURE_TABLE") {
            File::options().append(true).create(true).open(path).unwrap().write_all(row.as_bytes()).unwrap();
        }
        assert!(wrong.is_empty() && refused.is_empty() && orphans.is_empty(), "{mishap}: {self:#?}");
    }
}

/// How long anything may live on: two seconds are promised. A machine with more to do than cores gets more.
fn patience() -> Duration {
    Duration::from_secs(number("XLT_TORTURE_PATIENCE_S", 20))
}

/// Rounds of a mishap, so many where `XLT_TORTURE_ROUNDS` asks for a hundred. There is one at least.
pub(crate) fn rounds(of_hundred: u64) -> u64 {
    (number("XLT_TORTURE_ROUNDS", 8) * of_hundred / 100).max(1)
}

/// What the numbers of a test are drawn from. `XLT_TORTURE_SEED` repeats a bad day.
pub(crate) fn seed() -> u64 {
    number("XLT_TORTURE_SEED", 1)
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
