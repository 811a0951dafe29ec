//! Block `item_effects`: conditional logit and estimating equations.

use crate::items::{EXPECTED, rows, text};
use crate::observations::{check, check_all, clusters, correct, design, plain};
use serde_json::Value;
use std::sync::LazyLock;
use xlt_core::stats::conditional::Conditional;
use xlt_core::stats::design::Design;
use xlt_core::stats::gee::Exchangeable;

const TOLERANCE: f64 = 1e-6;

/// The default search behind the block's conditional logits stops at scores of 3e-3 to 6e-3, up to this far from the maximum. The same
/// program's Newton search settles, and its values are in `conditional_settled.json`.
const UNSETTLED: f64 = 1e-3;

static SETTLED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("conditional_settled.json")).expect("it is JSON"));

fn conditional(model: &str) -> Conditional {
    let answers = plain(model);
    let without_constant = design(&answers).iter().flat_map(|row| row[1..].to_vec()).collect();
    let design = Design::new(3, without_constant).expect("a design");
    let items = clusters(&answers, |answer| answer.item);
    Conditional::fit(&design, &correct(&answers), &items).expect("a fit")
}

fn check_conditional(fit: &Conditional, expected: &Value, tolerance: f64) {
    check_all("coef", expected, &fit.coefficients, tolerance);
    check_all("se", expected, &fit.standard_errors, tolerance);
}

#[test]
fn conditional_logit_with_items_as_strata() {
    for row in rows(&SETTLED) {
        let fit = conditional(text(&row["model"]));
        check_conditional(&fit, row, TOLERANCE);
        check("logLik", row, fit.log_likelihood, TOLERANCE);
    }
    for row in rows(&EXPECTED["item_effects"]) {
        check_conditional(&conditional(text(&row["model"])), &row["cond_logit"], UNSETTLED);
    }
}

#[test]
fn items_that_are_all_right_or_all_wrong_are_left_out_and_counted() {
    let left_out = ["weak-4b", "mid-9b", "strong-moe"].map(|model| conditional(model).left_out);
    assert_eq!(left_out, [0, 2, 10]);
}

#[test]
fn estimating_equations_with_items_as_clusters() {
    for row in rows(&EXPECTED["item_effects"]) {
        let answers = plain(text(&row["model"]));
        let items = clusters(&answers, |answer| answer.item);
        let fit = Exchangeable::fit(&design(&answers), &correct(&answers), &items).expect("a fit");
        let expected = &row["gee_exch"];
        for (name, found) in ["Intercept", "post", "sem", "post:sem"].into_iter().zip(&fit.coefficients) {
            check(name, &expected["coef"], found.estimate, TOLERANCE);
            check(name, &expected["se_robust"], found.standard_error, TOLERANCE);
        }
        check("alpha", expected, fit.correlation, TOLERANCE);
    }
}
