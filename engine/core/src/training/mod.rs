//! What an adapter is trained on, step by step: pure, so that the same spec always trains on the same tokens.

mod initial;
mod window;

pub use initial::initial;
pub use window::{Answer, Window};
