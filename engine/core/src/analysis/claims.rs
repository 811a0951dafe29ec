//! Claims: what was expected, and whether it holds.
//!
//! A verdict is a one-sided test at [`ALPHA`]: a claim holds where its opposite is rejected, it fails where it is rejected itself, and
//! otherwise it cannot be told. Each direction is corrected over all claims of a spec (Holm). A claim that two numbers do not
//! differ is two such tests (Schuirmann 1987): no difference found is none shown.

mod cell;
mod corrected;
mod estimate;
mod finding;
mod scope;
#[cfg(test)]
mod tests;
mod verdict;

pub use cell::{CellName, Cells};
pub use verdict::{Judged, Sided, Verdict, Why};

use super::study::Study;
use crate::spec::Claim;
use corrected::Corrected;
use finding::Finding;
use scope::Scope;

/// Level of each verdict.
pub const ALPHA: f64 = 0.05;

/// With which probability an effect is found that is as large as the smallest detectable one.
pub const POWER: f64 = 0.8;

/// Judges all claims of a spec. `baseline`: the condition that gains are over; `post_hoc`: of each claim whether it came after answers.
#[must_use]
pub(super) fn judge(
    study: &Study<'_, '_>,
    claims: &[Claim],
    baseline: Option<&str>,
    cells: &impl Cells,
    post_hoc: &[bool],
) -> Vec<Judged> {
    let finding = |claim| Finding::of(Scope::of(study, claim, baseline), cells);
    let findings: Vec<Finding<'_, '_, '_>> = claims.iter().map(finding).collect();
    let p: Vec<Sided> = findings.iter().filter_map(|finding| finding.p).collect();
    let mut corrected = Corrected::all(&p).into_iter();
    let post_hoc = post_hoc.iter().copied().chain(std::iter::repeat(false));
    let judged = findings.into_iter().zip(post_hoc).map(|(finding, post_hoc)| {
        let corrected = finding.p.and_then(|_| corrected.next()).unwrap_or_default();
        finding.judged(corrected, post_hoc)
    });
    judged.collect()
}
