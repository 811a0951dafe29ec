use super::super::frame::Frame;
use super::super::frame::tests::{answers, id};
use super::super::study::tests::learned;
use super::*;
use crate::results::Evaluations;
use crate::spec::{Estimate, Expect, Population, Quantity, Term};

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
    let apart = [("heb_Hebr", 6), ("amh_Ethi", 6), ("mlt_Latn", 5), ("fra_Latn", 1), ("jpn_Jpan", 1), ("kor_Hang", 2)];
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
    let found = judged(&PAPER, &[gain("all", Expect::Above(0.0), Population::Items)], &Failing("fra_Latn")).remove(0);
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
