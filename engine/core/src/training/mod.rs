//! What an adapter is trained on, step by step: pure, so that the same spec always trains on the same tokens.

mod window;

pub use window::{Answer, Window};
