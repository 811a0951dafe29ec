//! Stages as jobs of Slurm, as far as that is a matter of words and numbers: which stages need jobs of which kind, what is handed to
//! `sbatch`, what `squeue` answers, and when more jobs are asked for.
//!
//! Jobs are named by what they are for and never known by their numbers: a controller that is killed may forget a job that runs all the
//! same, give its number to another, and run it twice. What is done is what the cache has records of.

mod class;
mod demand;
mod queue;
mod script;

pub use class::{Class, Needs};
pub use demand::{Demand, Submission, Submissions, Supply};
pub use queue::{FORMAT, Job, jobs};
pub use script::{Script, job_name};
