//! Claims with their verdicts, each with its interval drawn beside what was expected.

use super::words::language;
use crate::effects::claims::{
    POST_HOC, about, distinct, estimate, expected, interval, models, of_one_seed, population, sign, tested, why, word,
};
use crate::effects::gains::Axis;
use crate::points::points;
use minijinja::{Value, context};
use xlt_core::analysis::{Judged, Verdict};
use xlt_core::results::Results;
use xlt_core::spec::Expect;
use xlt_core::stats::Interval;

/// Languages that are named in the line; more stand where the pointer is.
const NAMED: usize = 6;

/// Nothing where nothing is claimed.
pub(super) fn claims(results: &Results) -> Option<Value> {
    let all = &results.analysis.claims;
    let of = |judged: &Judged| claim(results, judged);
    (!all.is_empty()).then(|| {
        context! {
            about => about(),
            all => all.iter().map(of).collect::<Vec<_>>(),
            post_hoc => all.iter().any(|judged| judged.post_hoc).then_some(POST_HOC),
            items_only => all.iter().any(|judged| of_one_seed(results, judged)),
        }
    })
}

fn claim(results: &Results, judged: &Judged) -> Value {
    let class = match judged.verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::CannotTell(_) => "unsure",
    };
    context! {
        class,
        sign => sign(&judged.verdict),
        word => word(&judged.verdict),
        text => &*judged.claim.text,
        post_hoc => judged.post_hoc,
        value => judged.value.map(points),
        interval => interval(results, judged),
        expected => expected(&judged.claim),
        tested => tested(judged).map(|it| context! { against => it.against, p => it.p, adjusted => it.adjusted, false_discovery => it.false_discovery }),
        detectable => judged.detectable.map(points),
        population => population(judged),
        estimate => estimate(&judged.claim),
        terms => terms(judged),
        models => models(judged),
        all_models => judged.models.join(", "),
        why => why(judged),
        plot => plot(judged),
    }
}

/// Words of the estimate with their languages, each once.
fn terms(judged: &Judged) -> Vec<Value> {
    let term = |(word, codes): (&str, &[String])| {
        let named = codes.iter().take(NAMED).map(|code| language(code)).collect::<Vec<_>>();
        context! { word, named, more => codes.len().saturating_sub(NAMED), all => codes.join(", ") }
    };
    distinct(judged).into_iter().map(term).collect()
}

/// The interval on an axis of its own, and the part of it that was expected.
fn plot(judged: &Judged) -> Option<Value> {
    let value = judged.value? * 100.0;
    let interval = judged.interval.map(|Interval { low, high }| [low * 100.0, high * 100.0]);
    let (from, to) = match judged.claim.expect {
        Expect::Below(bound) => (None, Some(bound * 100.0)),
        Expect::Above(bound) => (Some(bound * 100.0), None),
        Expect::Within(margin) => (Some(-margin * 100.0), Some(margin * 100.0)),
    };
    let axis = Axis::around([value].into_iter().chain(interval.into_iter().flatten()).chain(from).chain(to));
    let per_cent = |place: f64| format!("{:.1}", place * 100.0);
    let at = |points: f64| per_cent(axis.place(points));
    let (start, end) = (from.map_or(0.0, |from| axis.place(from)), to.map_or(1.0, |to| axis.place(to)));
    let ticks = axis.ticks();
    Some(context! {
        zero => at(0.0),
        start => per_cent(start),
        width => per_cent((end - start).max(0.0)),
        value => at(value),
        interval => interval.map(|ends| ends.map(at)),
        least => ticks.first().map(|tick| crate::effects::scatter::tick(*tick)),
        most => ticks.last().map(|tick| crate::effects::scatter::tick(*tick)),
    })
}
