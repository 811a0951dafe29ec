//! p-values of a claim, corrected for there being others.

use super::Sided;
use crate::stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, holm};

/// A procedure that corrects p-values together; `None` where one is no probability.
type Procedure = fn(&[f64]) -> Option<Vec<f64>>;

/// The p-values of one claim, corrected.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Corrected {
    /// By this one it is judged.
    pub(super) holm: Option<Sided>,
    pub(super) benjamini_hochberg: Option<Sided>,
    pub(super) benjamini_yekutieli: Option<Sided>,
}

impl Corrected {
    /// All of them, in their order.
    pub(super) fn all(p: &[Sided]) -> Vec<Self> {
        let all = [holm, benjamini_hochberg, benjamini_yekutieli].map(|procedure| by_direction(p, procedure));
        let one = |at: usize| {
            let [holm, benjamini_hochberg, benjamini_yekutieli] = all.each_ref().map(|p| p.get(at).copied());
            Self { holm, benjamini_hochberg, benjamini_yekutieli }
        };
        (0..p.len()).map(one).collect()
    }
}

/// Each direction corrected by itself; nothing where one is no probability.
fn by_direction(p: &[Sided], procedure: Procedure) -> Vec<Sided> {
    let side = |of: fn(&Sided) -> f64| procedure(&p.iter().map(of).collect::<Vec<_>>()).unwrap_or_default();
    let both = side(|p| p.holds).into_iter().zip(side(|p| p.fails));
    both.map(|(holds, fails)| Sided { holds, fails }).collect()
}
