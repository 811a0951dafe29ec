//! What is found of a claim by itself, and the verdict on it once its p-values are corrected.

use super::corrected::Corrected;
use super::estimate::Estimated;
use super::scope::Scope;
use super::{ALPHA, Cells, Judged, POWER, Sided, Verdict, Why};
use crate::results::LEVEL;
use crate::spec::Expect;
use crate::stats::power::Rates;
use crate::stats::student::Student;

/// One-sided, with the power that is aimed at.
const RATES: Rates = Rates { alpha: 2.0 * ALPHA, power: POWER };

/// What is found of a claim by itself.
pub(super) struct Finding<'s, 'f, 'a> {
    scope: Scope<'s, 'f, 'a>,
    estimated: Option<Estimated>,
    /// As they are; `None` where there is no test.
    pub(super) p: Option<Sided>,
    /// Why there is no verdict, whatever the p-values.
    obstacle: Option<Why>,
}

impl<'s, 'f, 'a> Finding<'s, 'f, 'a> {
    pub(super) fn of(scope: Scope<'s, 'f, 'a>, cells: &impl Cells) -> Self {
        let estimated = match scope.estimate() {
            Ok(estimated) => estimated,
            Err(why) => return Self { scope, estimated: None, p: None, obstacle: Some(why) },
        };
        let p = estimated.student.and_then(|student| against(&student, scope.claim.expect));
        let alone = || p.is_none().then_some(Why::NoTest("a single passage says nothing of another"));
        let obstacle = useless(&scope, cells).or_else(alone);
        Self { scope, estimated: Some(estimated), p, obstacle }
    }

    /// With the verdict.
    pub(super) fn judged(self, corrected: Corrected, post_hoc: bool) -> Judged {
        let Self { scope: Scope { claim, languages, models, modes, .. }, estimated, p, obstacle } = self;
        let student = estimated.and_then(|estimated| estimated.student);
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Judged {
            claim: claim.clone(),
            verdict: obstacle.map_or_else(|| verdict(corrected.holm), Verdict::CannotTell),
            value: estimated.map(|estimated| estimated.value),
            interval: student.and_then(|student| student.interval(LEVEL)),
            p,
            adjusted: corrected.holm,
            benjamini_hochberg: corrected.benjamini_hochberg,
            benjamini_yekutieli: corrected.benjamini_yekutieli,
            detectable: student.and_then(|student| Some(RATES.errors()? * student.error)),
            languages,
            models: owned(models),
            modes: owned(modes),
            post_hoc,
        }
    }
}

/// Why the cells that a claim rests on allow no verdict.
fn useless(scope: &Scope<'_, '_, '_>, cells: &impl Cells) -> Option<Why> {
    let (mut format, mut cut_off) = (Vec::new(), Vec::new());
    for cell in scope.cells() {
        if cells.format_failure(&cell) {
            format.push(cell.to_string());
        }
        if cells.cut_off(&cell) {
            cut_off.push(cell.to_string());
        }
    }
    match (format.is_empty(), cut_off.is_empty()) {
        (false, _) => Some(Why::Format(format)),
        (true, false) => Some(Why::CutOff(cut_off)),
        (true, true) => None,
    }
}

/// p-values for both directions of what is expected.
fn against(found: &Student, expect: Expect) -> Option<Sided> {
    let (above, below) = (|bound| found.p_above(bound), |bound| found.p_below(bound));
    Some(match expect {
        Expect::Above(bound) => Sided { holds: above(bound)?, fails: below(bound)? },
        Expect::Below(bound) => Sided { holds: below(bound)?, fails: above(bound)? },
        Expect::Within(margin) => Sided {
            holds: above(-margin)?.max(below(margin)?),
            fails: (2.0 * above(margin)?.min(below(-margin)?)).min(1.0),
        },
    })
}

fn verdict(corrected: Option<Sided>) -> Verdict {
    match corrected {
        Some(Sided { holds, .. }) if holds <= ALPHA => Verdict::Holds,
        Some(Sided { fails, .. }) if fails <= ALPHA => Verdict::Fails,
        Some(_) | None => Verdict::CannotTell(Why::TooUncertain),
    }
}
