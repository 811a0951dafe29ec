//! Other tools' files: what was answered here is written for them, what was answered elsewhere is taken over from them.
//!
//! Takes bytes and names to call them by; never opens a file.

mod doc;
mod fault;
mod import;
mod reply;
mod samples;

pub use fault::{Fault, ImportErrors, Problem};
pub use import::import;
pub use samples::samples;

#[cfg(test)]
mod tests;
