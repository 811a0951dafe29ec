//! Gains: what a condition adds over another on the same items, by cell and by population.

use super::combination::{Combination, Estimated};
use super::study::{Study, mean};
use crate::results::LEVEL;
use crate::stats::Interval;
use crate::stats::multiplicity::holm;
use crate::stats::paired::Paired;

/// Seed of every bootstrap: intervals are functions of the answers.
pub(super) const SEED: u64 = 1;

/// What is compared: a model, two conditions, and the mode in which both were asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    /// Model.
    pub model: String,
    /// Condition whose gain it is.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// Mode of the first.
    pub mode: String,
    /// Mode of the second; that of the first but in an ablation.
    pub over_mode: String,
}

/// The gain in one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// What is compared.
    pub comparison: Comparison,
    /// Language code.
    pub language: String,
    /// Accuracy of the condition that it is measured against.
    pub before: f64,
    /// The gain, averaged over seeds, and its error.
    pub estimate: Estimated,
    /// Its interval at [`LEVEL`], [`Combination::interval`].
    pub interval: Option<Interval>,
    /// What each seed gained and lost.
    pub seeds: Vec<SeedGain>,
    /// The p-value of no gain: with one seed McNemar's, exact; with several Student's t over
    /// the error of items and seeds.
    pub p: Option<f64>,
    /// The same, held against all gains of the study: Holm's.
    pub p_adjusted: Option<f64>,
}

/// What one seed gained and lost.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedGain {
    /// The seed; `None` where the condition has no adapter.
    pub seed: Option<u64>,
    /// Items that changed.
    pub paired: Paired,
}

/// The mean gain over the languages of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationGain {
    /// What is compared.
    pub comparison: Comparison,
    /// `relatives`, `controls`, `all` or a group.
    pub population: String,
    /// Its languages.
    pub languages: Vec<String>,
    /// The mean, and its error over more items in these languages, and more seeds.
    pub estimate: Estimated,
    /// Its interval at [`LEVEL`], [`Combination::interval`].
    pub interval: Option<Interval>,
}

/// The comparisons that a pair of conditions has, in the modes that both were asked in.
#[must_use]
pub(super) fn comparisons(study: &Study<'_, '_>, of: &str, over: &str) -> Vec<Comparison> {
    let of_model = |model: &&str| {
        let modes = study.modes(model, &[of, over]);
        let model = (*model).to_owned();
        modes.into_iter().map(move |mode| (model.clone(), mode.to_owned())).collect::<Vec<_>>()
    };
    let all = study.models.iter().flat_map(of_model);
    all.map(|(model, mode)| Comparison {
        model,
        of: of.to_owned(),
        over: over.to_owned(),
        over_mode: mode.clone(),
        mode,
    })
    .collect()
}

/// The gains of each comparison in every language, in the order given, languages sorted; adjusted together.
#[must_use]
pub(super) fn gains(study: &Study<'_, '_>, comparisons: &[Comparison]) -> Vec<Gain> {
    let each = comparisons
        .iter()
        .flat_map(|comparison| study.languages.iter().filter_map(|language| gain(study, comparison, language)));
    let mut gains: Vec<Gain> = each.collect();
    let p: Vec<f64> = gains.iter().filter_map(|gain| gain.p).collect();
    let adjusted = holm(&p).unwrap_or_default();
    for (gain, adjusted) in gains.iter_mut().filter(|gain| gain.p.is_some()).zip(adjusted) {
        gain.p_adjusted = Some(adjusted);
    }
    gains
}

fn gain(study: &Study<'_, '_>, comparison: &Comparison, language: &str) -> Option<Gain> {
    let Comparison { model, of, over, mode, over_mode } = comparison;
    let sum = combination(study, comparison, language)?;
    let before = study.cells(model, over, over_mode, language);
    let after = study.cells(model, of, mode, language);
    let seeds = after.iter().filter_map(|(seed, cell)| {
        let of_same_seed = before.iter().find(|(other, _)| other == seed).or(before.first())?;
        Some(SeedGain { seed: *seed, paired: Paired::of(&of_same_seed.1.paired(cell))? })
    });
    let seeds: Vec<SeedGain> = seeds.collect();
    let estimate = sum.estimate();
    let p = match seeds.as_slice() {
        [one] => Some(one.paired.mcnemar_exact()),
        _ => estimate.student().and_then(|gain| gain.p()),
    };
    Some(Gain {
        comparison: comparison.clone(),
        language: language.to_owned(),
        before: study.accuracy(model, over, over_mode, language)?.value(),
        interval: sum.interval(LEVEL, study.drawn, SEED),
        estimate,
        seeds,
        p,
        p_adjusted: None,
    })
}

/// The gain in a language as a sum of cells.
pub(super) fn combination<'f, 'a>(
    study: &Study<'f, 'a>,
    Comparison { model, of, over, mode, over_mode }: &Comparison,
    language: &str,
) -> Option<Combination<'f, 'a>> {
    study.gain(model, (of, over), (mode, over_mode), language)
}

/// The mean gains over the populations of a comparison: relatives and controls where its adapter has any, all languages, and
/// the spec's groups; those that have languages.
#[must_use]
pub(super) fn population_gains(study: &Study<'_, '_>, comparison: &Comparison) -> Vec<PopulationGain> {
    let words = ["relatives", "controls", "all"].into_iter().chain(study.groups());
    let of = |word: &str| {
        let languages = study.population(word, &comparison.of).ok()?;
        let parts: Vec<_> =
            languages.iter().filter_map(|code| Some((code.clone(), combination(study, comparison, code)?))).collect();
        let (languages, parts): (Vec<String>, Vec<Combination<'_, '_>>) = parts.into_iter().unzip();
        let sum = mean(&parts)?;
        Some(PopulationGain {
            comparison: comparison.clone(),
            population: word.to_owned(),
            languages,
            estimate: sum.estimate(),
            interval: sum.interval(LEVEL, study.drawn, SEED),
        })
    };
    words.filter_map(of).collect()
}
