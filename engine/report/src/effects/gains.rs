//! Gains by cell: of each comparison a row for every language, relatives before controls, on one axis.

use super::of_one_seed;
use std::collections::BTreeMap;
use xlt_core::analysis::{Analysis, Comparison, Gain, PopulationGain};
use xlt_core::languages::relations;
use xlt_core::results::{CellId, Column, LEVEL, Results};
use xlt_core::spec::Drawn;
use xlt_core::stats::Interval;

/// How the plot is read.
pub(crate) fn about(results: &Results) -> String {
    format!(
        "What a condition adds to the accuracy on the same items, in points: right of zero is better. A line is the 95 % interval ({}); p \
         is of no gain, corrected over all gains of the study (Holm).",
        method(results)
    )
}

/// What an interval over items is made of.
pub(crate) fn method(results: &Results) -> String {
    let drawn = drawn(results);
    let seeds = results.analysis.gains.iter().any(|gain| gain.estimate.seed_error.is_some());
    let of_seeds =
        if seeds { "; with several seeds Student’s t over these draws and the spread of the seeds" } else { "" };
    format!("bootstrap over {drawn}{of_seeds}")
}

/// What is drawn for intervals, in the plural.
pub(crate) fn drawn(results: &Results) -> &'static str {
    match results.analysis.drawn {
        Drawn::Passages => "passages",
        Drawn::Questions => "questions",
    }
}

/// What the mark of a gain within the noise means.
pub(crate) const IN_NOISE: &str =
    "≈ Not above the noise floor: as many predictions change when the same items are scored in other company.";

/// The gains of one comparison.
pub(crate) struct Panel<'a> {
    /// What is compared.
    pub(crate) comparison: &'a Comparison,
    /// Sorted by kin, then code.
    pub(crate) rows: Vec<GainRow<'a>>,
    /// Means over populations.
    pub(crate) means: Vec<&'a PopulationGain>,
    /// Whether intervals cover items only.
    pub(crate) items_only: bool,
}

/// A gain, with what it is read beside.
pub(crate) struct GainRow<'a> {
    /// The gain.
    pub(crate) gain: &'a Gain,
    /// What the language is to those that were trained on.
    pub(crate) kin: Kin,
    /// Points that noise alone makes, where both cells were probed.
    pub(crate) floor: Option<f64>,
}

/// What a language is to those that an adapter was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kin {
    /// Of their family.
    Relative,
    /// Of another.
    Control,
    /// One of them.
    Source,
    /// Not known, or nothing was trained.
    Unknown,
}

impl Kin {
    /// `relative`, `control`, `source`; nothing where it is not known.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Control => "control",
            Self::Source => "source",
            Self::Unknown => "",
        }
    }

    /// Head of its rows.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Relative => "Relatives",
            Self::Control => "Controls",
            Self::Source => "Trained on",
            Self::Unknown => "Languages",
        }
    }
}

impl GainRow<'_> {
    /// Whether the gain is no more than noise alone makes.
    pub(crate) fn in_noise(&self) -> bool {
        self.floor.is_some_and(|floor| self.gain.estimate.value.abs() * 100.0 <= floor)
    }

    /// The bootstrap's interval; of a single passage there is none.
    pub(crate) fn interval(&self) -> Option<Interval> {
        self.gain.interval.or_else(|| self.gain.estimate.student()?.interval(LEVEL))
    }
}

/// The panels of all comparisons, in the order in which they were asked for.
pub(crate) fn panels<'a>(results: &'a Results) -> Vec<Panel<'a>> {
    let Analysis { gains, populations, .. } = &results.analysis;
    let same = |one: &Gain, other: &Gain| one.comparison == other.comparison;
    let panel = |of: &'a [Gain]| {
        let comparison = &of.first()?.comparison;
        let kin = kin(results, of);
        let kin = |gain: &Gain| kin.get(&gain.language).copied().unwrap_or(Kin::Unknown);
        let row = |gain: &'a Gain| GainRow { gain, kin: kin(gain), floor: floor(results, gain) };
        let mut rows: Vec<GainRow<'a>> = of.iter().map(row).collect();
        rows.sort_by_key(|row| row.kin);
        let means = populations.iter().filter(|mean| mean.comparison == *comparison).collect();
        Some(Panel { comparison, rows, means, items_only: of_one_seed(results, comparison) })
    };
    gains.chunk_by(same).filter_map(panel).collect()
}

/// What the languages of a comparison are to those that its adapter was trained on.
fn kin(results: &Results, gains: &[Gain]) -> BTreeMap<String, Kin> {
    let Some(first) = gains.first() else { return BTreeMap::new() };
    let condition = results.analysis.conditions.iter().find(|known| known.name == first.comparison.of);
    let sources = condition.map_or(&[][..], |condition| condition.sources.as_slice());
    let codes: Vec<String> = gains.iter().map(|gain| gain.language.clone()).collect();
    let kin = |relation: xlt_core::languages::Relation| {
        let kin = match () {
            () if relation.is_source => Kin::Source,
            () if relation.relative => Kin::Relative,
            () => Kin::Control,
        };
        (relation.target, kin)
    };
    relations(sources, &codes).into_iter().map(kin).collect()
}

/// The noise floor of a gain: that of its seeds which has more of it.
fn floor(results: &Results, gain: &Gain) -> Option<f64> {
    let Comparison { model, of, over, mode, over_mode } = &gain.comparison;
    let id = |condition: &str, mode: &str, seed: Option<u64>| {
        let (model, condition, mode) = (model.clone(), condition.to_owned(), mode.to_owned());
        CellId { column: Column { model, condition, mode, seed }, language: gain.language.clone() }
    };
    let of_seed = |seed: Option<u64>| {
        let after = id(of, mode, seed);
        let before = [id(over, over_mode, seed), id(over, over_mode, None)];
        before.iter().find_map(|before| results.noise_floor(&after, before))
    };
    gain.seeds.iter().filter_map(|seed| of_seed(seed.seed)).reduce(f64::max)
}

/// An axis in points that holds zero and every interval.
pub(crate) struct Axis {
    low: f64,
    step: f64,
    steps: usize,
}

impl Axis {
    /// Of the panels together, so that they can be held beside each other.
    pub(crate) fn of(panels: &[Panel<'_>]) -> Self {
        let of_row = |row: &GainRow<'_>| (row.gain.estimate.value, row.interval());
        let of_mean = |mean: &&PopulationGain| (mean.estimate.value, mean.interval);
        let all = panels.iter().flat_map(|panel| panel.rows.iter().map(of_row).chain(panel.means.iter().map(of_mean)));
        let ends = all.flat_map(|(value, interval)| {
            let Interval { low, high } = interval.unwrap_or(Interval { low: value, high: value });
            [value, low, high]
        });
        Self::around(ends.map(|end| end * 100.0))
    }

    /// That holds zero and these values.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (least, most) = finite.fold((0.0_f64, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        let extent = if most > least { most - least } else { 1.0 };
        let step = [1.0, 2.0, 5.0, 10.0, 20.0].into_iter().find(|step| extent <= step * 7.0).unwrap_or(50.0);
        let low = (least / step).floor() * step;
        let steps = (((most - low) / step).ceil() as usize).max(1);
        Self { low, step, steps }
    }

    /// How many distances there are between ticks.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The ticks in points, from left to right.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        (0..=self.steps).map(|at| self.low + at as f64 * self.step).collect()
    }

    /// Where a number of points stands, as a share of the axis.
    pub(crate) fn place(&self, points: f64) -> f64 {
        ((points - self.low) / (self.step * self.steps as f64)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_zero_and_every_value_at_round_ticks() {
        assert_eq!(Axis::around([-3.0, 22.0].into_iter()).ticks(), [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!(Axis::around([4.0, 9.5].into_iter()).ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(Axis::around([-100.0, 100.0].into_iter()).ticks(), [-100.0, -50.0, 0.0, 50.0, 100.0]);
        let axis = Axis::around([-3.0, 22.0].into_iter());
        assert_eq!([-5.0, 10.0, 25.0, 99.0].map(|points| axis.place(points)), [0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn without_a_value_there_is_an_axis_all_the_same() {
        assert_eq!(Axis::around(std::iter::empty()).ticks(), [0.0, 1.0]);
        assert_eq!(Axis::around([f64::NAN, 0.0].into_iter()).ticks(), [0.0, 1.0]);
    }
}
