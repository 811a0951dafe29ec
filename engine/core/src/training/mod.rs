//! What an adapter is trained on, step by step: pure, so that the same spec always trains on the same tokens.
//!
//! [`Lessons`] are the rows: their [`balance::Share`] of the questions, maybe with [`shuffle`]d answers. Each is made an
//! [`Example`], a [`course`](order::course) says which of them make a step, [`pack`] lays those of a step behind each other in
//! windows, [`learning_rate`] says how far the step goes, [`targets`] what it changes, and a [`log`] keeps what it came to.
//! A training that is done elsewhere is [`written`] down.

pub mod balance;
mod example;
mod initial;
mod lessons;
pub mod log;
pub mod order;
pub mod pack;
mod schedule;
pub mod shuffle;
pub mod targets;
mod window;
pub mod written;

pub use example::Example;
pub use initial::{even_bits, initial};
pub use lessons::Lessons;
pub use schedule::learning_rate;
pub use window::{Answer, Window};
