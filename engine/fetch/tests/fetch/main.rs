//! What a user of `xlt` meets when files are fetched: good servers, bad servers, broken lines, a model hub, wheels, local
//! files, pieces.
//!
//! The network is a server on this machine that is told how to misbehave; pip is a shell script.

mod desk;
mod fake_hub;
mod http;
mod hub;
mod hub_cache;
mod local;
mod offline;
mod parts;
mod pypi;
mod ranges;
mod server;
