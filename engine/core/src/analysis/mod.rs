//! Analysis: from answers to gains, contrasts and verdicts.
//!
//! Everything over the items at hand is a [`Combination`] of cells, with an error by passage; everything over languages takes each
//! language as one value. What can only be read beside something else comes with it: the plain correlation beside its split halves, the
//! published regression behind the valid tests.

mod associations;
mod claims;
mod combination;
mod contrasts;
mod difference;
mod frame;
mod gains;
mod languages;
mod leakage;
mod outlook;
mod robustness;
mod sources;
mod study;
mod variance;

pub use associations::{Ablation, AgainstBaseline};
pub use claims::{ALPHA, CellName, Cells, Judged, POWER, Sided, Verdict, Why};
pub use combination::{Combination, DRAWS, Estimated, Training};
pub use contrasts::{Contrast, First, Published};
pub use difference::{Difference, Moved, difference};
pub use frame::{Cluster, Frame, Outcome, PassageId, QuestionId};
pub use gains::{Comparison, Gain, PopulationGain, SeedGain};
pub use languages::OverLanguages;
pub use leakage::{Leakage, Learned, Seen};
pub use outlook::{DEVIATION, DISCORDANT, Outlook, outlooks};
pub use robustness::{Effect, Effects, Equivalence, MARGIN, MOST_ANSWERS, NotFitted, Odds};
pub use sources::{Advantage, Source, SourcesByTargets, Target};
pub use study::ConditionFacts;
pub use variance::{Factor, Split};

use crate::results::{CellId, Evaluations};
use crate::spec::{self, Analyze, Claim, Drawn, LanguageGroup};
use crate::stats::position::{Choice, PositionBias};
use gains::{comparisons, gains, population_gains};
use std::collections::BTreeMap;
use study::Study;

/// What is analyzed, beside the answers.
#[derive(Debug, Clone, Copy)]
pub struct Questions<'a> {
    /// What the spec asks for.
    pub analyze: &'a Analyze,
    /// What it expects.
    pub claims: &'a [Claim],
    /// Of each claim whether it came after answers.
    pub post_hoc: &'a [bool],
    /// The conditions, in the order of the spec.
    pub conditions: &'a [ConditionFacts],
    /// Language groups.
    pub groups: &'a [LanguageGroup],
    /// How many options a question has.
    pub options: usize,
    /// By adapter, what was learned from data whose keys are those of the answers.
    pub learned: &'a BTreeMap<String, Learned>,
}

/// What the answers say of effects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// What was compared, in the order of the spec: which languages are near to what an adapter was trained on, and which modes
    /// it was not trained in, hangs on it.
    pub conditions: Vec<ConditionFacts>,
    /// What was drawn for the intervals.
    pub drawn: Drawn,
    /// What each adapter had seen of what it is asked.
    pub leakage: Vec<Leakage>,
    /// Gains by cell.
    pub gains: Vec<Gain>,
    /// Gains by population.
    pub populations: Vec<PopulationGain>,
    /// Relatives against controls.
    pub contrasts: Vec<Contrast>,
    /// Whether relatives and controls gain alike, of each contrast.
    pub equivalences: Vec<Equivalence>,
    /// Models of single answers, of each comparison.
    pub odds: Vec<Odds>,
    /// Adapters that learned from different languages, by source and target.
    pub sources: Vec<SourcesByTargets>,
    /// Adapters against adapters on the same items, by population: the baseline cancels.
    pub arms: Vec<PopulationGain>,
    /// Gain against baseline.
    pub baseline: Vec<AgainstBaseline>,
    /// Gains of cells over one baseline, against each other.
    pub ablations: Vec<Ablation>,
    /// Where the variance of gains comes from.
    pub variance: Vec<Split>,
    /// Which labels a cell prefers.
    pub position: BTreeMap<CellId, PositionBias>,
    /// Verdicts, in the order of the spec.
    pub claims: Vec<Judged>,
}

/// Analyzes the answers of a study. `cells`: what may make a cell useless to claims.
#[must_use]
pub fn analyze(evaluations: &Evaluations, questions: &Questions<'_>, cells: &impl Cells) -> Analysis {
    let frame = Frame::new(evaluations);
    let drawn = questions.analyze.gain.as_ref().map(|gain| gain.interval).unwrap_or_default();
    let study = Study::new(&frame, questions.conditions, questions.groups).drawing(drawn);
    let Questions { analyze, claims, post_hoc, conditions, options, learned, .. } = *questions;
    let mut found = Analysis {
        conditions: conditions.to_vec(),
        drawn,
        leakage: leakage::leakage(evaluations, conditions, learned),
        position: positions(evaluations, options),
        ..Analysis::default()
    };
    let baseline = analyze.gain.as_ref().map(|gain| gain.over.as_str());
    if let Some(spec::Gain { of, over, .. }) = &analyze.gain {
        // The condition that is asked for first, then the other adapters: controls are read beside it.
        let others = conditions.iter().filter(|it| it.adapter.is_some() && it.name != *of && it.name != *over);
        let of_all: Vec<&str> = [of.as_str()].into_iter().chain(others.map(|it| it.name.as_str())).collect();
        let mut all = Vec::new();
        for of in of_all {
            let of_condition = comparisons(&study, of, over);
            found.populations.extend(of_condition.iter().flat_map(|it| population_gains(&study, it)));
            found.contrasts.extend(contrasts::contrasts(&study, &of_condition));
            found.baseline.extend(by_mode(&of_condition).filter_map(|it| associations::against_baseline(&study, it)));
            found.variance.extend(study.models.iter().filter_map(|model| variance::split(&study, model, of, over)));
            all.extend(of_condition);
        }
        found.gains = gains(&study, &all);
        found.equivalences = robustness::equivalences(&found.contrasts, claims);
        found.odds = all.iter().filter_map(|comparison| robustness::odds(&study, comparison)).collect();
        found.sources = sources::sources_by_targets(&study, over);
    }
    found.arms = arms(&study, conditions);
    found.ablations = ablations(&study, analyze);
    found.claims = claims::judge(&study, claims, baseline, cells, post_hoc);
    found
}

/// Comparisons of one mode, for each mode.
fn by_mode(comparisons: &[Comparison]) -> impl Iterator<Item = Vec<Comparison>> {
    let mut modes: BTreeMap<&str, Vec<Comparison>> = BTreeMap::new();
    for comparison in comparisons {
        modes.entry(&comparison.mode).or_default().push(comparison.clone());
    }
    modes.into_values()
}

/// Each pair of conditions with adapters, in the order of the spec.
fn arms(study: &Study<'_, '_>, conditions: &[ConditionFacts]) -> Vec<PopulationGain> {
    let tuned: Vec<&ConditionFacts> = conditions.iter().filter(|condition| condition.adapter.is_some()).collect();
    let pairs = tuned.iter().enumerate().flat_map(|(at, of)| tuned[at + 1..].iter().map(move |over| (of, over)));
    let all = pairs.flat_map(|(of, over)| comparisons(study, &of.name, &over.name));
    all.flat_map(|comparison| population_gains(study, &comparison)).collect()
}

/// Each pair of the cells that the spec compares: the one that reasons, or stands later, against the other.
fn ablations(study: &Study<'_, '_>, analyze: &Analyze) -> Vec<Ablation> {
    let Some(spec::Ablation { compare, over }) = &analyze.ablation else { return Vec::new() };
    let way = |cell: &'_ spec::Cell| (cell.condition.clone(), cell.mode.clone());
    let pairs =
        compare.iter().enumerate().flat_map(|(at, one)| compare[at + 1..].iter().map(move |other| (one, other)));
    let of = |(one, other): (&spec::Cell, &spec::Cell)| {
        let (one, other, over) = (way(one), way(other), way(over));
        associations::ablation(study, (&other.0, &other.1), (&one.0, &one.1), (&over.0, &over.1))
    };
    pairs.filter_map(of).collect()
}

fn positions(evaluations: &Evaluations, options: usize) -> BTreeMap<CellId, PositionBias> {
    let of = |(id, answers): (&CellId, &Vec<crate::answers::Answer>)| {
        let choices: Vec<Choice> =
            answers.iter().map(|answer| Choice { gold: answer.gold, predicted: answer.prediction }).collect();
        Some((id.clone(), PositionBias::of(&choices, options)?))
    };
    evaluations.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::frame::tests::{answers, id};
    use super::*;
    use crate::results::compute;

    /// The analysis of a model that is tuned with two seeds, or one, on 40 passages with two questions each.
    fn analyzed(interval: Drawn, seeds: &[u64]) -> Analysis {
        let of_seed = |&seed: &u64| {
            let mut id = id("m", "tuned", "heb_Hebr");
            id.column.seed = Some(seed);
            let pattern = if seed == 1 { "++--" } else { "++++++--" };
            (id, answers(&pattern.repeat(80 / pattern.len())))
        };
        let base = (id("m", "base", "heb_Hebr"), answers(&"-".repeat(80)));
        let evaluations: Evaluations = seeds.iter().map(of_seed).chain([base]).collect();
        let facts = |name: &str, adapter: Option<&str>| ConditionFacts {
            name: name.to_owned(),
            adapter: adapter.map(str::to_owned),
            mode: None,
            sources: Vec::new(),
            data: None,
            control: false,
        };
        let (of, over, test) = ("tuned".to_owned(), "base".to_owned(), "mcnemar".to_owned());
        let questions = Questions {
            analyze: &Analyze { gain: Some(spec::Gain { of, over, test, interval }), ..Analyze::default() },
            claims: &[],
            post_hoc: &[],
            conditions: &[facts("base", None), facts("tuned", Some("arabic"))],
            groups: &[],
            options: 2,
            learned: &BTreeMap::new(),
        };
        analyze(&evaluations, &questions, &compute("s", &evaluations, &[], 2))
    }

    fn width(analysis: &Analysis) -> f64 {
        let interval = analysis.gains[0].interval.expect("an interval");
        assert_eq!(analysis.populations[0].interval, Some(interval), "the only language is the population");
        interval.high - interval.low
    }

    #[test]
    fn an_interval_draws_what_the_spec_says() {
        let [passages, questions] = [Drawn::Passages, Drawn::Questions].map(|drawn| width(&analyzed(drawn, &[1])));
        assert!(
            passages > 1.2 * questions,
            "both questions on a passage are right, or none is: {passages} {questions}"
        );
    }

    #[test]
    fn an_interval_of_two_seeds_holds_their_spread() {
        let (one, two) = (analyzed(Drawn::Passages, &[1]), analyzed(Drawn::Passages, &[1, 2]));
        assert!(width(&two) > 2.0 * width(&one), "gains of 50 and 75 points: {} {}", width(&one), width(&two));
        let gain = &two.gains[0];
        assert!((gain.estimate.seed_error.expect("two seeds") - 0.125).abs() < 1e-12, "s / √2 of 0.5 and 0.75");
        assert_eq!(gain.p, gain.estimate.student().and_then(|gain| gain.p()));
    }
}
