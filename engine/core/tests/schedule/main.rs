//! The scheduler, driven without a process: short stories, and random ones that must keep its promises.

mod promises;
mod stories;
#[path = "../world/mod.rs"]
mod world;
