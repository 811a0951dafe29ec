//! Whatever is killed at whatever moment: nothing stays behind, the next run goes on, and its results are those of an unbroken run.
//!
//! `XLT_TORTURE_ROUNDS` says how many kills of real stages; `make torture` asks for a hundred, and all else is in proportion to it.
#![expect(clippy::print_stderr, reason = "what was measured is worth reading")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod chance;
#[cfg(feature = "llama")]
mod clock;
#[cfg(feature = "llama")]
mod disk_full;
#[cfg(feature = "llama")]
mod edited;
mod engine;
#[cfg(feature = "llama")]
mod flips;
mod hosts;
#[cfg(feature = "llama")]
mod hub_dies;
mod interrupt;
mod kill;
#[cfg(feature = "llama")]
mod ledger;
#[cfg(feature = "llama")]
mod memory;
#[cfg(feature = "llama")]
mod pipes;
mod processes;
#[cfg(feature = "llama")]
mod read_only;
#[cfg(feature = "llama")]
mod real;
#[cfg(feature = "llama")]
mod real_kill;
#[cfg(feature = "llama")]
mod record;
mod several;
mod study;
#[path = "../support/mod.rs"]
mod support;
mod tally;
