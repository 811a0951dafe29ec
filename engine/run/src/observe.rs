//! What a run tells whoever watches it.

pub use crate::protocol::{Learning, Unit};
use std::path::Path;
use xlt_core::batch::Cost;
use xlt_core::key::Key;
use xlt_core::plan::Stage;
use xlt_core::schedule::Tally;

/// One thing that happened.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// The plan is made.
    Planned {
        /// Stages in all.
        stages: usize,
        /// Of which are done already.
        cached: usize,
    },
    /// A stage started.
    Started {
        /// The stage.
        stage: &'a Stage,
        /// Its key, where known.
        key: Option<Key>,
    },
    /// How far a stage is.
    Progress {
        /// The stage.
        stage: &'a Stage,
        /// Done so far.
        done: u64,
        /// Of how many.
        total: Option<u64>,
        /// Of what.
        unit: Unit,
        /// How a training goes.
        learning: Option<Learning>,
    },
    /// Another engine makes it; this one waits.
    Waiting {
        /// The stage.
        stage: &'a Stage,
    },
    /// A stage is recorded.
    Finished {
        /// The stage.
        stage: &'a Stage,
        /// Whether it ran here.
        ran: bool,
        /// Seconds it took.
        seconds: f64,
        /// Tokens, where a model read some.
        cost: Option<Cost>,
    },
    /// A stage failed.
    Failed {
        /// The stage.
        stage: &'a Stage,
        /// What went wrong.
        message: &'a str,
        /// The last lines of its log.
        tail: &'a [String],
        /// Where the whole log is.
        log: Option<&'a Path>,
    },
    /// A stage will not run.
    Skipped {
        /// The stage.
        stage: &'a Stage,
        /// The one that failed.
        because: &'a Stage,
    },
    /// An artifact was found missing or damaged, and is made again.
    Damaged {
        /// The stage that wanted to read it.
        stage: &'a Stage,
        /// What was found.
        what: &'a str,
    },
    /// A result was written.
    Exported {
        /// Where.
        path: &'a Path,
    },
    /// Something worth a line.
    Note(&'a str),
    /// The user asked to stop.
    Stopping {
        /// Stages that still run.
        running: usize,
    },
    /// The run is over.
    RunFinished {
        /// How many stages ended how.
        tally: Tally,
        /// Seconds it took.
        seconds: f64,
        /// Whether it was interrupted.
        interrupted: bool,
        /// Tokens that models read.
        cost: Cost,
        /// The results folder, if there is anything in it.
        results: Option<&'a Path>,
    },
}

/// Who watches a run. Implemented by the terminal's progress, the plain lines and the JSON lines.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: &RunEvent<'_>);
    /// Called some ten times a second.
    fn tick(&mut self) {}
}
