//! Why a command did not do what it was asked, as a message and an exit code.

use crate::term;
use std::process::ExitCode;
use xlt_cache::CacheError;
use xlt_core::panics;
use xlt_core::plan::PlanErrors;
use xlt_core::spec::SpecErrors;
use xlt_run::RunError;
use xlt_run::transfer::TransferError;

/// A stage failed.
pub(crate) const STAGE_FAILED: u8 = 1;
/// The user must put something right.
pub(crate) const USER: u8 = 2;
/// xlt has a bug.
pub(crate) const BUG: i32 = 70;
/// What Rust's library says, and panics, where the system gives no thread.
const NO_THREAD: &str = "failed to spawn thread";
/// The user interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked. All of these are for the user to put right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Spec(#[from] Box<SpecErrors>),
    #[error(transparent)]
    Plan(#[from] PlanErrors),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("failed to {0}")]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("{0}")]
    Sentence(String),
}

impl Failure {
    pub(crate) fn sentence(text: impl Into<String>) -> Self {
        Self::Sentence(text.into())
    }

    /// Of a command that needs models' files, in a build that reads none.
    #[cfg(not(feature = "llama"))]
    pub(crate) fn without_llama() -> Self {
        Self::sentence(
            "this xlt was built without llama.cpp, which knows the tokens and reads GGUF; build it with the feature `llama`, the default",
        )
    }

    /// Prints the failure; returns its exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Spec(errors) => term::tell_diagnostic(*errors),
            other => term::tell(&format!("error: {other}")),
        }
        ExitCode::from(USER)
    }
}

/// From now on a panic, in whichever thread, says that it is a bug and ends the process with its own exit code;
/// but where it is caught.
pub(crate) fn report_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        if panics::are_caught() {
            return;
        }
        if panic.payload_as_str().is_some_and(|text| text.contains(NO_THREAD)) {
            term::tell(&format!(
                "error: this machine allows no more threads or no more memory: {panic}\n  `--jobs 1` needs fewer; `ulimit -a` shows the \
                 limits; run again to go on"
            ));
            std::process::exit(USER.into());
        }
        term::tell(&format!(
            "error: this is a bug in xlt {}: {panic}\n  nothing half-made is used by the next run; please report it with the spec and \
             this message",
            env!("CARGO_PKG_VERSION")
        ));
        std::process::exit(BUG);
    }));
}
