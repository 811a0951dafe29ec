//! The binary, seen from outside: each file tells one kind of story on command stages.
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

#[path = "../support/mod.rs"]
mod support;

mod adapter;
mod chat;
mod claims;
mod cleaning;
mod cluster;
mod commands;
mod damage;
mod failures;
mod files;
mod gpus;
mod hub;
mod import;
mod ledger;
mod order;
mod paper;
mod rerun;
mod sharing;
mod space;
mod study;
