//! The commands, one file each: its arguments, whose doc comments are its help, and its function `run`.

pub(crate) mod adapter;
pub(crate) mod cache;
pub(crate) mod chat;
pub(crate) mod check;
mod cluster;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod fertility;
pub(crate) mod fetch;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod items;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod worker;
