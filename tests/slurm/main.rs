//! Runs on a real Slurm of one node, started by `make test-slurm`: whatever happens to jobs, to their controller or to the front, every
//! stage is done, once, and the results are the bytes of a local run.
#![cfg(feature = "llama")]
#![expect(clippy::print_stderr, reason = "what was measured is worth reading")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]
#![allow(dead_code, reason = "helpers are shared with the torture tests")]

#[path = "../torture/chance.rs"]
mod chance;
mod cluster;
#[path = "../torture/engine.rs"]
mod engine;
mod mishaps;
#[path = "../torture/processes.rs"]
mod processes;
#[path = "../torture/real.rs"]
mod real;
mod shares;
mod stories;
#[path = "../torture/study.rs"]
mod study;
#[path = "../support/mod.rs"]
mod support;
