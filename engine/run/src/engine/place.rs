//! A stage under way: who works on it, and what it takes.

use crate::pool::WorkerId;
use xlt_core::batch::Cost;
use xlt_core::key::Key;

/// Who works on a stage, and under which key.
pub(super) struct Place {
    pub(super) worker: WorkerId,
    pub(super) key: Key,
    pub(super) spent: Spent,
}

/// What a stage took, as far as that is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) seconds: f64,
    pub(super) peak_bytes: Option<u64>,
    pub(super) cost: Option<Cost>,
    /// Of a training, at how many tokens a second it goes.
    pub(super) learning: Option<f64>,
}
