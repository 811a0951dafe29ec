//! How gains hang together with where a model started, and with each other.
//!
//! A gain holds its baseline with a minus sign, two gains over one baseline hold it both: their plain correlations are there without
//! any effect. They are never had without those of split halves.

use super::frame::CellFrame;
use super::gains::Comparison;
use super::study::Study;
use crate::stats::baseline::BaselineAgainstGain;
use crate::stats::coupling::{GainAgainstGain, Trial, Unit};
use crate::stats::paired::Pair;

/// Gain against baseline over the cells of a pair of conditions in a mode; the first seed of each.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstBaseline {
    /// Condition whose gain it is.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// Mode.
    pub mode: String,
    /// What was found.
    pub found: BaselineAgainstGain,
}

/// `None` with fewer than three cells, or where nothing varies.
#[must_use]
pub(super) fn against_baseline(study: &Study<'_, '_>, comparisons: Vec<Comparison>) -> Option<AgainstBaseline> {
    let Comparison { of, over, mode, .. } = comparisons.first()?;
    let pairs = |comparison: &Comparison, language: &str| -> Option<Vec<Pair>> {
        let Comparison { model, of, over, mode, over_mode } = comparison;
        let before = first(study, model, over, over_mode, language)?;
        let after = first(study, model, of, mode, language)?;
        Some(before.paired(after))
    };
    let units: Vec<Vec<Pair>> = comparisons
        .iter()
        .filter(|comparison| comparison.mode == *mode)
        .flat_map(|comparison| study.languages.iter().filter_map(|code| pairs(comparison, code)).collect::<Vec<_>>())
        .collect();
    let found = BaselineAgainstGain::of(&units)?;
    Some(AgainstBaseline { of: of.clone(), over: over.clone(), mode: mode.clone(), found })
}

/// What two cells gain over the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ablation {
    /// `CONDITION/MODE` that reasons.
    pub reasoned: String,
    /// `CONDITION/MODE` that is tuned.
    pub tuned: String,
    /// `CONDITION/MODE` that both are measured against.
    pub over: String,
    /// What was found.
    pub found: GainAgainstGain,
}

/// A column: condition and mode.
pub(super) type Way<'w> = (&'w str, &'w str);

/// The gain of one column against that of another, over all models and languages. `None` with fewer than three cells, or where nothing
/// varies.
#[must_use]
pub(super) fn ablation(study: &Study<'_, '_>, reasoned: Way<'_>, tuned: Way<'_>, over: Way<'_>) -> Option<Ablation> {
    let mut cells: Vec<(usize, Vec<Trial>)> = Vec::new();
    for (number, model) in study.models.iter().enumerate() {
        for language in &study.languages {
            let of = |(condition, mode): Way<'_>| first(study, model, condition, mode, language);
            let (Some(base), Some(tuned), Some(reasoned)) = (of(over), of(tuned), of(reasoned)) else { continue };
            let tuned: Vec<_> =
                base.beside(tuned).map(|(base, tuned)| (base.key, base.correct, tuned.correct)).collect();
            let reasoned = base.beside(reasoned).map(|(base, reasoned)| (base.key, reasoned.correct));
            let both = tuned.into_iter().zip(reasoned).filter(|(one, other)| one.0 == other.0);
            let trials = both.map(|((_, base, tuned), (_, reasoned))| Trial { base, tuned, reasoned });
            cells.push((number, trials.collect()));
        }
    }
    let units: Vec<Unit<'_>> = cells.iter().map(|(model, items)| Unit { model: *model, items }).collect();
    let name = |(condition, mode): Way<'_>| format!("{condition}/{mode}");
    let found = GainAgainstGain::of(&units)?;
    Some(Ablation { reasoned: name(reasoned), tuned: name(tuned), over: name(over), found })
}

fn first<'f, 'a>(
    study: &Study<'f, 'a>,
    model: &str,
    condition: &str,
    mode: &str,
    language: &str,
) -> Option<&'f CellFrame<'a>> {
    study.cells(model, condition, mode, language).first().map(|(_, cell)| *cell)
}
