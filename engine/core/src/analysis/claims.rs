//! Claims: what was expected, and whether it holds.
//!
//! A verdict is a one-sided test at [`ALPHA`]: a claim holds where its opposite is rejected, it fails where it is rejected itself, and
//! otherwise it cannot be told. Each direction is corrected over all claims of a spec (Holm). A claim that two numbers do not
//! differ is two such tests (Schuirmann 1987): no difference found is none shown.

use std::collections::BTreeSet;

use super::combination::Combination;
use super::languages::OverLanguages;
use super::study::{Study, mean};
use crate::results::LEVEL;
use crate::spec::{Claim, Expect, Population, Quantity, Term};
use crate::stats::Interval;
use crate::stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, holm};
use crate::stats::power::Rates;
use crate::stats::student::Student;

/// Level of each verdict.
pub const ALPHA: f64 = 0.05;

/// With which probability an effect is found that is as large as the smallest detectable one.
pub const POWER: f64 = 0.8;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub verdict: Verdict,
    /// The estimate in shares of 1; `None` where nothing of it was asked.
    pub value: Option<f64>,
    /// Its interval at [`LEVEL`].
    pub interval: Option<Interval>,
    /// One-sided p-values that it holds and that it fails, as they are.
    pub p: Option<Sided>,
    /// The same, corrected over the claims (Holm): by these it is judged.
    pub adjusted: Option<Sided>,
    /// The same by Benjamini's and Hochberg's procedure, for the share of false verdicts.
    pub benjamini_hochberg: Option<Sided>,
    /// The same by Benjamini's and Yekutieli's, whatever the claims have to do with each other.
    pub benjamini_yekutieli: Option<Sided>,
    /// How far from its bound the truth has to be to be found in four of five studies, without correction.
    pub detectable: Option<f64>,
    /// The languages of each term, in the order of the estimate.
    pub languages: Vec<Vec<String>>,
    /// The models and modes that it is averaged over.
    pub models: Vec<String>,
    /// See `models`.
    pub modes: Vec<String>,
    /// Whether it was written or changed when there were answers already.
    pub post_hoc: bool,
}

/// A p-value for each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sided {
    /// Of the hypothesis that the claim is false: small where it holds.
    pub holds: f64,
    /// Of the hypothesis that it is true: small where it fails.
    pub fails: f64,
}

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its opposite is rejected.
    Holds,
    /// It is rejected.
    Fails,
    /// Neither.
    CannotTell(Why),
}

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The numbers allow both.
    TooUncertain,
    /// Cells, by name, in which the model did not answer in the format that is scored.
    Format(Vec<String>),
    /// Cells, by name, in which a budget cut off more than a few texts.
    CutOff(Vec<String>),
    /// A population without languages that were asked.
    Nobody(String),
    /// Nothing to estimate an error from, in words.
    NoTest(&'static str),
}

/// What may make a cell useless to claims.
pub trait Cells {
    /// Whether the model did not answer in the format that is scored.
    fn format_failure(&self, cell: &CellName<'_>) -> bool;
    /// Whether a budget cut off too many texts.
    fn cut_off(&self, cell: &CellName<'_>) -> bool;
}

/// A cell, its seeds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellName<'c> {
    /// Model.
    pub model: &'c str,
    /// Condition.
    pub condition: &'c str,
    /// Mode.
    pub mode: &'c str,
    /// Language code.
    pub language: &'c str,
}

/// Judges all claims of a spec. `baseline`: the condition that gains are over; `post_hoc`: of each claim whether it came after answers.
#[must_use]
pub(super) fn judge(
    study: &Study<'_, '_>,
    claims: &[Claim],
    baseline: Option<&str>,
    cells: &impl Cells,
    post_hoc: &[bool],
) -> Vec<Judged> {
    let mut judged: Vec<Judged> = claims.iter().map(|claim| Judge { study, claim, baseline }.judge(cells)).collect();
    for (judged, post_hoc) in judged.iter_mut().zip(post_hoc) {
        judged.post_hoc = *post_hoc;
    }
    let p: Vec<Sided> = judged.iter().filter_map(|it| it.p).collect();
    let all = [holm, benjamini_hochberg, benjamini_yekutieli].map(|correction| corrected(&p, correction));
    for (at, judged) in judged.iter_mut().filter(|it| it.p.is_some()).enumerate() {
        let [Some(adjusted), hochberg, yekutieli] = all.each_ref().map(|sided| sided.get(at).copied()) else {
            continue;
        };
        judged.adjusted = Some(adjusted);
        (judged.benjamini_hochberg, judged.benjamini_yekutieli) = (hochberg, yekutieli);
        let Sided { holds, fails } = adjusted;
        if judged.verdict == Verdict::CannotTell(Why::TooUncertain) {
            judged.verdict = match (holds <= ALPHA, fails <= ALPHA) {
                (true, _) => Verdict::Holds,
                (_, true) => Verdict::Fails,
                _ => Verdict::CannotTell(Why::TooUncertain),
            };
        }
    }
    judged
}

/// Each direction corrected by itself; nothing where one is no probability.
fn corrected(p: &[Sided], correction: fn(&[f64]) -> Option<Vec<f64>>) -> Vec<Sided> {
    let side = |of: fn(&Sided) -> f64| correction(&p.iter().map(of).collect::<Vec<_>>()).unwrap_or_default();
    let both = side(|p| p.holds).into_iter().zip(side(|p| p.fails));
    both.map(|(holds, fails)| Sided { holds, fails }).collect()
}

/// What is estimated of a claim, and what Student's t says of it; `None` with a single passage.
type Found = (f64, Option<Student>);

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

/// One-sided, with the power that is aimed at.
const RATES: Rates = Rates { alpha: 2.0 * ALPHA, power: POWER };

struct Judge<'s, 'f, 'a> {
    study: &'s Study<'f, 'a>,
    claim: &'s Claim,
    baseline: Option<&'s str>,
}

impl<'f, 'a> Judge<'_, 'f, 'a> {
    fn judge(&self, cells: &impl Cells) -> Judged {
        let languages: Vec<Vec<String>> = self.claim.estimate.terms.iter().map(|term| self.languages(term)).collect();
        let (models, modes) = self.models_and_modes();
        let mut judged = Judged {
            claim: self.claim.clone(),
            verdict: Verdict::CannotTell(Why::TooUncertain),
            value: None,
            interval: None,
            p: None,
            adjusted: None,
            benjamini_hochberg: None,
            benjamini_yekutieli: None,
            detectable: None,
            languages,
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            modes: modes.iter().map(|mode| (*mode).to_owned()).collect(),
            post_hoc: false,
        };
        let nobody =
            self.claim.estimate.terms.iter().zip(&judged.languages).find(|(_, languages)| languages.is_empty());
        if let Some((term, _)) = nobody {
            judged.verdict = Verdict::CannotTell(Why::Nobody(term.languages.clone()));
            return judged;
        }
        let found = match self.claim.over {
            Population::Items => self.over_items(&judged.languages, &models, &modes),
            Population::Languages => self.over_languages(&judged.languages, &models, &modes),
        };
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                judged.verdict = Verdict::CannotTell(why);
                return judged;
            }
        };
        let (value, student) = found;
        judged.value = Some(value);
        judged.interval = student.and_then(|found| found.interval(LEVEL));
        judged.detectable = student.and_then(|found| Some(RATES.errors()? * found.error));
        judged.p = student.and_then(|found| against(&found, self.claim.expect));
        let used = self.cells(&judged.languages, &models, &modes);
        let named = |is: &dyn Fn(&CellName<'_>) -> bool| -> Vec<String> {
            used.iter().filter(|cell| is(cell)).map(CellName::to_string).collect()
        };
        let (format, cut) = (named(&|cell| cells.format_failure(cell)), named(&|cell| cells.cut_off(cell)));
        if !format.is_empty() {
            judged.verdict = Verdict::CannotTell(Why::Format(format));
        } else if !cut.is_empty() {
            judged.verdict = Verdict::CannotTell(Why::CutOff(cut));
        } else if judged.p.is_none() {
            judged.verdict = Verdict::CannotTell(Why::NoTest("a single passage says nothing of another"));
        }
        judged
    }

    /// Languages of a term as its condition sees them.
    fn languages(&self, term: &Term) -> Vec<String> {
        self.study.population(&term.languages, &term.condition).unwrap_or_default()
    }

    /// Conditions whose cells it is made of.
    fn conditions(&self) -> BTreeSet<&str> {
        let terms = &self.claim.estimate.terms;
        let gains = terms.iter().any(|term| term.quantity == Quantity::Gain);
        terms.iter().map(|term| term.condition.as_str()).chain(self.baseline.filter(|_| gains)).collect()
    }

    /// The models that were asked under all of its conditions in one mode or more, and the modes that all of them were asked in.
    fn models_and_modes(&self) -> (Vec<&'a str>, Vec<&'a str>) {
        let conditions: Vec<&str> = self.conditions().into_iter().collect();
        let of = |model: &&'a str| Some((*model, self.study.modes(model, &conditions))).filter(|it| !it.1.is_empty());
        let all: Vec<(&str, Vec<&str>)> = self.study.models.iter().filter_map(of).collect();
        let mut modes = all.first().map(|(_, modes)| modes.clone()).unwrap_or_default();
        modes.retain(|mode| all.iter().all(|(_, others)| others.contains(mode)));
        (all.into_iter().map(|(model, _)| model).collect(), modes)
    }

    /// A term in one language, the mean over models and modes.
    fn term(&self, term: &Term, language: &str, models: &[&str], modes: &[&str]) -> Option<Combination<'f, 'a>> {
        let of = |model: &str, mode: &str| match term.quantity {
            Quantity::Accuracy => self.study.accuracy(model, &term.condition, mode, language),
            Quantity::Gain => self.study.gain(model, (&term.condition, self.baseline?), (mode, mode), language),
        };
        let parts: Option<Vec<_>> =
            models.iter().flat_map(|model| modes.iter().map(move |mode| of(model, mode))).collect();
        mean(&parts?)
    }

    fn over_items(&self, languages: &[Vec<String>], models: &[&str], modes: &[&str]) -> Result<Found, Why> {
        let mut sum = Combination::default();
        for (term, languages) in self.claim.estimate.terms.iter().zip(languages) {
            let parts: Option<Vec<_>> = languages.iter().map(|code| self.term(term, code, models, modes)).collect();
            let part = parts.and_then(|parts| mean(&parts)).ok_or(NOT_ASKED)?;
            sum.add_all(sign(term), &part);
        }
        let estimate = sum.estimate();
        Ok((estimate.value, estimate.student()))
    }

    fn over_languages(&self, languages: &[Vec<String>], models: &[&str], modes: &[&str]) -> Result<Found, Why> {
        let mut groups: Vec<(&[String], Vec<f64>)> = Vec::new();
        for (term, languages) in self.claim.estimate.terms.iter().zip(languages) {
            let values = languages.iter().map(|code| Some(sign(term) * self.term(term, code, models, modes)?.value()));
            let values: Vec<f64> = values.collect::<Option<_>>().ok_or(NOT_ASKED)?;
            match groups.iter_mut().find(|(known, _)| known == languages) {
                Some((_, sums)) => sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
                None => groups.push((languages, values)),
            }
        }
        let values = match groups.as_slice() {
            [(_, values)] => OverLanguages::One(values.clone()),
            [(one, these), (other, those)] if one.iter().all(|code| !other.contains(code)) => {
                OverLanguages::Two(these.clone(), those.iter().map(|value| -value).collect())
            }
            _ => return Err(Why::NoTest("its populations overlap, or there are more than two")),
        };
        let alone = Why::NoTest("languages are compared by their spread, of which there is none");
        let estimate = values.estimate().ok_or(alone)?;
        Ok((estimate.value, Some(estimate)))
    }

    /// All cells that it rests on.
    fn cells<'c>(&'c self, languages: &'c [Vec<String>], models: &[&'c str], modes: &[&'c str]) -> Vec<CellName<'c>> {
        let mut cells = BTreeSet::new();
        for (term, languages) in self.claim.estimate.terms.iter().zip(languages) {
            let baseline = self.baseline.filter(|_| term.quantity == Quantity::Gain);
            for condition in [term.condition.as_str()].into_iter().chain(baseline) {
                for language in languages {
                    for &model in models {
                        cells.extend(modes.iter().map(|&mode| CellName { model, condition, mode, language }));
                    }
                }
            }
        }
        cells.into_iter().collect()
    }
}

const NOT_ASKED: Why = Why::NoTest("not all of its cells were asked");

fn sign(term: &Term) -> f64 {
    if term.negative { -1.0 } else { 1.0 }
}

impl std::fmt::Display for CellName<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { model, condition, mode, language } = self;
        write!(to, "{model}/{condition}/{language}/{mode}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::frame::tests::{answers, id};
    use super::super::study::tests::learned;
    use super::*;
    use crate::results::Evaluations;
    use crate::spec::Estimate;

    /// Cells that are all of use, but for one language.
    struct Failing(&'static str);

    impl Cells for Failing {
        fn format_failure(&self, cell: &CellName<'_>) -> bool {
            cell.language == self.0 && cell.condition == "base"
        }

        fn cut_off(&self, _: &CellName<'_>) -> bool {
            false
        }
    }

    const NONE: Failing = Failing("");

    fn term(negative: bool, quantity: Quantity, condition: &str, languages: &str) -> Term {
        Term { negative, quantity, condition: condition.to_owned(), languages: languages.to_owned() }
    }

    fn claim(terms: Vec<Term>, expect: Expect, over: Population) -> Claim {
        Claim { text: "a claim".to_owned(), estimate: Estimate { terms }, expect, over }
    }

    /// The gain of relatives less that of controls.
    fn difference(expect: Expect, over: Population) -> Claim {
        let gain = |negative, languages| term(negative, Quantity::Gain, "tuned", languages);
        claim(vec![gain(false, "relatives"), gain(true, "controls")], expect, over)
    }

    /// The mean gain in some languages.
    fn gain(languages: &str, expect: Expect, over: Population) -> Claim {
        claim(vec![term(false, Quantity::Gain, "tuned", languages)], expect, over)
    }

    /// 80 items, two on a passage, of which every fourth is right before, and with `gained` of each 8 more after.
    fn evaluations(languages: &[(&str, usize)]) -> Evaluations {
        let before = "+-------".repeat(10);
        let both = |(code, gained): &(&str, usize)| {
            let after = (String::from("+") + &"+".repeat(*gained) + &"-".repeat(7 - gained)).repeat(10);
            [("base", before.clone()), ("tuned", after)].map(|(name, pattern)| (id("m", name, code), answers(&pattern)))
        };
        languages.iter().flat_map(both).collect()
    }

    const PAPER: [(&str, usize); 6] =
        [("heb_Hebr", 3), ("amh_Ethi", 3), ("mlt_Latn", 4), ("fra_Latn", 4), ("jpn_Jpan", 3), ("kor_Hang", 3)];

    fn judged(languages: &[(&str, usize)], claims: &[Claim], cells: &impl Cells) -> Vec<Judged> {
        let evaluations = evaluations(languages);
        let frame = Frame::new(&evaluations);
        let conditions = [learned("base", &[]), learned("tuned", &["arb_Arab"])];
        let study = Study::new(&frame, &conditions, &[]);
        judge(&study, claims, Some("base"), cells, &vec![false; claims.len()])
    }

    fn verdict(languages: &[(&str, usize)], claim: Claim) -> Verdict {
        judged(languages, &[claim], &NONE).remove(0).verdict
    }

    #[test]
    fn a_gain_is_above_zero_over_items_and_over_languages() {
        for over in [Population::Items, Population::Languages] {
            assert_eq!(verdict(&PAPER, gain("all", Expect::Above(0.0), over)), Verdict::Holds);
            assert_eq!(verdict(&PAPER, gain("all", Expect::Below(0.0), over)), Verdict::Fails);
        }
        let found = judged(&PAPER, &[gain("all", Expect::Above(0.4), Population::Items)], &NONE).remove(0);
        assert!((found.value.expect("a value") - 20.0 / 48.0).abs() < 1e-12, "{:?}", found.value);
        assert_eq!(found.verdict, Verdict::CannotTell(Why::TooUncertain));
    }

    #[test]
    fn no_difference_is_claimed_with_a_margin_and_not_found_in_its_absence() {
        let of = |margin| difference(Expect::Within(margin), Population::Languages);
        assert_eq!(verdict(&PAPER, of(0.2)), Verdict::Holds);
        assert_eq!(verdict(&PAPER, of(0.02)), Verdict::CannotTell(Why::TooUncertain));
        let apart =
            [("heb_Hebr", 6), ("amh_Ethi", 6), ("mlt_Latn", 5), ("fra_Latn", 1), ("jpn_Jpan", 1), ("kor_Hang", 2)];
        assert_eq!(verdict(&apart, of(0.1)), Verdict::Fails);
    }

    #[test]
    fn a_difference_between_groups_is_students_over_their_languages() {
        let found = judged(&PAPER, &[difference(Expect::Above(0.0), Population::Languages)], &NONE).remove(0);
        assert_eq!(found.languages, [["amh_Ethi", "heb_Hebr", "mlt_Latn"], ["fra_Latn", "jpn_Jpan", "kor_Hang"]]);
        // Both groups have the gains 3, 3, 4 of 8: no difference, and an error of √(2 s² / 3) with s = 1/(8√3).
        let error = (2.0 / 9.0 / 64.0_f64).sqrt();
        assert!(found.value.expect("a value").abs() < 1e-12);
        assert!((found.p.expect("p").holds - 0.5).abs() < 1e-9);
        assert!((found.detectable.expect("detectable") - (1.644_853_627 + 0.841_621_234) * error).abs() < 1e-6);
    }

    #[test]
    fn over_items_a_difference_is_more_certain_than_over_languages() {
        let of = |over| judged(&PAPER, &[difference(Expect::Within(0.1), over)], &NONE).remove(0);
        let (items, languages) = (of(Population::Items), of(Population::Languages));
        assert!(items.p.expect("p").holds < languages.p.expect("p").holds);
        assert_eq!(items.verdict, Verdict::Holds);
        assert!((items.value.expect("a value") - languages.value.expect("a value")).abs() < 1e-12);
    }

    #[test]
    fn claims_are_corrected_together() {
        let one = gain("heb_Hebr", Expect::Above(0.25), Population::Items);
        let alone = judged(&PAPER, std::slice::from_ref(&one), &NONE).remove(0);
        let two = judged(&PAPER, &[one.clone(), one], &NONE);
        let p = alone.p.expect("p").holds;
        assert_eq!(alone.adjusted.expect("p").holds, p);
        assert!((two[1].adjusted.expect("p").holds - 2.0 * p).abs() < 1e-12);
        // Of two equal p-values the share of false verdicts is that of either; 1 + 1/2 times that, whatever they have in common.
        assert!((two[1].benjamini_hochberg.expect("p").holds - p).abs() < 1e-12);
        assert!((two[1].benjamini_yekutieli.expect("p").holds - 1.5 * p).abs() < 1e-12);
    }

    #[test]
    fn over_a_failure_of_format_nothing_can_be_told() {
        let found =
            judged(&PAPER, &[gain("all", Expect::Above(0.0), Population::Items)], &Failing("fra_Latn")).remove(0);
        assert_eq!(found.verdict, Verdict::CannotTell(Why::Format(vec!["m/base/fra_Latn/direct".to_owned()])));
        assert!(found.value.is_some(), "the number is there all the same");
        let accuracy =
            claim(vec![term(false, Quantity::Accuracy, "tuned", "fra_Latn")], Expect::Above(0.2), Population::Items);
        assert_eq!(
            judged(&PAPER, &[accuracy], &Failing("fra_Latn"))[0].verdict,
            Verdict::Holds,
            "the baseline is not in it"
        );
    }

    #[test]
    fn what_has_no_languages_or_no_spread_says_so() {
        let of = |languages: &[(&str, usize)], claim| verdict(languages, claim);
        let semitic = [("heb_Hebr", 3), ("amh_Ethi", 3)];
        assert_eq!(
            of(&semitic, difference(Expect::Above(0.0), Population::Items)),
            Verdict::CannotTell(Why::Nobody("controls".to_owned()))
        );
        assert!(matches!(
            of(&semitic, gain("all", Expect::Above(0.0), Population::Languages)),
            Verdict::CannotTell(Why::NoTest(_))
        ));
        let overlapping = claim(
            vec![term(false, Quantity::Gain, "tuned", "all"), term(true, Quantity::Gain, "tuned", "controls")],
            Expect::Above(0.0),
            Population::Languages,
        );
        assert!(matches!(of(&PAPER, overlapping), Verdict::CannotTell(Why::NoTest(_))));
    }
}
