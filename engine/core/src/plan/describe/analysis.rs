//! What decides what the analysis says, beside the answers.

use super::{optional, split_of};
use crate::analysis::ConditionFacts;
use crate::key::{Manifest, Value};
use crate::plan::work::{AnalyzeWork, Arm, FinetuneWork};
use crate::spec::{Ablation, Cell, Claim, Data, Expect, Gain, Population, Quantity, Quotes, Term, TrainOn};

pub(super) fn describe(work: &AnalyzeWork, manifest: &mut impl Manifest) {
    if let Some(Gain { of, over, test, interval }) = &work.analyze.gain {
        manifest.field("gain.of", Value::Text(of));
        manifest.field("gain.over", Value::Text(over));
        manifest.field("gain.test", Value::Text(test));
        manifest.field("gain.interval", Value::Text(interval.word()));
    }
    optional(manifest, "as_published", work.analyze.as_published.as_deref());
    if let Some(Ablation { compare, over }) = &work.analyze.ablation {
        let name = |Cell { condition, mode }: &Cell| format!("{condition}/{mode}");
        manifest.field("ablation.compare", Value::Texts(&compare.iter().map(name).collect::<Vec<_>>()));
        manifest.field("ablation.over", Value::Text(&name(over)));
    }
    for ConditionFacts { name, adapter, mode, sources, data, control } in &work.conditions {
        manifest.field("condition", Value::Text(name));
        optional(manifest, "condition.adapter", adapter.as_deref());
        optional(manifest, "condition.mode", mode.as_deref());
        manifest.field("condition.sources", Value::Texts(sources));
        optional(manifest, "condition.data", data.as_deref());
        manifest.field("condition.control", Value::Flag(*control));
    }
    for (model, weights) in &work.weights {
        let known = [Some(weights.known_by()), weights.name()].into_iter().flatten().map(str::to_owned);
        manifest.field(&format!("weights.{model}"), Value::Texts(&known.collect::<Vec<_>>()));
    }
    work.taught.iter().for_each(|work| taught(work, manifest));
    for (claim, post_hoc) in work.claims.iter().zip(&work.post_hoc) {
        described(claim, manifest);
        manifest.field("claim.post_hoc", Value::Flag(*post_hoc));
    }
}

/// Which rows an adapter learned from: the names of these are all that is read of them.
fn taught(work: &FinetuneWork, manifest: &mut impl Manifest) {
    let TrainOn { part, languages, limit, .. } = &work.training.train_on;
    manifest.field("taught", Value::Text(&work.adapter));
    manifest.field("taught.languages", Value::Texts(languages));
    learned_from(&work.data, part, *limit, manifest);
    if let Some(matched) = work.training.matched {
        manifest.field("taught.match", Value::Text(matched.word()));
        for Arm { data, part, languages, limit, .. } in &work.arms {
            manifest.field("taught.arm", Value::Texts(languages));
            learned_from(data, part, *limit, manifest);
        }
    }
}

fn learned_from(data: &Data, part: &str, limit: Option<u64>, manifest: &mut impl Manifest) {
    manifest.field("taught.data.format", Value::Text(data.format.word()));
    optional(manifest, "taught.data.quotes", data.quotes.map(Quotes::word));
    manifest.field("taught.data.key", Value::Texts(&data.key));
    manifest.field("taught.data.group", Value::Texts(&data.group));
    split_of(data, part, "taught.", manifest);
    manifest.field("taught.part", Value::Text(part));
    if let Some(limit) = limit {
        manifest.field("taught.limit", Value::Number(limit));
    }
}

fn described(Claim { text, estimate, expect, over }: &Claim, manifest: &mut impl Manifest) {
    manifest.field("claim", Value::Text(text));
    for Term { negative, quantity, condition, languages } in &estimate.terms {
        let quantity = match quantity {
            Quantity::Gain => "gain",
            Quantity::Accuracy => "accuracy",
        };
        manifest.field("claim.negative", Value::Flag(*negative));
        manifest.field("claim.quantity", Value::Text(quantity));
        manifest.field("claim.condition", Value::Text(condition));
        manifest.field("claim.languages", Value::Text(languages));
    }
    let (name, bound) = match expect {
        Expect::Below(bound) => ("claim.below", bound),
        Expect::Above(bound) => ("claim.above", bound),
        Expect::Within(bound) => ("claim.within", bound),
    };
    manifest.field(name, Value::Real(*bound));
    let over = match over {
        Population::Items => "items",
        Population::Languages => "languages",
    };
    manifest.field("claim.over", Value::Text(over));
}
