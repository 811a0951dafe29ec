//! xlt, the command: reads arguments, hands them to one command, turns the outcome into an exit code.
#![forbid(unsafe_code)]

mod args;
mod command;
mod context;
mod failure;
#[cfg(feature = "llama")]
mod loader;
mod signals;
mod term;
mod watch;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    failure::report_bugs();
    args::Cli::parse().run().unwrap_or_else(failure::Failure::report)
}
