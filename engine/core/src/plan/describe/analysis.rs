//! What decides what the analysis says, beside the answers.

use super::optional;
use crate::analysis::ConditionFacts;
use crate::key::{Manifest, Value};
use crate::plan::work::AnalyzeWork;
use crate::spec::{Ablation, Cell, Claim, Expect, Gain, Population, Quantity, Term};

pub(super) fn describe(work: &AnalyzeWork, manifest: &mut impl Manifest) {
    if let Some(Gain { of, over, test, interval }) = &work.analyze.gain {
        manifest.field("gain.of", Value::Text(of));
        manifest.field("gain.over", Value::Text(over));
        manifest.field("gain.test", Value::Text(test));
        manifest.field("gain.interval", Value::Text(interval));
    }
    optional(manifest, "as_published", work.analyze.as_published.as_deref());
    if let Some(Ablation { compare, over }) = &work.analyze.ablation {
        let name = |Cell { condition, mode }: &Cell| format!("{condition}/{mode}");
        manifest.field("ablation.compare", Value::Texts(&compare.iter().map(name).collect::<Vec<_>>()));
        manifest.field("ablation.over", Value::Text(&name(over)));
    }
    for ConditionFacts { name, adapter, mode, sources } in &work.conditions {
        manifest.field("condition", Value::Text(name));
        optional(manifest, "condition.adapter", adapter.as_deref());
        optional(manifest, "condition.mode", mode.as_deref());
        manifest.field("condition.sources", Value::Texts(sources));
    }
    for (claim, post_hoc) in work.claims.iter().zip(&work.post_hoc) {
        described(claim, manifest);
        manifest.field("claim.post_hoc", Value::Flag(*post_hoc));
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
