//! Robustness: the odds of a right answer, by models of single answers.

use super::{interval_head, names};
use crate::points::{decimals, p_value};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::{Effect, Effects, NotFitted, Odds};
use xlt_core::results::Results;

/// Nothing where no gain is asked for.
pub(crate) fn odds(results: &Results) -> Option<Sheet> {
    let rows: Vec<Row> = results.analysis.odds.iter().flat_map(models).collect();
    let words = ["Model", "Condition", "Mode", "Estimated by"].map(Head::words).into_iter();
    let [interval, more] = [interval_head(), format!("Relatives more: {}", interval_head())];
    let numbers = ["Odds ratio", &interval, "p", "Relatives more: odds ratio", &more, "p of more"].map(Head::numbers);
    (!rows.is_empty()).then(|| Sheet {
        title: "Robustness: odds of a right answer",
        about: "Does tuning change the odds of a right answer (above 1: for the better), and more so in relatives? The first ratio is of \
                controls, or of all languages where there are no relatives or no controls; the second, how many times more the odds of \
                relatives change. A mixed model gives every item and every language a level of its own, a conditional one compares each \
                item with itself, and the equations take the questions on a passage as a cluster; ratios \
                within items are farther from 1 than ratios over all of them, so the three agree in direction, not in size. Items are the sample here: none of \
                these errors knows that languages gain differently, so what stands above about more languages is not replaced by it."
            .to_owned(),
        heads: words.chain(numbers).collect(),
        rows,
        notes: Vec::new(),
    })
}

fn models(odds: &Odds) -> Vec<Row> {
    let fits = [
        ("mixed logistic regression", &odds.mixed),
        ("conditional logistic regression", &odds.conditional),
        ("estimating equations", &odds.equations),
    ];
    let row = |(at, (name, fit)): (usize, (&str, &Result<Effects, NotFitted>))| {
        let of = if at > 0 { Default::default() } else { names(&odds.comparison) };
        let words = match fit {
            Ok(_) => name.to_owned(),
            Err(why) => format!("{name}: cannot be fitted, {why}"),
        };
        let tuned = fit.as_ref().ok().map(|effects| effects.tuned);
        let more = fit.as_ref().ok().and_then(|effects| effects.more_in_relatives);
        let fields = of.into_iter().chain([words]).chain(ratio(tuned)).chain(ratio(more));
        Row { continues: at > 0, ..Row::new(fields) }
    };
    fits.into_iter().enumerate().map(row).collect()
}

/// The ratio of the odds, its interval and p; nothing where there is none.
fn ratio(effect: Option<Effect>) -> [String; 3] {
    let number = |logit: f64| decimals(logit.exp(), 2);
    let Some(Effect { estimate, interval, p, .. }) = effect else { return Default::default() };
    [number(estimate), format!("[{}, {}]", number(interval.low), number(interval.high)), p_value(Some(p))]
}
