//! Relatives against controls: whether languages near to what an adapter was trained on gain more than others.
//!
//! Over the items at hand that is a difference of mean gains. Over languages each language is one value, and valid tests come first:
//! a permutation of which languages are called related, Welch's t, and a wild bootstrap by language. The regression of gain on
//! baseline and relatedness stands last, as published: the noise of the baseline is in the gain as well, and leaks into the rest.

use super::combination::{Combination, Estimated};
use super::gains::{Comparison, SEED, combination};
use super::languages::{LanguageEstimate, OverLanguages};
use super::study::{Study, mean};
use crate::results::LEVEL;
use crate::stats::Interval;
use crate::stats::design::{Clusters, Design};
use crate::stats::permutation::{Gains, Permutation};
use crate::stats::regression::{Independent, Regression};
use crate::stats::wild::{WildBootstrap, WildInterval, WildTest};

/// The difference of mean gains between two groups of languages.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// Condition whose gain it is.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// Mode.
    pub mode: String,
    /// The models that it is averaged over: one, or all.
    pub models: Vec<String>,
    /// Relatives, with their gains.
    pub relatives: Vec<(String, f64)>,
    /// Controls, with theirs.
    pub controls: Vec<(String, f64)>,
    /// Over more items in these languages.
    pub over_items: Estimated,
    /// Its interval by bootstrap at [`LEVEL`].
    pub interval: Option<Interval>,
    /// Over languages, by permutation of the labels.
    pub permutation: Option<Permutation>,
    /// Over languages, Welch's.
    pub welch: Option<LanguageEstimate>,
    /// Over languages, the wild bootstrap of no difference, and its interval.
    pub wild: Option<(WildTest, WildInterval)>,
    /// The regression of gain on baseline and relatedness over the cells, with ordinary errors: as published.
    pub published: Option<Published>,
}

/// `gain ~ base + relative` by ordinary least squares, a row for each model and language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// Of the baseline accuracy.
    pub base: Independent,
    /// Of being a relative.
    pub relative: Independent,
    /// Number of rows.
    pub cells: usize,
}

/// The contrasts of comparisons that share conditions and mode: of each model, and where there are several, of their mean. None where
/// the adapter has no relatives or no controls among the languages.
#[must_use]
pub fn contrasts(study: &Study<'_, '_>, comparisons: &[Comparison]) -> Vec<Contrast> {
    let mut modes: Vec<&str> = comparisons.iter().map(|comparison| comparison.mode.as_str()).collect();
    modes.sort_unstable();
    modes.dedup();
    let mut contrasts = Vec::new();
    for mode in modes {
        let of_mode: Vec<&Comparison> = comparisons.iter().filter(|comparison| comparison.mode == mode).collect();
        if of_mode.len() > 1 {
            contrasts.extend(contrast(study, &of_mode));
        }
        contrasts.extend(of_mode.iter().filter_map(|comparison| contrast(study, &[comparison])));
    }
    contrasts
}

fn contrast(study: &Study<'_, '_>, comparisons: &[&Comparison]) -> Option<Contrast> {
    let Comparison { of, over, mode, .. } = comparisons.first()?;
    let group = |word: &str| -> Option<Vec<(String, Combination<'_, '_>)>> {
        let languages = study.population(word, of).ok()?;
        let with = languages.into_iter().filter_map(|code| {
            let parts: Option<Vec<_>> = comparisons.iter().map(|it| combination(study, it, &code)).collect();
            Some((code, mean(&parts?)?))
        });
        Some(with.collect()).filter(|found: &Vec<_>| !found.is_empty())
    };
    let (relatives, controls) = (group("relatives")?, group("controls")?);
    let mean_of = |group: &[(String, Combination<'_, '_>)]| {
        mean(&group.iter().map(|(_, sum)| sum.clone()).collect::<Vec<_>>())
    };
    let mut sum = Combination::default();
    sum.add_all(1.0, &mean_of(&relatives)?);
    sum.add_all(-1.0, &mean_of(&controls)?);
    let values = |group: &[(String, Combination<'_, '_>)]| -> Vec<(String, f64)> {
        group.iter().map(|(code, sum)| (code.clone(), sum.value())).collect()
    };
    let (relatives, controls) = (values(&relatives), values(&controls));
    let all: Vec<f64> = relatives.iter().chain(&controls).map(|(_, gain)| *gain).collect();
    let related: Vec<bool> = (0..all.len()).map(|at| at < relatives.len()).collect();
    let gains = |group: &[(String, f64)]| group.iter().map(|(_, gain)| *gain).collect();
    let permutation = Gains::new(vec![all.iter().map(|gain| Some(*gain)).collect()], related.clone()).ok();
    Some(Contrast {
        of: of.clone(),
        over: over.clone(),
        mode: mode.clone(),
        models: comparisons.iter().map(|comparison| comparison.model.clone()).collect(),
        over_items: sum.estimate(),
        interval: sum.bootstrap(LEVEL, SEED),
        permutation: permutation.map(|gains| gains.test(SEED)),
        welch: OverLanguages::Two(gains(&relatives), gains(&controls)).estimate(),
        wild: wild(&all, &related),
        published: published(study, comparisons, &relatives, &controls),
        relatives,
        controls,
    })
}

/// Languages are the clusters, each of one row.
fn wild(gains: &[f64], related: &[bool]) -> Option<(WildTest, WildInterval)> {
    let rows = related.iter().flat_map(|related| [1.0, f64::from(u8::from(*related))]).collect();
    let design = Design::new(2, rows).ok()?;
    let languages: Vec<usize> = (0..gains.len()).collect();
    let bootstrap = WildBootstrap::new(&design, gains, &Clusters::new(&languages), 1, SEED).ok()?;
    Some((bootstrap.test(0.0), bootstrap.interval(LEVEL)))
}

fn published(
    study: &Study<'_, '_>,
    comparisons: &[&Comparison],
    relatives: &[(String, f64)],
    controls: &[(String, f64)],
) -> Option<Published> {
    let (mut rows, mut gains) = (Vec::new(), Vec::new());
    for comparison in comparisons {
        let Comparison { model, over, over_mode, .. } = comparison;
        for (group, related) in [(relatives, 1.0), (controls, 0.0)] {
            for (code, _) in group {
                rows.extend([1.0, study.accuracy(model, over, over_mode, code)?.value(), related]);
                gains.push(combination(study, comparison, code)?.value());
            }
        }
    }
    let fit = Regression::fit(&Design::new(3, rows).ok()?, &gains).ok()?;
    let [_, base, relative] = fit.independent()[..] else { return None };
    Some(Published { base, relative, cells: gains.len() })
}
