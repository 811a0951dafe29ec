//! Block `item_effects`: conditional logit and estimating equations.

use crate::items::{EXPECTED, check, numbers, rows, text};
use crate::observations::{clusters, correct, design, plain};
use xlt_core::stats::conditional::Conditional;
use xlt_core::stats::design::Design;
use xlt_core::stats::gee::Exchangeable;

const TOLERANCE: f64 = 1e-6;

#[test]
fn conditional_logit_with_items_as_strata() {
    for row in rows(&EXPECTED["item_effects"]) {
        let answers = plain(text(&row["model"]));
        let without_constant = design(&answers).iter().flat_map(|row| row[1..].to_vec()).collect();
        let design = Design::new(3, without_constant).expect("a design");
        let items = clusters(&answers, |answer| answer.item);
        let fit = Conditional::fit(&design, &correct(&answers), &items).expect("a fit");
        for (what, found) in [("coef", fit.coefficients), ("se", fit.standard_errors)] {
            let expected = numbers(&row["cond_logit"][what]);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < TOLERANCE, "{what}: {found} is not {expected}");
            }
        }
    }
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
