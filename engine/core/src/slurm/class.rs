//! Kinds of jobs: stages that need the same share one, so that hundreds of them take a handful of submissions.

use crate::attempts::Deaths;
use crate::plan::{Kind, Stage};
use crate::spec::Executor;
use std::fmt::{self, Display};
use std::str::FromStr;

/// What a job has, and so what its stages need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// GPUs.
    pub gpus: u32,
    /// Cores.
    pub cores: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Its time limit, in seconds.
    pub seconds: u64,
    /// Whether it is for trainings, which may take a job's whole time. Such a job does short stages, too.
    pub long: bool,
}

/// What a stage needs of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The network: it is not done in jobs.
    Network,
    /// Little, so that any job that is there will do: one core, no GPU. Where none is, one of that kind.
    Any(Class),
    /// A job of that kind.
    Job(Class),
}

impl Needs {
    /// Of a stage, after its deaths so far.
    #[must_use]
    pub fn of(stage: &Stage, executor: &Executor, deaths: Deaths) -> Self {
        if stage.kind() == Kind::Download {
            return Self::Network;
        }
        let needs = stage.resources;
        let all = |count: u32, usual: u32| if count == u32::MAX { usual } else { count };
        // Where nothing is said of cores and GPUs it is the whole machine, which a job has no notion of.
        let memory = if needs.memory == 0 { executor.memory } else { needs.memory };
        let class = Class {
            gpus: all(needs.gpus, 0),
            cores: all(needs.cores, executor.cores).max(1),
            memory: doubled(memory, deaths.more_memory()),
            seconds: doubled(executor.time, deaths.more_time()),
            long: stage.kind() == Kind::Finetune,
        };
        let small = stage.model().is_none() && needs.gpus == 0 && needs.cores <= 1 && needs.memory == 0;
        if small && deaths.all() == 0 { Self::Any(Class { cores: executor.cores, ..class }) } else { Self::Job(class) }
    }

    /// The kind of job that is asked for where there is none.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Network => None,
            Self::Any(class) | Self::Job(class) => Some(class),
        }
    }
}

fn doubled(amount: u64, times: u32) -> u64 {
    amount.saturating_mul(1_u64.checked_shl(times).unwrap_or(u64::MAX))
}

impl Class {
    /// Whether a job of this kind does stages with these needs.
    #[must_use]
    pub fn takes(self, needs: Needs) -> bool {
        match needs {
            Needs::Network => false,
            Needs::Any(_) => true,
            Needs::Job(class) => self == class || (self.long && self == Self { long: true, ..class }),
        }
    }

    /// Whether such a job is there for stages with these needs, and not only glad to do them.
    #[must_use]
    pub fn is_for(self, needs: Needs) -> bool {
        match needs {
            Needs::Any(class) => self == class,
            other => self.takes(other),
        }
    }

    /// `gpus=1 cores=8 memory=24GB time=240min, trainings`, for people.
    #[must_use]
    pub fn words(self) -> String {
        let Self { gpus, cores, memory, seconds, long } = self;
        let gpus = if gpus > 0 { format!("{gpus} GPU{}, ", if gpus == 1 { "" } else { "s" }) } else { String::new() };
        let long = if long { ", trainings" } else { "" };
        let memory = memory as f64 / 1e9;
        format!(
            "{gpus}{cores} core{}, {memory} GB, {} min{long}",
            if cores == 1 { "" } else { "s" },
            seconds.div_ceil(60)
        )
    }
}

/// The form in which a job is told what it is.
impl Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gpus, cores, memory, seconds, long } = self;
        write!(f, "gpus{gpus}-cores{cores}-memory{memory}-time{seconds}")?;
        if *long { f.write_str("-long") } else { Ok(()) }
    }
}

/// A text is not the form of a class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of job: it reads like gpus1-cores8-memory24000000000-time14400-long")]
pub struct BadClass(String);

impl FromStr for Class {
    type Err = BadClass;

    fn from_str(text: &str) -> Result<Self, BadClass> {
        let read = || {
            let (numbers, long) = text.strip_suffix("-long").map_or((text, false), |rest| (rest, true));
            let mut parts = numbers.split('-');
            let mut next = |name: &str| parts.next()?.strip_prefix(name)?.parse::<u64>().ok();
            let class = Self {
                gpus: u32::try_from(next("gpus")?).ok()?,
                cores: u32::try_from(next("cores")?).ok()?,
                memory: next("memory")?,
                seconds: next("time")?,
                long,
            };
            parts.next().is_none().then_some(class)
        };
        read().ok_or_else(|| BadClass(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: Class = Class { gpus: 1, cores: 8, memory: 24_000_000_000, seconds: 14_400, long: false };

    #[test]
    fn a_class_is_read_back_as_it_was_written() {
        for class in [CLASS, Class { long: true, ..CLASS }] {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        for bad in
            ["", "gpus1", "gpus1-cores8-memory1-time", "gpus1-cores8-memory1-time1-x", "gpus-1-cores8-memory1-time1"]
        {
            assert!(bad.parse::<Class>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_job_for_trainings_does_short_stages_too_and_any_job_does_small_ones() {
        let long = Class { long: true, ..CLASS };
        assert!(long.takes(Needs::Job(CLASS)) && !CLASS.takes(Needs::Job(long)));
        assert!(!CLASS.takes(Needs::Job(Class { memory: 1, ..CLASS })));
        let small = Needs::Any(Class { gpus: 0, ..CLASS });
        assert!(CLASS.takes(small) && !CLASS.is_for(small));
        assert!(!CLASS.takes(Needs::Network));
    }
}
