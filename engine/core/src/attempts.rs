//! What became of the attempts at a stage that jobs of a cluster make: a file of lines, written by whoever holds the stage's lock.
//!
//! A job may be killed at any moment, and nobody is told why. So an attempt says how it begins, now and then how much memory it takes,
//! and how it ends; one that does not say how it ended, while nobody holds the lock, has died, and what it said last tells of what.
//! Neither job numbers nor what a cluster remembers of jobs are needed for that.

use serde::{Deserialize, Serialize};

/// Share of its memory that an attempt had when it was last seen from which on its death is put down to memory.
const MEMORY_SHARE: f64 = 0.8;
/// The same of its time.
const TIME_SHARE: f64 = 0.9;
/// Deaths of a stage after which a run gives it up.
pub const MOST_DEATHS: u32 = 6;
/// Deaths that nothing explains, for each of which but the first more memory is tried: most of what dies unseen grew too fast.
const UNEXPLAINED: u32 = 1;
/// Times that a stage may be stopped before it ends for each of which more time is tried.
const STOPS: u32 = 4;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Somebody begins.
    Begun(Begun),
    /// The most memory so far, in bytes, of the worker and all that it started; and the seconds since it began.
    Peak {
        /// Bytes.
        bytes: u64,
        /// Seconds since it began.
        after: u64,
    },
    /// It stopped where it could go on later, since its job came to its end.
    Stopped,
    /// It failed for want of memory.
    Short {
        /// What it said.
        message: String,
    },
    /// It failed.
    Failed {
        /// The run of whose jobs one failed: another run tries again.
        run: String,
        /// What went wrong.
        message: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// An artifact that it reads is damaged or gone, and is to be made again.
    Damaged {
        /// The run of whose jobs one found it.
        run: String,
        /// The artifact.
        blake3: String,
        /// What was found.
        what: String,
    },
}

/// Who begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The run that asked for its job.
    pub run: String,
    /// Name of the stage.
    pub stage: String,
    /// Name of the host.
    pub host: String,
    /// Number of the job, as the cluster shows it.
    pub job: String,
    /// Bytes of memory that the job has.
    pub memory: u64,
    /// Seconds that the job may take from its beginning.
    pub time: u64,
    /// Seconds that it had left.
    pub left: u64,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// All attempts at a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    lines: Vec<Line>,
}

/// How attempts ended that died.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deaths {
    /// For want of memory.
    pub memory: u32,
    /// At the end of their time.
    pub time: u32,
    /// Of something that nobody saw.
    pub unexplained: u32,
    /// Attempts that stopped in time, to go on in another job.
    pub stopped: u32,
}

impl Line {
    /// The line as it is written, with its end.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).map(|line| line + "\n").unwrap_or_default()
    }
}

impl Attempts {
    /// Reads the file. What is no line, such as the last of a writer that was killed, is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self { lines: text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect() }
    }

    /// Who is at it, or was when it died.
    #[must_use]
    pub fn open(&self) -> Option<&Begun> {
        let begun = self.lines.iter().rposition(|line| matches!(line, Line::Begun(_)))?;
        let ended = self.lines[begun..].iter().any(Line::ends);
        match &self.lines[begun] {
            Line::Begun(begun) if !ended => Some(begun),
            _ => None,
        }
    }

    /// The run whose job made the last attempt.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.lines.iter().rev().find_map(|line| match line {
            Line::Begun(begun) => Some(begun.run.as_str()),
            _ => None,
        })
    }

    /// The last line, if an attempt has ended with it.
    #[must_use]
    pub fn end(&self) -> Option<&Line> {
        self.lines.last().filter(|line| line.ends())
    }

    /// How the attempts died. `alive`: somebody holds the stage's lock, so that the last has not.
    #[must_use]
    pub fn deaths(&self, alive: bool) -> Deaths {
        let mut deaths = Deaths::default();
        let starts: Vec<usize> = (0..self.lines.len()).filter(|&at| matches!(self.lines[at], Line::Begun(_))).collect();
        for (number, &start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(self.lines.len());
            let is_last = number + 1 == starts.len();
            deaths.count(&self.lines[start..end], is_last && alive);
        }
        deaths
    }
}

impl Line {
    fn ends(&self) -> bool {
        !matches!(self, Self::Begun(_) | Self::Peak { .. })
    }
}

impl Deaths {
    fn count(&mut self, attempt: &[Line], alive: bool) {
        match attempt.iter().find(|line| line.ends()) {
            Some(Line::Short { .. }) => self.memory += 1,
            Some(Line::Stopped) => self.stopped += 1,
            Some(_) => {}
            None if alive => {}
            None => *self.of_what(attempt) += 1,
        }
    }

    /// Of what an attempt died that did not say so.
    fn of_what(&mut self, attempt: &[Line]) -> &mut u32 {
        let Some(Line::Begun(begun)) = attempt.first() else { return &mut self.unexplained };
        let seen = attempt.iter().rev().find_map(|line| match line {
            Line::Peak { bytes, after } => Some((*bytes, *after)),
            _ => None,
        });
        let (bytes, after) = seen.unwrap_or_default();
        if begun.memory > 0 && bytes as f64 >= MEMORY_SHARE * begun.memory as f64 {
            &mut self.memory
        } else if begun.time > 0
            && (begun.time.saturating_sub(begun.left) + after) as f64 >= TIME_SHARE * begun.time as f64
        {
            &mut self.time
        } else {
            &mut self.unexplained
        }
    }

    /// How many died.
    #[must_use]
    pub fn all(self) -> u32 {
        self.memory + self.time + self.unexplained
    }

    /// How often the memory that the stage is given is to be doubled.
    #[must_use]
    pub fn more_memory(self) -> u32 {
        self.memory + self.unexplained.saturating_sub(UNEXPLAINED)
    }

    /// How often its time is to be doubled.
    #[must_use]
    pub fn more_time(self) -> u32 {
        self.time + self.stopped / STOPS
    }
}

/// `died twice for want of memory, once of something unseen`.
impl std::fmt::Display for Deaths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = [
            (self.memory, "for want of memory"),
            (self.time, "at the end of its time"),
            (self.unexplained, "of something that nobody saw"),
        ];
        let said: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", times(*count)))
            .collect();
        write!(f, "died {}", said.join(", "))
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn begun() -> Line {
        Line::Begun(Begun { memory: GB, time: 3600, left: 3000, ..Begun::default() })
    }

    fn attempts(lines: &[Line]) -> Attempts {
        Attempts::parse(&lines.iter().map(Line::text).collect::<String>())
    }

    #[track_caller]
    fn died_of(lines: &[Line], expected: Deaths) {
        assert_eq!(attempts(lines).deaths(false), expected);
    }

    #[test]
    fn what_was_seen_last_tells_of_what_an_attempt_died() {
        let peak = |bytes, after| Line::Peak { bytes, after };
        died_of(&[begun(), peak(GB * 9 / 10, 5)], Deaths { memory: 1, ..Deaths::default() });
        died_of(&[begun(), peak(GB / 10, 2800)], Deaths { time: 1, ..Deaths::default() });
        died_of(&[begun(), peak(GB / 10, 5)], Deaths { unexplained: 1, ..Deaths::default() });
        died_of(&[begun()], Deaths { unexplained: 1, ..Deaths::default() });
        died_of(&[begun(), Line::Short { message: String::new() }], Deaths { memory: 1, ..Deaths::default() });
        died_of(&[begun(), Line::Stopped, begun()], Deaths { stopped: 1, unexplained: 1, ..Deaths::default() });
    }

    #[test]
    fn an_attempt_whose_lock_is_held_has_not_died() {
        let attempts = attempts(&[begun(), begun()]);
        assert_eq!(attempts.deaths(true), Deaths { unexplained: 1, ..Deaths::default() });
        assert!(attempts.open().is_some());
    }

    #[test]
    fn one_that_ended_is_not_open_and_its_end_is_known() {
        let failed = Line::Failed { run: "r".to_owned(), message: "m".to_owned(), tail: Vec::new() };
        let attempts = attempts(&[begun(), failed.clone()]);
        assert_eq!((attempts.open(), attempts.end()), (None, Some(&failed)));
        assert_eq!(attempts.deaths(false), Deaths::default());
    }

    #[test]
    fn the_half_line_of_a_killed_writer_is_passed_over() {
        let text = begun().text() + "{\"peak\":{\"byt";
        assert_eq!(Attempts::parse(&text), attempts(&[begun()]));
    }

    #[test]
    fn each_death_for_want_of_memory_doubles_it_and_one_unseen_does_not_yet() {
        let more = |memory, unexplained| Deaths { memory, unexplained, ..Deaths::default() }.more_memory();
        assert_eq!([more(0, 0), more(1, 0), more(2, 0), more(0, 1), more(0, 2), more(1, 2)], [0, 1, 2, 0, 1, 2]);
        assert_eq!(Deaths { stopped: 3, ..Deaths::default() }.more_time(), 0);
        assert_eq!(Deaths { stopped: 4, time: 1, ..Deaths::default() }.more_time(), 2);
    }
}
