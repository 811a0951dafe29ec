//! Two conditions on the same items.

use crate::items::{Cell, EXPECTED, QUESTIONS, approximate, cell, exact, reproduces, rows, text};
use serde_json::Value;
use xlt_core::stats::bootstrap::{Draws, Law, clustered};
use xlt_core::stats::cluster::ClusteredMean;
use xlt_core::stats::equivalence::Tost;
use xlt_core::stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, bonferroni, holm};
use xlt_core::stats::paired::{Pair, Paired, differences};

/// The items of two cells.
pub(crate) fn pairs(before: &Cell, after: &Cell) -> Vec<Pair> {
    let answers = before.correct().into_iter().zip(after.correct());
    let pair = |((before, after), passage)| Pair { before, after, cluster: passage };
    answers.zip(QUESTIONS.iter().map(|item| item.passage)).map(pair).collect()
}

/// The items that a row of reference values compares.
fn contrast(row: &'static Value) -> Vec<Pair> {
    let (model, language) = (text(&row["model"]), text(&row["lang"]));
    let [before, after] = match text(&row["contrast"]) {
        "ft_direct" => [("base", "direct"), ("ft", "direct")],
        "ft_cot" => [("base", "cot"), ("ft", "cot")],
        "cot_base" => [("base", "direct"), ("base", "cot")],
        other => panic!("no contrast {other}"),
    }
    .map(|(phase, mode)| cell(model, language, phase, mode));
    pairs(before, after)
}

#[test]
fn every_contrast_is_as_in_statsmodels_and_scipy() {
    for row in rows(&EXPECTED["paired"]) {
        let pairs = contrast(row);
        let paired = Paired::of(&pairs).expect("items");
        let clustered = ClusteredMean::of(&differences(&pairs)).expect("items");
        let (error, t) = (paired.standard_error().expect("items"), paired.t().expect("they changed"));
        let mcnemar = paired.mcnemar_chi_squared().expect("they changed");
        let bootstrap = paired.bootstrap(0.95);
        let tost = Tost::of(paired.difference(), error, t.degrees, 0.05).expect("they changed");
        assert_eq!(bootstrap.law, Law::Exact);
        reproduces(
            row,
            &[
                exact("n", paired.items()),
                exact("gained", paired.gained()),
                exact("lost", paired.lost()),
                exact("diff", paired.difference()),
                exact("se_paired", error),
                exact("mcnemar_exact_p", paired.mcnemar_exact()),
                exact("mcnemar_midp", paired.mcnemar_mid_p()),
                exact("mcnemar_chi2_cc", mcnemar.statistic),
                approximate("mcnemar_chi2_cc_p", mcnemar.p),
                approximate("t_paired", t.statistic),
                approximate("t_paired_p", t.p),
                exact("boot_percentile95_exact", bootstrap.interval),
                exact("boot_se_exact", bootstrap.standard_error),
                exact("se_cluster_cr1", clustered.cr1),
                exact("tost_margin", tost.margin),
                approximate("tost_p", tost.p()),
                approximate("tost_p_lower", tost.p_lower),
                approximate("tost_p_upper", tost.p_upper),
                exact("odds_ratio_conditional", paired.odds_ratio()),
            ],
        );
    }
}

#[test]
fn a_bootstrap_of_passages_has_about_the_clustered_error() {
    for row in rows(&EXPECTED["paired"]) {
        let observations = differences(&contrast(row));
        let error = ClusteredMean::of(&observations).expect("items").cr0;
        let drawn = clustered(&observations, 0.95, Draws { draws: 4000, seed: 1 }).expect("passages");
        // CR0 is the linear term of what is drawn; 4,000 draws move an error by one part in ninety.
        assert!((drawn.standard_error / error - 1.0).abs() < 0.06, "{} {error} {row}", drawn.standard_error);
    }
}

#[test]
fn p_values_are_adjusted_as_in_statsmodels() {
    let is_tuning = |row: &&'static Value| row["contrast"] == "ft_direct";
    let p: Vec<f64> = rows(&EXPECTED["paired"])
        .iter()
        .filter(is_tuning)
        .map(|row| Paired::of(&contrast(row)).expect("items").mcnemar_exact())
        .collect();
    reproduces(
        &EXPECTED["multiplicity"],
        &[
            exact("holm", holm(&p)),
            exact("bh", benjamini_hochberg(&p)),
            exact("by", benjamini_yekutieli(&p)),
            exact("bonferroni", bonferroni(&p)),
            exact("p", p),
        ],
    );
}
