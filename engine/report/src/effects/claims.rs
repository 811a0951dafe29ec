//! Claims and their verdicts, in words.

use super::{ITEMS_ONLY, interval_head, items_only, seed_note};
use crate::points::{brackets, count, p_value, points};
use crate::sheet::{Head, Row, Sheet};
use std::fmt::Write as _;
use xlt_core::analysis::{ALPHA, Judged, POWER, Sided, Verdict, Why};
use xlt_core::results::Results;
use xlt_core::spec::{Claim, Expect, Population, Quantity};

/// Cells and models that are named before the rest is counted.
const NAMED: usize = 3;

/// How claims are judged, in a sentence.
pub(crate) fn about() -> String {
    format!(
        "A claim holds where its opposite is rejected at {:.0} %, and fails where it is rejected itself; else it cannot be told. The \
         p-values of all claims are corrected together (Holm). “Detectable” is how far from its bound the truth has to be to be found \
         in {:.0} % of studies like this one. All numbers are in points.",
        ALPHA * 100.0,
        POWER * 100.0,
    )
}

/// `holds`, `fails` or `cannot tell`.
pub(crate) fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::CannotTell(_) => "cannot tell",
    }
}

/// A sign that says the same without colour.
pub(crate) fn sign(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✓",
        Verdict::Fails => "✗",
        Verdict::CannotTell(_) => "?",
    }
}

/// `below 3.0`, `above 0.0`, `within ±3.0`.
pub(crate) fn expected(claim: &Claim) -> String {
    match claim.expect {
        Expect::Below(bound) => format!("below {}", points(bound)),
        Expect::Above(bound) => format!("above {}", points(bound)),
        Expect::Within(margin) => format!("within ±{}", points(margin)),
    }
}

/// `gain(tuned, relatives) − gain(tuned, controls)`.
pub(crate) fn estimate(claim: &Claim) -> String {
    let mut text = String::new();
    for (at, term) in claim.estimate.terms.iter().enumerate() {
        let sign = match (at, term.negative) {
            (0, true) => "−",
            (0, false) => "",
            (_, true) => " − ",
            (_, false) => " + ",
        };
        let quantity = match term.quantity {
            Quantity::Gain => "gain",
            Quantity::Accuracy => "accuracy",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{sign}{quantity}({}, {})", term.condition, term.languages);
    }
    text
}

/// Interval of the estimate, with the mark of one seed.
pub(crate) fn interval(results: &Results, judged: &Judged) -> String {
    let text = brackets(judged.interval);
    let mark = if !text.is_empty() && of_one_seed(results, judged) { ITEMS_ONLY } else { "" };
    format!("{text}{mark}")
}

/// Whether an adapter that it speaks of has one seed.
pub(crate) fn of_one_seed(results: &Results, judged: &Judged) -> bool {
    let conditions = || judged.claim.estimate.terms.iter().map(|term| term.condition.as_str());
    judged.models.iter().any(|model| conditions().any(|condition| items_only(results, model, condition)))
}

/// Which hypothesis a p-value is of, and the p-value as it is and corrected.
pub(crate) struct Tested {
    /// `its opposite` or `the claim itself`.
    pub(crate) against: &'static str,
    /// As it is.
    pub(crate) p: String,
    /// Corrected over the claims (Holm).
    pub(crate) adjusted: String,
    /// By Benjamini and Hochberg, and by Benjamini and Yekutieli.
    pub(crate) false_discovery: [String; 2],
}

/// The test that is nearer to a verdict; `None` where nothing was tested.
pub(crate) fn tested(judged: &Judged) -> Option<Tested> {
    let p = judged.p?;
    let (against, side): (&str, fn(Sided) -> f64) =
        if p.fails < p.holds { ("the claim itself", |p| p.fails) } else { ("its opposite", |p| p.holds) };
    Some(Tested {
        against,
        p: p_value(Some(side(p))),
        adjusted: p_value(judged.adjusted.map(side)),
        false_discovery: [judged.benjamini_hochberg, judged.benjamini_yekutieli].map(|p| p_value(p.map(side))),
    })
}

/// What it generalizes to.
pub(crate) fn population(judged: &Judged) -> String {
    let sizes: Vec<String> = distinct(judged).iter().map(|(_, codes)| codes.len().to_string()).collect();
    let all: usize = distinct(judged).iter().map(|(_, codes)| codes.len()).sum();
    let noun = if all == 1 { "language" } else { "languages" };
    match judged.claim.over {
        Population::Items => format!("more items like these, in {} {noun}", sizes.join(" and ")),
        Population::Languages => format!("more languages like these {}", sizes.join(" and ")),
    }
}

/// `m1, m2; mode direct`.
pub(crate) fn models(judged: &Judged) -> String {
    let modes = if judged.modes.len() == 1 { "mode" } else { "modes" };
    format!("{}; {modes} {}", listed(&judged.models), listed(&judged.modes))
}

/// Words of the estimate with their languages, each once.
pub(crate) fn distinct(judged: &Judged) -> Vec<(&str, &[String])> {
    let mut all: Vec<(&str, &[String])> = Vec::new();
    for (term, codes) in judged.claim.estimate.terms.iter().zip(&judged.languages) {
        if !all.iter().any(|(word, known)| *word == term.languages && *known == codes.as_slice()) {
            all.push((&term.languages, codes));
        }
    }
    all
}

/// Why it cannot be told, in a sentence; nothing where it can.
pub(crate) fn why(judged: &Judged) -> Option<String> {
    let Verdict::CannotTell(why) = &judged.verdict else { return None };
    Some(match why {
        Why::TooUncertain => "The numbers allow both: the estimate is too uncertain for either verdict.".to_owned(),
        Why::Format(cells) => {
            format!("In {} the model did not answer in the format that is scored: {}.", many(cells), listed(cells))
        }
        Why::CutOff(cells) => {
            format!("In {} a budget of tokens cut off too many texts: {}.", many(cells), listed(cells))
        }
        Why::Nobody(word) => format!("None of the evaluated languages is among “{word}”."),
        Why::NoTest(reason) => format!("There is nothing to test it with: {reason}."),
    })
}

fn many(cells: &[String]) -> String {
    count(cells.len(), "cell")
}

/// The first of these names, and how many more there are.
pub(super) fn listed(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

/// The claims as a table; nothing where there are none.
pub(crate) fn claims(results: &Results) -> Option<Sheet> {
    let row = |judged: &Judged| {
        let post_hoc = if judged.post_hoc { " (post hoc)" } else { "" };
        let tested = tested(judged);
        Row::new([
            word(&judged.verdict).to_owned(),
            format!("{}{post_hoc}", judged.claim.text),
            expected(&judged.claim),
            judged.value.map(points).unwrap_or_default(),
            interval(results, judged),
            tested.as_ref().map(|tested| tested.p.clone()).unwrap_or_default(),
            tested.map(|tested| tested.adjusted).unwrap_or_default(),
            judged.detectable.map(points).unwrap_or_default(),
            population(judged),
        ])
    };
    let rows: Vec<Row> = results.analysis.claims.iter().map(row).collect();
    let words = ["Verdict", "Claim", "Expected"].map(Head::words).into_iter();
    let numbers = ["Estimate", &interval_head(), "p", "Corrected p", "Detectable"].map(Head::numbers);
    let unsure = results.analysis.claims.iter().filter_map(|it| Some(format!("“{}”: {}", it.claim.text, why(it)?)));
    let late = results.analysis.claims.iter().any(|judged| judged.post_hoc);
    let late = late.then(|| POST_HOC.to_owned());
    (!rows.is_empty()).then(|| Sheet {
        title: "Claims",
        about: about(),
        heads: words.chain(numbers).chain([Head::words("It speaks of")]).collect(),
        notes: unsure.chain(late).chain(seed_note(&rows)).collect(),
        rows,
    })
}

/// What “post hoc” means.
pub(crate) const POST_HOC: &str = "Post hoc: the claim was written or changed when there were answers already, so its p-value does not \
    count what else could have been claimed.";
