//! Whatever is killed at whatever moment: nothing stays behind, the next run goes on, and its results are those of an unbroken run.
//!
//! `XLT_TORTURE_ROUNDS` says how many kills; `make torture` asks for three hundred. `XLT_TORTURE_SEED` repeats a bad day.
#![expect(clippy::print_stderr, reason = "what was measured is worth reading")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod chance;
mod engine;
mod interrupt;
mod kill;
mod processes;
mod several;
mod study;
#[path = "../support/mod.rs"]
mod support;
