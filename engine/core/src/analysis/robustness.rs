//! Robustness: whether tuning changes the odds of a right answer, and more so in related languages, by models of single answers.
//!
//! A gain is a difference of shares, and where accuracies differ, equal shares are no equal odds. These models answer on the other
//! scale, each with another view of what answers have in common. None of them replaces the tests over languages: a random
//! intercept lets languages start from different places, not gain differently.

use super::contrasts::Contrast;
use super::frame::{Outcome, PassageId, QuestionId};
use super::gains::Comparison;
use super::study::Study;
use crate::results::LEVEL;
use crate::spec::{Claim, Expect, Quantity};
use crate::stats::conditional::Conditional;
use crate::stats::design::{Clusters, Design, FitError};
use crate::stats::equivalence::Tost;
use crate::stats::gee::Exchangeable;
use crate::stats::mixed::Mixed;
use crate::stats::regression::{Clustered, NoClusteredTest, Reference};
use crate::stats::tails::normal_two_sided;
use crate::stats::{Interval, quantile};

/// Answers of which a mixed model is fitted at most: a fit takes some tens of passes over them, and grows with languages too.
pub const MOST_ANSWERS: usize = 20_000;

/// The margin of equivalence where no claim names one, in shares of 1: a choice of ours.
pub const MARGIN: f64 = 0.03;

/// The models of one comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Odds {
    /// What is compared.
    pub comparison: Comparison,
    /// Answers before and after.
    pub answers: usize,
    /// Logistic regression with items and languages as random intercepts.
    pub mixed: Result<Effects, NotFitted>,
    /// Conditional logistic regression: each item in each language is compared with itself.
    pub conditional: Result<Effects, NotFitted>,
    /// Estimating equations with passages as clusters.
    pub equations: Result<Effects, NotFitted>,
}

/// What tuning does to the odds, in logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effects {
    /// Of controls; of all languages where there are no relatives or no controls.
    pub tuned: Effect,
    /// How much more of relatives; `None` where there are no relatives or no controls.
    pub more_in_relatives: Option<Effect>,
}

/// A coefficient in logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub error: f64,
    /// Its interval at [`LEVEL`].
    pub interval: Interval,
    /// Two-sided p of no effect.
    pub p: f64,
}

/// Why there are no effects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFitted {
    /// The estimator says so.
    #[error("{0}")]
    Fit(#[from] FitError),
    /// Its errors cannot be trusted.
    #[error("{0}")]
    Clusters(#[from] NoClusteredTest),
    /// An error is zero or no number.
    #[error("the estimate has no standard error")]
    NoError,
    /// Too much to do.
    #[error("{answers} answers are more than the {MOST_ANSWERS} of which it is fitted")]
    TooMany {
        /// How many there are.
        answers: usize,
    },
}

/// Whether relatives and controls gain alike, within a margin.
#[derive(Debug, Clone, PartialEq)]
pub struct Equivalence {
    /// Condition whose gain it is.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// Mode.
    pub mode: String,
    /// Models that it is averaged over.
    pub models: Vec<String>,
    /// The difference of the mean gains.
    pub difference: f64,
    /// Differences within ± this count as none.
    pub margin: f64,
    /// Whether a claim names the margin; else it is [`MARGIN`].
    pub claimed: bool,
    /// Two one-sided tests over languages.
    pub over_languages: Option<Tost>,
    /// Over items.
    pub over_items: Option<Tost>,
}

/// Two one-sided tests of each contrast, at the margin of the claim that speaks of it.
#[must_use]
pub(super) fn equivalences(contrasts: &[Contrast], claims: &[Claim]) -> Vec<Equivalence> {
    let of = |contrast: &Contrast| {
        let claimed = claims.iter().find_map(|claim| margin(claim, &contrast.of));
        let margin = claimed.unwrap_or(MARGIN);
        let test =
            |student: crate::stats::student::Student| Tost::of(student.value, student.error, student.freedom, margin);
        Equivalence {
            of: contrast.of.clone(),
            over: contrast.over.clone(),
            mode: contrast.mode.clone(),
            models: contrast.models.clone(),
            difference: contrast.over_items.value,
            margin,
            claimed: claimed.is_some(),
            over_languages: contrast.student.and_then(test),
            over_items: contrast.over_items.student().and_then(test),
        }
    };
    contrasts.iter().map(of).collect()
}

/// The margin of a claim that the gains of a condition's relatives and controls do not differ.
fn margin(claim: &Claim, condition: &str) -> Option<f64> {
    let Expect::Within(margin) = claim.expect else { return None };
    let [one, other] = claim.estimate.terms.as_slice() else { return None };
    let gains = [one, other].iter().all(|term| term.quantity == Quantity::Gain && term.condition == condition);
    let mut languages = [one.languages.as_str(), other.languages.as_str()];
    languages.sort_unstable();
    (gains && one.negative != other.negative && languages == ["controls", "relatives"]).then_some(margin)
}

/// The models of a comparison. `None` where nothing was asked in both of its conditions.
#[must_use]
pub(super) fn odds(study: &Study<'_, '_>, comparison: &Comparison) -> Option<Odds> {
    let rows = Rows::of(study, comparison);
    let answers = rows.right.len();
    (answers > 0).then(|| Odds {
        comparison: comparison.clone(),
        answers,
        mixed: rows.mixed(),
        conditional: rows.conditional(),
        equations: rows.equations(),
    })
}

/// The answers of a comparison, each with what a model knows of it.
#[derive(Default)]
struct Rows {
    right: Vec<bool>,
    after: Vec<bool>,
    related: Vec<bool>,
    question: Vec<QuestionId>,
    passage: Vec<PassageId>,
    language: Vec<usize>,
    /// Whether there are relatives and controls.
    in_groups: bool,
}

impl Rows {
    fn of(study: &Study<'_, '_>, Comparison { model, of, over, mode, over_mode }: &Comparison) -> Self {
        let group = |word: &str| study.population(word, of).unwrap_or_default();
        let (relatives, controls) = (group("relatives"), group("controls"));
        let in_groups = !relatives.is_empty() && !controls.is_empty();
        let mut rows = Self { in_groups, ..Self::default() };
        for (number, code) in study.languages.iter().enumerate() {
            let related = relatives.contains(code);
            if in_groups && !related && !controls.contains(code) {
                continue;
            }
            let (before, after) = (study.cells(model, over, over_mode, code), study.cells(model, of, mode, code));
            if before.is_empty() || after.is_empty() {
                continue;
            }
            for (cells, after) in [(before, false), (after, true)] {
                let outcomes = cells.iter().flat_map(|(_, cell)| &cell.outcomes);
                outcomes.for_each(|outcome| rows.push(outcome, after, related, number));
            }
        }
        rows
    }

    fn push(&mut self, outcome: &Outcome<'_>, after: bool, related: bool, language: usize) {
        self.right.push(outcome.correct);
        self.after.push(after);
        self.related.push(related);
        self.question.push(outcome.question);
        self.passage.push(outcome.passage);
        self.language.push(language);
    }

    /// Constant and after; with groups related and after × related, too.
    fn design(&self) -> Result<Design, FitError> {
        let pairs = self.after.iter().copied().zip(self.related.iter().copied());
        if self.in_groups {
            return Design::two_by_two(pairs);
        }
        Design::new(2, pairs.flat_map(|(after, _)| [1.0, number(after)]).collect())
    }

    fn mixed(&self) -> Result<Effects, NotFitted> {
        if self.right.len() > MOST_ANSWERS {
            return Err(NotFitted::TooMany { answers: self.right.len() });
        }
        let mut factors = vec![Clusters::new(&self.question)];
        // A single language has no spread.
        factors.extend(Some(Clusters::new(&self.language)).filter(|languages| languages.count() > 1));
        let fit = Mixed::fit(&self.design()?, &self.right, &factors)?;
        let effect = |at: usize| Effect::normal(fit.coefficients[at].estimate, fit.coefficients[at].standard_error);
        self.effects(1, effect)
    }

    /// What is the same before and after is in no difference within an item, so a stratum has no constant and is not related.
    fn conditional(&self) -> Result<Effects, NotFitted> {
        let columns = if self.in_groups { 2 } else { 1 };
        let row =
            |(after, related): (&bool, &bool)| [number(*after), number(*after && *related)].into_iter().take(columns);
        let design = Design::new(columns, self.after.iter().zip(&self.related).flat_map(row).collect())?;
        let strata: Vec<_> = self.question.iter().zip(&self.language).collect();
        let fit = Conditional::fit(&design, &self.right, &Clusters::new(&strata))?;
        self.effects(0, |at| Effect::normal(fit.coefficients[at], fit.standard_errors[at]))
    }

    fn equations(&self) -> Result<Effects, NotFitted> {
        let fit = Exchangeable::fit(&self.design()?, &self.right, &Clusters::new(&self.passage))?;
        self.effects(1, |at| Effect::clustered(fit.coefficients[at]))
    }

    /// Of coefficients of which that of `after` stands at `first` and that of after × related last.
    fn effects(&self, first: usize, effect: impl Fn(usize) -> Result<Effect, NotFitted>) -> Result<Effects, NotFitted> {
        let last = if first == 0 { 1 } else { 3 };
        let more_in_relatives = self.in_groups.then(|| effect(last)).transpose()?;
        Ok(Effects { tuned: effect(first)?, more_in_relatives })
    }
}

impl Effect {
    /// By Wald's test.
    fn normal(estimate: f64, error: f64) -> Result<Self, NotFitted> {
        let p = normal_two_sided(estimate / error).filter(|_| error > 0.0 && error.is_finite());
        let half = quantile::normal(LEVEL).map(|quantile| quantile * error);
        Self::of(estimate, error, p.zip(half))
    }

    /// By Student's t with a degree of freedom less than clusters.
    fn clustered(of: Clustered) -> Result<Self, NotFitted> {
        let p = of.p(Reference::Student)?;
        let half = quantile::student(LEVEL, of.clusters as f64 - 1.0).map(|quantile| quantile * of.standard_error);
        Self::of(of.estimate, of.standard_error, Some(p).zip(half))
    }

    fn of(estimate: f64, error: f64, found: Option<(f64, f64)>) -> Result<Self, NotFitted> {
        let (p, half) = found.ok_or(NotFitted::NoError)?;
        Ok(Self { estimate, error, interval: Interval { low: estimate - half, high: estimate + half }, p })
    }
}

fn number(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::frame::tests::{answers, id};
    use super::super::gains::comparisons;
    use super::super::study::tests::learned;
    use super::*;
    use crate::results::Evaluations;
    use crate::spec::{Estimate, Population, Term};

    /// The models of answers before and after, by language.
    fn found(languages: &[(&str, &str, &str)]) -> Odds {
        let both = |(code, before, after): &(&str, &str, &str)| {
            [("base", before), ("tuned", after)]
                .map(|(condition, answered)| (id("m", condition, code), answers(answered)))
        };
        let evaluations: Evaluations = languages.iter().flat_map(both).collect();
        let frame = Frame::new(&evaluations);
        let conditions = [learned("base", &[]), learned("tuned", &["arb_Arab"])];
        let study = Study::new(&frame, &conditions, &[]);
        odds(&study, &comparisons(&study, "tuned", "base")[0]).expect("answers")
    }

    /// Of 48 items so many gained, lost and right in both; the others are wrong in both.
    fn changed(gained: usize, lost: usize, both: usize) -> (String, String) {
        let rest = 48 - gained - lost - both;
        let row = |marks: [&str; 4]| -> String {
            marks.iter().zip([gained, lost, both, rest]).map(|(mark, times)| mark.repeat(times)).collect()
        };
        (row(["-", "+", "+", "-"]), row(["+", "-", "+", "-"]))
    }

    #[test]
    fn within_items_the_odds_are_those_of_the_discordant_pairs() {
        let (heb, fra) = (changed(12, 4, 9), changed(9, 6, 11));
        let found = found(&[("heb_Hebr", &heb.0, &heb.1), ("fra_Latn", &fra.0, &fra.1)]);
        assert_eq!(found.answers, 4 * 48);
        let effects = found.conditional.expect("a fit");
        assert!((effects.tuned.estimate - (9.0_f64 / 6.0).ln()).abs() < 1e-9, "controls: {effects:?}");
        let more = effects.more_in_relatives.expect("relatives and controls");
        assert!((more.estimate - (3.0_f64 / 1.5).ln()).abs() < 1e-9, "{more:?}");
        let error = (1.0 / 12.0 + 1.0 / 4.0 + 1.0 / 9.0 + 1.0 / 6.0_f64).sqrt();
        assert!((more.error - error).abs() < 1e-9 && more.interval.low < more.estimate);
        for other in [found.mixed, found.equations] {
            let other = other.expect("a fit").more_in_relatives.expect("relatives and controls");
            assert!(other.estimate > 0.1 && other.estimate < 1.2 && other.p < 1.0, "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_fitted_says_why() {
        let right = "+".repeat(48);
        let all = found(&[("heb_Hebr", &right, &right), ("fra_Latn", &right, &right)]);
        for fit in [&all.mixed, &all.conditional, &all.equations] {
            assert_eq!(*fit, Err(NotFitted::Fit(FitError::NoVariation)));
        }
        let (before, after) = changed(12, 0, 9);
        let never_lost = found(&[("heb_Hebr", &before, &after)]);
        assert_eq!(never_lost.conditional, Err(NotFitted::Fit(FitError::Separated)));
        let few = found(&[("heb_Hebr", "+-+-+-", "++-+-+")]);
        assert!(matches!(few.equations, Err(NotFitted::Clusters(_))), "{:?}", few.equations);
    }

    #[test]
    fn without_controls_tuning_alone_is_asked_after() {
        let (before, after) = changed(12, 4, 9);
        let found = found(&[("heb_Hebr", &before, &after), ("amh_Ethi", &before, &after)]);
        let effects = found.conditional.expect("a fit");
        assert_eq!(effects.more_in_relatives, None);
        assert!((effects.tuned.estimate - 3.0_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn a_margin_is_that_of_the_claim_that_speaks_of_it() {
        let term = |negative, languages: &str| Term {
            negative,
            quantity: Quantity::Gain,
            condition: "tuned".to_owned(),
            languages: languages.to_owned(),
        };
        let claim = |terms, expect| Claim {
            text: String::new(),
            estimate: Estimate { terms },
            expect,
            over: Population::Items,
        };
        let both = || vec![term(true, "controls"), term(false, "relatives")];
        assert_eq!(margin(&claim(both(), Expect::Within(0.05)), "tuned"), Some(0.05));
        assert_eq!(margin(&claim(both(), Expect::Within(0.05)), "other"), None);
        assert_eq!(margin(&claim(both(), Expect::Below(0.05)), "tuned"), None);
        assert_eq!(margin(&claim(vec![term(false, "relatives")], Expect::Within(0.05)), "tuned"), None);
    }
}
