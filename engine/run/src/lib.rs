//! Runs a plan: worker processes, the loop around the scheduler, the worker's own side.
//!
//! It does not print and does not decide: what to do comes from `xlt_core::schedule`, what happened goes to an [`Observer`].
#![forbid(unsafe_code)]

#[cfg(feature = "llama")]
mod clock;
mod commit;
mod costs;
#[cfg(feature = "llama")]
pub mod decode;
pub mod doctor;
mod engine;
mod error;
#[cfg(feature = "llama")]
pub mod fertility;
#[cfg(feature = "llama")]
mod form;
#[cfg(feature = "llama")]
pub mod generate;
pub mod gpus;
mod job;
mod lockfile;
mod machine;
#[cfg(feature = "llama")]
mod memory;
mod model_file;
mod observe;
pub mod peft;
mod pool;
pub mod protocol;
#[cfg(feature = "llama")]
pub mod question;
mod rates;
mod refusal;
mod resolve;
#[cfg(feature = "llama")]
pub mod scorer;
mod shortage;
#[cfg(feature = "llama")]
mod slot;
pub mod slurm;
pub mod threads;
pub mod transfer;
pub mod worker;
mod workplace;
mod world;

pub use costs::{Reckoning, calibrated};
pub use engine::{Ending, Engine, Interrupt, Options, Role};
pub use error::RunError;
pub use lockfile::LockFile;
pub use machine::Machine;
pub use model_file::model_file;
pub use observe::{Learning, Observer, RunEvent, Unit};
pub use resolve::resolve;
pub use world::World;

/// Version of llama.cpp that this build computes with, as it stands in keys.
#[must_use]
pub fn llama_version() -> String {
    #[cfg(feature = "llama")]
    return xlt_llama::build_info().to_owned();
    #[cfg(not(feature = "llama"))]
    return "none".to_owned();
}
