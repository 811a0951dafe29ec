//! Before a study is run: whether its claims can be told at all.

use super::claims::{ALPHA, POWER};
use crate::cost::ON_A_PASSAGE;
use crate::languages::population;
use crate::spec::{AdapterOrigin, Claim, Expect, Population, Quantity, Spec, Split, SplitBy, Term};
use crate::stats::quantile;
use crate::stats::tails::normal_quantile;

/// Share of the answers that are taken to change between two conditions.
pub const DISCORDANT: f64 = 0.3;

/// Standard deviation of gains over languages that is assumed, in shares of 1.
pub const DEVIATION: f64 = 0.05;

/// What can be expected of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Its sentence.
    pub text: String,
    /// How far from its bound the truth must lie to be found in four of five studies, in shares of 1, corrected for all claims of the
    /// spec; or why no verdict but "cannot tell" is possible.
    pub detectable: Result<f64, String>,
    /// How far from its bound zero lies, on the side where the claim holds; `None` where zero is on the other side.
    pub margin: Option<f64>,
}

impl Outlook {
    /// Whether a claim of no effect would be found to hold if there is none: its margin is wide enough.
    #[must_use]
    pub fn is_wide_enough(&self) -> Option<bool> {
        Some(*self.detectable.as_ref().ok()? <= self.margin?)
    }
}

/// The outlooks of a spec's claims, from its numbers of items and languages alone.
///
/// Over items an accuracy has the error √(p (1 − p) / n) with p = 1/2, a gain √(ψ / n) with [`DISCORDANT`] for ψ; languages count
/// as independent. Over languages their values have the deviation [`DEVIATION`] and that of their items. An effect is found with
/// the power 0.8 if it is z(1 − α/m) + z(0.8) errors large, α/m being what Holm's correction asks of the first of m claims, with
/// Student's quantile in place of z(1 − α/m) over languages. Cohen, J. (1988), *Statistical Power Analysis*.
#[must_use]
pub fn outlooks(spec: &Spec) -> Vec<Outlook> {
    spec.claims.iter().map(|claim| outlook(spec, claim)).collect()
}

fn outlook(spec: &Spec, claim: &Claim) -> Outlook {
    let margin = match claim.expect {
        Expect::Below(bound) | Expect::Within(bound) => Some(bound),
        Expect::Above(bound) => Some(-bound),
    };
    Outlook {
        text: claim.text.clone(),
        detectable: detectable(spec, claim),
        margin: margin.filter(|margin| *margin > 0.0),
    }
}

fn detectable(spec: &Spec, claim: &Claim) -> Result<f64, String> {
    let items = items(spec).ok_or("how many items there are is known once the data are there")?;
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut variance = 0.0;
    for term in &claim.estimate.terms {
        let languages = languages(spec, term)?;
        let of_item = match term.quantity {
            Quantity::Gain => DISCORDANT,
            Quantity::Accuracy => 0.25,
        };
        let own = if claim.over == Population::Languages { DEVIATION * DEVIATION } else { 0.0 };
        variance += (of_item / items + own) / languages.len() as f64;
        if !groups.contains(&languages) {
            groups.push(languages);
        }
    }
    let alpha = ALPHA / spec.claims.len().max(1) as f64;
    // A one-sided test is at the end of an interval that leaves twice as much outside.
    let level = 1.0 - 2.0 * alpha;
    let critical = match claim.over {
        Population::Items => quantile::normal(level),
        Population::Languages => {
            if let Some(alone) = groups.iter().find(|languages| languages.len() < 2) {
                return Err(format!("{} speaks for no other language", alone.join(", ")));
            }
            let freedom = groups.iter().map(|languages| languages.len() as f64 - 1.0).sum();
            quantile::student(level, freedom)
        }
    };
    let errors = critical.zip(normal_quantile(POWER)).map(|(critical, power)| critical + power);
    Ok(errors.ok_or("its test has no quantile")? * variance.sqrt())
}

/// The languages of a term; at least one.
fn languages(spec: &Spec, term: &Term) -> Result<Vec<String>, String> {
    let evaluated = spec.evaluate.as_ref().map(|evaluate| evaluate.languages.clone()).unwrap_or_default();
    let condition = spec.conditions.iter().find(|condition| condition.name == term.condition);
    let adapter = condition
        .and_then(|condition| spec.adapters.iter().find(|adapter| Some(&adapter.name) == condition.adapter.as_ref()));
    let sources = adapter.map_or(&[][..], |adapter| match &adapter.origin {
        AdapterOrigin::Trained(training) => &training.train_on.languages,
        AdapterOrigin::File(_) => &[],
    });
    let found = population(&term.languages, &spec.languages, sources, &evaluated).map_err(|error| error.to_string())?;
    if found.is_empty() { Err(format!("no evaluated language is among the {}", term.languages)) } else { Ok(found) }
}

/// Items of a cell, where the spec alone tells; of a split by passage about as many as Belebele has on as many passages.
fn items(spec: &Spec) -> Option<f64> {
    let evaluate = spec.evaluate.as_ref()?;
    let data = spec.data.iter().find(|data| data.name == evaluate.data)?;
    let drawn = match &data.split {
        Some(Split::Drawn { by, test, .. }) if evaluate.part == "test" => {
            let passages = *by == SplitBy::Passage && !data.group.is_empty();
            Some(*test as f64 * if passages { ON_A_PASSAGE } else { 1.0 })
        }
        _ => None,
    };
    let count = match (drawn, evaluate.limit.map(|limit| limit as f64)) {
        (Some(drawn), Some(limit)) => drawn.min(limit),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    Some(count).filter(|count| *count > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Request, load};

    fn outlooks_of(claims: &str) -> Vec<Outlook> {
        outlooks_with(claims, &[])
    }

    fn outlooks_with(claims: &str, set: &[String]) -> Vec<Outlook> {
        let text = format!(
            r#"
            models.m.file = "m.gguf"
            languages = {{ source = ["arb_Arab"], target = ["heb_Hebr", "amh_Ethi", "mlt_Latn", "jpn_Jpan", "kor_Hang", "fra_Latn"] }}
            conditions = {{ base = {{ modes = "direct" }}, tuned = {{ adapter = "a", modes = "direct" }} }}
            modes.direct.instruction = "Answer."
            prompt.body = "{{{{ question }}}}"
            adapters.a = {{ train_on = {{ data = "d", languages = "source", mode = "direct" }} }}
            data.d = {{ file = "{{language}}.jsonl", task = "belebele", split = {{ by = "question", train = 800, test = 100, allow_shared_passages = true }} }}
            evaluate = {{ data = "d", languages = "target" }}
            analyze.gain = {{ of = "tuned", over = "base" }}
            {claims}
            "#
        );
        let spec = load(&Request { path: "s.toml", profile: None, set }, &|_| Ok(text.clone()));
        outlooks(&spec.unwrap_or_else(|errors| panic!("{errors}")))
    }

    fn claim(estimate: &str, expect: &str, over: &str) -> String {
        format!(
            "[[claims]]\ntext = \"it is so\"\nestimate = \"{estimate}\"\nexpect = {{ {expect} }}\nover = \"{over}\"\n"
        )
    }

    #[test]
    fn a_margin_is_held_against_what_can_be_seen() {
        let found = outlooks_of(&claim("gain(tuned, relatives) - gain(tuned, controls)", "below = 0.03", "items"));
        // √(0.3 / 100 · (1/3 + 1/3)) = 4.5 points; one-sided 5 % and 80 % ask for 2.486 errors.
        let detectable = found[0].detectable.clone().expect("known");
        assert!((detectable - 2.486_474_9 * (0.002_f64).sqrt()).abs() < 1e-6, "{detectable}");
        assert_eq!((found[0].margin, found[0].is_wide_enough()), (Some(0.03), Some(false)));
        let wide = outlooks_of(&claim("gain(tuned, relatives) - gain(tuned, controls)", "within = 0.15", "items"));
        assert_eq!(wide[0].is_wide_enough(), Some(true));
        let effect = outlooks_of(&claim("gain(tuned, all)", "above = 0.0", "items"));
        assert_eq!((effect[0].margin, effect[0].is_wide_enough()), (None, None));
    }

    #[test]
    fn a_split_by_passage_has_about_as_many_questions_as_belebele_has_on_them() {
        let claim = claim("gain(tuned, all)", "above = 0.0", "items");
        let by_question = outlooks_of(&claim)[0].detectable.clone().expect("known");
        let set = "data.d.split={ by = \"passage\", allow_shared_passages = false }".to_owned();
        let passages = outlooks_with(&claim, &[set])[0].detectable.clone().expect("known");
        assert!((by_question / passages - (900.0 / 488.0_f64).sqrt()).abs() < 1e-9, "{passages}");
    }

    #[test]
    fn languages_add_their_own_spread_and_more_claims_ask_for_more() {
        let one = claim("gain(tuned, relatives) - gain(tuned, controls)", "below = 0.03", "languages");
        let alone = outlooks_of(&one)[0].detectable.clone().expect("known");
        let error = ((0.003 + 0.0025) * 2.0 / 3.0_f64).sqrt();
        // The 95 % quantile of t with 4 degrees of freedom.
        assert!((alone - (2.131_846_786 + 0.841_621_234) * error).abs() < 1e-6, "{alone}");
        let three = outlooks_of(&format!("{one}{one}{one}"))[0].detectable.clone().expect("known");
        assert!(three > alone * 1.2, "{three} {alone}");
    }

    #[test]
    fn what_can_never_be_told_is_said_beforehand() {
        let of = |estimate: &str, over| outlooks_of(&claim(estimate, "above = 0.0", over))[0].detectable.clone();
        assert_eq!(of("gain(tuned, heb_Hebr)", "languages"), Err("heb_Hebr speaks for no other language".to_owned()));
        assert!(of("gain(tuned, heb_Hebr)", "items").is_ok());
    }
}
