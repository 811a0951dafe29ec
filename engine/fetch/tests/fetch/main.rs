//! What a user of `xlt` meets when files are fetched: good servers, bad servers, broken lines, wheels, local files.
//!
//! The network is a server on this machine that is told how to misbehave; pip is a shell script.

mod desk;
mod http;
mod local;
mod pypi;
mod server;
