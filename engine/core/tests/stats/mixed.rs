//! Mixed logistic regression beside lme4 1.1-31.

use crate::glmer::{self, Model};
use crate::items::{rows, text};
use crate::observations::{ALL, check, clusters, correct, design, observations};
use serde_json::Value;
use std::sync::LazyLock;
use xlt_core::stats::design::{Clusters, Design};
use xlt_core::stats::did::Observation;
use xlt_core::stats::mixed::Mixed;
use xlt_core::stats::tails::normal_two_sided;

const EFFECT: f64 = 2e-3;
const DEVIATION: f64 = 5e-3;
const LOG_LIKELIHOOD: f64 = 1e-3;

static EXPECTED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("glmm_expected.json")).expect("it is JSON"));

/// What is fitted for a row of the reference values, and how its effects and deviations are called there.
struct Case {
    design: Design,
    right: Vec<bool>,
    intercepts: Vec<Clusters>,
    effects: Vec<&'static str>,
    deviations: Vec<&'static str>,
}

impl Case {
    fn of(model: &str) -> Self {
        let named = observations(model.trim_end_matches(" nested passage"));
        let answers: Vec<Observation> = named.iter().map(|(_, answer)| *answer).collect();
        let items = clusters(&answers, |answer| answer.item);
        let passages = clusters(&answers, |answer| answer.passage);
        let languages = clusters(&answers, |answer| answer.language);
        let (intercepts, deviations) = match model.ends_with(" nested passage") {
            true => (
                vec![items, passages, languages],
                vec!["question:passage_id.(Intercept)", "passage_id.(Intercept)", "lang.(Intercept)"],
            ),
            false => (vec![items, languages], vec!["item_id.(Intercept)", "lang.(Intercept)"]),
        };
        let (design, effects) = match model {
            ALL => {
                let effects =
                    "(Intercept) post sem modelstrong-moe modelweak-4b post:sem post:modelstrong-moe post:modelweak-4b";
                (pooled_design(&named, true), effects)
            }
            _ => (design(&answers), "(Intercept) post sem post:sem"),
        };
        Self { design, right: correct(&answers), intercepts, effects: effects.split(' ').collect(), deviations }
    }

    fn fit(&self) -> Mixed {
        Mixed::fit(&self.design, &self.right, &self.intercepts).expect("a fit")
    }

    fn model(&self, tolerance: Option<f64>) -> Model {
        let starts: Vec<usize> = (0..self.intercepts.len())
            .map(|factor| self.intercepts[..factor].iter().map(Clusters::count).sum())
            .collect();
        let number =
            |row: usize| starts.iter().zip(&self.intercepts).map(move |(start, factor)| start + factor.of()[row]);
        Model {
            rows: self.design.iter().map(<[f64]>::to_vec).collect(),
            levels: (0..self.right.len()).map(|row| number(row).collect()).collect(),
            factors: self.intercepts.iter().enumerate().flat_map(|(at, factor)| vec![at; factor.count()]).collect(),
            right: self.right.clone(),
            tolerance,
        }
    }
}

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

fn point(fit: &Mixed) -> Vec<f64> {
    fit.deviations.iter().copied().chain(fit.coefficients.iter().map(|effect| effect.estimate)).collect()
}

#[track_caller]
fn near(what: &str, found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().expect("a number");
    assert!((found - expected).abs() < tolerance, "{what}: {found} is not {expected}");
}

#[test]
fn fits_are_those_of_lme4_once_its_search_for_modes_is_stopped_as_lme4_stops_it() {
    for row in rows(&EXPECTED["fits"]) {
        let case = Case::of(text(&row["model"]));
        let fit = case.fit();
        let model = case.model(Some(glmer::TOLERANCE));
        let found = model.refine(&point(&fit));
        let (deviations, effects) = found.point.split_at(case.deviations.len());
        assert_eq!(effects.len(), row["fixef"].as_object().expect("effects").len());
        assert_eq!(deviations.len(), row["sd"].as_object().expect("deviations").len());
        for (at, name) in case.effects.iter().enumerate() {
            let error = found.errors[deviations.len() + at];
            near(name, effects[at], &row["fixef"][name][0], EFFECT);
            near(name, error, &row["fixef"][name][1], EFFECT);
            near(name, normal_two_sided(effects[at] / error).expect("a p"), &row["fixef"][name][2], EFFECT);
        }
        case.deviations.iter().zip(deviations).for_each(|(name, found)| check(name, &row["sd"], *found, DEVIATION));
        check("logLik", row, -found.deviance / 2.0, LOG_LIKELIHOOD);
    }
}

#[test]
fn where_that_makes_no_difference_fits_are_those_of_lme4_as_they_are() {
    let settled = rows(&EXPECTED["fits"]).iter().filter(|row| !text(&row["model"]).starts_with("strong-moe"));
    assert_eq!(settled.clone().count(), 5);
    for row in settled {
        let case = Case::of(text(&row["model"]));
        let fit = case.fit();
        for (name, found) in case.effects.iter().zip(&fit.coefficients) {
            near(name, found.estimate, &row["fixef"][name][0], EFFECT);
            near(name, found.standard_error, &row["fixef"][name][1], EFFECT);
            near(name, found.p, &row["fixef"][name][2], EFFECT);
        }
        case.deviations
            .iter()
            .zip(&fit.deviations)
            .for_each(|(name, found)| check(name, &row["sd"], *found, DEVIATION));
        check("logLik", row, fit.log_likelihood, LOG_LIKELIHOOD);
        assert!(fit.evaluations < 200, "{} evaluations", fit.evaluations);
    }
}

#[test]
fn fits_are_maxima_of_laplaces_approximation_with_full_matrices() {
    for model in ["strong-moe", "strong-moe nested passage", "weak-4b nested passage"] {
        let case = Case::of(model);
        let fit = case.fit();
        let found = case.model(None).refine(&point(&fit));
        assert!((fit.log_likelihood + found.deviance / 2.0).abs() < 1e-6, "{} {}", fit.log_likelihood, found.deviance);
        for (mine, full) in point(&fit).iter().zip(&found.point) {
            assert!((mine - full).abs() < 1e-4, "{model}: {mine} {full}");
        }
        for (mine, full) in fit.coefficients.iter().zip(&found.errors[case.deviations.len()..]) {
            assert!((mine.standard_error - full).abs() < 1e-4, "{model}: {mine:?} {full}");
        }
    }
}

#[test]
fn the_likelihood_ratio_test_of_the_difference_in_differences() {
    let named = observations(ALL);
    let case = Case::of(ALL);
    let smaller = Mixed::fit(&pooled_design(&named, false), &case.right, &case.intercepts).expect("a fit");
    let test = case.fit().against(&smaller).expect("nested");
    let expected = &EXPECTED["lrt_post_sem_ALL"];
    check("chisq", expected, test.chi_squared, LOG_LIKELIHOOD);
    check("p", expected, test.p, EFFECT);
    check("df", expected, test.freedom as f64, 0.0);
}
