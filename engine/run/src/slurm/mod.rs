//! Runs whose stages are jobs of Slurm.
//!
//! A job is an engine like any other: it plans the same spec, works on the stages that are for its kind of job, and finds what others
//! have done in the cache. So nothing is sent to jobs and nothing is asked of them: the *front*, the run that the user started, fetches
//! files, asks for jobs where stages wait for them, and reads records, too. It may end at any time; the jobs go on by themselves.

mod commands;
mod front;
mod order;
mod task;

pub(crate) use front::Front;
pub use front::{FrontOptions, Layout, classes};
pub use order::{Order, study_id};
pub(crate) use task::Task;
pub use task::TaskOptions;
