//! How fast a model computed in a stage.

use std::path::Path;
use xlt_core::batch::Cost;
use xlt_core::cost::{Dimensions, Pace};
use xlt_core::plan::{Stage, Work};

/// A shorter stage says more of loading the model than of computing.
const LONG_ENOUGH: f64 = 2.0;

/// Operations a second of a stage that took so many seconds; `None` where it is none that computes, or was too short.
///
/// `learned`: tokens a second, of a training.
pub(crate) fn rate(
    stage: &Stage,
    model: &Path,
    seconds: f64,
    cost: Option<Cost>,
    learned: Option<f64>,
) -> Option<(Pace, f64)> {
    if seconds < LONG_ENOUGH {
        return None;
    }
    let (pace, tokens) = match &stage.work {
        Work::Evaluate(work) if work.mode.generates() => (Pace::Write, cost?.decoded as f64 / seconds),
        Work::Evaluate(_) => (Pace::Read, cost?.decoded as f64 / seconds),
        Work::Finetune(_) => (Pace::Train, learned?),
        _ => return None,
    };
    let rate = pace.operations(tokens, dimensions(model)?.multiplied());
    (rate > 0.0).then_some((pace, rate))
}

/// Dimensions of a model in the cache; `None` where its header cannot be read.
#[cfg(feature = "llama")]
pub(crate) fn dimensions(model: &Path) -> Option<Dimensions> {
    xlt_llama::dimensions(&crate::model_file(model)).ok()
}

/// Without llama.cpp nobody reads headers.
#[cfg(not(feature = "llama"))]
pub(crate) fn dimensions(_: &Path) -> Option<Dimensions> {
    None
}
