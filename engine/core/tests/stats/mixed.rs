//! Mixed logistic regression beside lme4 1.1-31. Its optimiser stops within its tolerances, and so are ours.

use crate::items::{check, rows, text};
use crate::observations::{ALL, clusters, correct, design, observations};
use serde_json::Value;
use std::sync::LazyLock;
use xlt_core::stats::design::Design;
use xlt_core::stats::did::Observation;
use xlt_core::stats::mixed::{Coefficient, Mixed};

const EFFECT: f64 = 2e-3;
const DEVIATION: f64 = 5e-3;
const LOG_LIKELIHOOD: f64 = 1e-3;

static EXPECTED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("glmm_expected.json")).expect("it is JSON"));

/// post * sem + model + post:model, in the order of the reference; without post:sem where it is to be tested.
fn pooled_design(answers: &[(&str, Observation)], interaction: bool) -> Design {
    let number = |yes: bool| f64::from(u8::from(yes));
    let row = |&(model, answer): &(&str, Observation)| {
        let (post, strong, weak) = (number(answer.after), number(model == "strong-moe"), number(model == "weak-4b"));
        let related = number(answer.related);
        let mut row = vec![1.0, post, related, strong, weak];
        row.extend(interaction.then_some(post * related));
        row.extend([post * strong, post * weak]);
        row
    };
    Design::new(7 + usize::from(interaction), answers.iter().flat_map(row).collect()).expect("a design")
}

fn check_effect(name: &str, row: &'static Value, found: Coefficient) {
    let expected = row["fixef"][name].as_array().expect("a fixed effect");
    for (found, expected) in [found.estimate, found.standard_error, found.p].into_iter().zip(expected) {
        let expected = expected.as_f64().expect("a number");
        assert!((found - expected).abs() < EFFECT, "{name}: {found} is not {expected} in {row}");
    }
}

#[test]
fn effects_errors_deviations_and_likelihoods() {
    for row in rows(&EXPECTED["fits"]) {
        let model = text(&row["model"]);
        let nested = model.ends_with(" nested passage");
        let named = observations(model.trim_end_matches(" nested passage"));
        let answers: Vec<Observation> = named.iter().map(|(_, answer)| *answer).collect();
        let items = clusters(&answers, |answer| answer.item);
        let languages = clusters(&answers, |answer| answer.language);
        let passages = clusters(&answers, |answer| answer.passage);
        let (factors, deviations) = match nested {
            true => (
                vec![items, passages, languages],
                vec!["question:passage_id.(Intercept)", "passage_id.(Intercept)", "lang.(Intercept)"],
            ),
            false => (vec![items, languages], vec!["item_id.(Intercept)", "lang.(Intercept)"]),
        };
        let (design, effects) = match model {
            ALL => (pooled_design(&named, true), "(Intercept) post sem modelstrong-moe modelweak-4b post:sem post:modelstrong-moe post:modelweak-4b"),
            _ => (design(&answers), "(Intercept) post sem post:sem"),
        };
        let fit = Mixed::fit(&design, &correct(&answers), &factors).expect("a fit");
        assert_eq!(fit.coefficients.len(), row["fixef"].as_object().expect("effects").len());
        effects.split(' ').zip(&fit.coefficients).for_each(|(name, found)| check_effect(name, row, *found));
        assert_eq!(deviations.len(), row["sd"].as_object().expect("deviations").len());
        deviations.iter().zip(&fit.deviations).for_each(|(name, found)| check(name, &row["sd"], *found, DEVIATION));
        check("logLik", row, fit.log_likelihood, LOG_LIKELIHOOD);
        assert!(fit.evaluations < 200, "{} evaluations", fit.evaluations);
    }
}

#[test]
fn the_likelihood_ratio_test_of_the_difference_in_differences() {
    let named = observations(ALL);
    let answers: Vec<Observation> = named.iter().map(|(_, answer)| *answer).collect();
    let factors = [clusters(&answers, |answer| answer.item), clusters(&answers, |answer| answer.language)];
    let fit = |interaction| Mixed::fit(&pooled_design(&named, interaction), &correct(&answers), &factors).expect("a fit");
    let test = fit(true).against(&fit(false)).expect("nested");
    let expected = &EXPECTED["lrt_post_sem_ALL"];
    check("chisq", expected, test.chi_squared, 2.0 * LOG_LIKELIHOOD);
    check("p", expected, test.p, EFFECT);
    check("df", expected, test.freedom as f64, 0.0);
}
