//! How fast a model computed in a stage.

use std::path::Path;
use xlt_core::batch::Cost;
use xlt_core::cost::{Dimensions, Pace};
use xlt_core::plan::{Stage, Work};

/// A shorter stage says more of loading the model than of computing.
const LONG_ENOUGH: f64 = 2.0;

/// Operations a second of a stage that took so many seconds; `None` where it is none that computes, or was too short.
///
/// `model`: its dimensions, asked for only where they are needed. `learned`: tokens a second, of a training.
pub(crate) fn rate(
    stage: &Stage,
    model: impl FnOnce() -> Option<Dimensions>,
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
    let rate = pace.operations(tokens, model()?.multiplied());
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

#[cfg(all(test, feature = "llama"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]
    use super::*;
    use xlt_core::key::{Digest, Key};
    use xlt_core::plan::{Facts, Pin, plan};
    use xlt_core::record::Output;
    use xlt_core::spec::{Request, Source, load};
    use xlt_llama::tiny::TinyModel;

    /// Every file is there, and nothing was ever run.
    struct Fresh;

    impl Facts for Fresh {
        fn local(&self, path: &str) -> Result<Digest, String> {
            Ok(Digest::of(path.as_bytes()))
        }
        fn pin(&self, _: &Source) -> Option<Pin> {
            None
        }
        fn record(&self, _: &Key) -> Option<Vec<Output>> {
            None
        }
        fn present(&self, _: &Digest) -> bool {
            true
        }
        fn exported(&self, _: &str, _: &Digest) -> bool {
            false
        }
        fn last_manifest(&self, _: &str) -> Option<String> {
            None
        }
        fn post_hoc(&self, _: &Digest) -> Option<bool> {
            None
        }
    }

    #[test]
    fn reading_writing_and_training_are_rates_of_their_own_and_short_stages_say_nothing() {
        let text = r#"
            models.m.file = "m.gguf"
            data.d = { file = "d.jsonl", key = "id", split = { train = 2, test = 2 }, fields = { question = "q", options = ["a", "b"], answer = "c" } }
            prompt = { body = "{{ question }}", labels = ["1", "2"] }
            modes = { direct = {}, cot = { reason = { max_tokens = 8 } } }
            adapters.a = { train_on = { data = "d", languages = "eng_Latn", mode = "direct" }, seeds = [1] }
            conditions = { base = { modes = ["direct", "cot"] }, tuned = { adapter = "a", modes = "direct" } }
            evaluate = { data = "d", languages = "eng_Latn" }
        "#;
        let spec = load(&Request { path: "s.toml", profile: None, set: &[] }, &|_| Ok(text.to_owned())).unwrap();
        let plan = plan(&spec, "llama", &Fresh).unwrap();
        let model = tempfile::NamedTempFile::new().unwrap();
        TinyModel::default().write(model.path()).unwrap();
        let weights = dimensions(model.path()).unwrap().multiplied();
        let of = |stage: &str, seconds: f64| {
            let stage = plan.stage(plan.find(stage).unwrap());
            rate(stage, || dimensions(model.path()), seconds, Some(Cost { apart: 900, decoded: 400 }), Some(50.0))
        };
        assert_eq!(of("evaluate/m/base/eng_Latn/direct", 4.0), Some((Pace::Read, 2.0 * weights * 100.0)));
        assert_eq!(of("evaluate/m/base/eng_Latn/cot", 4.0), Some((Pace::Write, 2.0 * weights * 100.0)));
        assert_eq!(of("finetune/m/a/seed1", 4.0), Some((Pace::Train, 4.0 * weights * 50.0)));
        assert_eq!(of("evaluate/m/base/eng_Latn/direct", 1.0), None);
        assert_eq!(of("analyze", 4.0), None);
    }
}
