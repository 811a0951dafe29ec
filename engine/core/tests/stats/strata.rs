//! Languages together.

use crate::items::{CELLS, Cell, EXPECTED, approximate, exact, reproduces, rows, text};
use xlt_core::stats::homogeneity::{Stratified, Stratum, cochran_q};

/// The answers of a model in each language.
fn languages(model: &str, phase: &str) -> Vec<Vec<bool>> {
    let is = |cell: &&Cell| [&*cell.model, &cell.phase, &cell.mode] == [model, phase, "direct"];
    CELLS.iter().filter(is).map(Cell::correct).collect()
}

#[test]
fn cochran_q_over_languages_is_as_in_statsmodels() {
    for row in rows(&EXPECTED["cochran_q"]) {
        let found = cochran_q(&languages(text(&row["model"]), text(&row["phase"]))).expect("they differ");
        reproduces(row, &[exact("q", found.statistic), approximate("p", found.p), exact("df", found.degrees)]);
    }
}

#[test]
fn languages_as_strata_are_as_in_statsmodels() {
    for row in rows(&EXPECTED["cmh_by_lang"]) {
        let [before, after] = ["base", "ft"].map(|phase| languages(text(&row["model"]), phase));
        let count = |answers: &[bool], which| answers.iter().filter(|&&correct| correct == which).count() as u64;
        let stratum = |(before, after): (&Vec<bool>, &Vec<bool>)| Stratum {
            after_correct: count(after, true),
            after_wrong: count(after, false),
            before_correct: count(before, true),
            before_wrong: count(before, false),
        };
        let strata: Vec<_> = before.iter().zip(&after).map(stratum).collect();
        let found = Stratified::of(&strata).expect("they say something");
        reproduces(
            row,
            &[
                exact("or_pooled", found.odds_ratio),
                exact("cmh_chi2", found.common.statistic),
                approximate("cmh_p", found.common.p),
                approximate("breslow_day_p", found.homogeneity.map(|found| found.breslow_day.p)),
            ],
        );
    }
}
