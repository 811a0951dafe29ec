//! Labels: which are preferred, and what of a gain comes from giving one at all.

use crate::items::{CELLS, Cell, EXPECTED, QUESTIONS, approximate, exact, reproduces, rows, text};
use xlt_core::stats::decomposition::{Decomposition, Validity};
use xlt_core::stats::position::{Choice, PositionBias};

/// What a model chose in all languages.
fn choices(model: &str, phase: &str, mode: &str) -> Vec<Choice> {
    let is = |cell: &&Cell| [&*cell.model, &cell.phase, &cell.mode] == [model, phase, mode];
    let of = |cell: &Cell| {
        let choice = |(predicted, gold)| Choice { gold, predicted };
        cell.predictions().into_iter().zip(QUESTIONS.iter().map(|item| item.gold)).map(choice).collect::<Vec<_>>()
    };
    CELLS.iter().filter(is).flat_map(of).collect()
}

#[test]
fn position_bias_is_as_in_scipy() {
    for row in rows(&EXPECTED["position_bias"]) {
        let [model, phase, mode] = ["model", "phase", "mode"].map(|key| text(&row[key]));
        let found = PositionBias::of(&choices(model, phase, mode), 4).expect("answers");
        let preference = found.preference.expect("valid answers");
        let against_gold = preference.against_gold.expect("every label is gold");
        let recalls = |recalls: &[Option<f64>]| recalls.iter().copied().collect::<Option<Vec<f64>>>();
        let percent = |deviation: Option<f64>| deviation.map(|deviation| 100.0 * deviation);
        reproduces(
            row,
            &[
                exact("n", found.items),
                exact("invalid", found.invalid),
                exact("invalid_rate", found.invalid_rate()),
                exact("pred_counts", &found.predicted[..]),
                exact("gold_counts_valid", &found.gold[..]),
                exact("recall_all", recalls(&found.recall)),
                exact("recall_valid", recalls(&found.recall_of_valid)),
                exact("rstd_all_pct", percent(found.recall_deviation)),
                exact("rstd_valid_pct", percent(found.recall_deviation_of_valid)),
                exact("chi2_vs_gold", against_gold.statistic),
                approximate("chi2_vs_gold_p", against_gold.p),
                exact("chi2_vs_uniform", preference.against_uniform.statistic),
                approximate("chi2_vs_uniform_p", preference.against_uniform.p),
                exact("tvd_pred_gold", preference.total_variation),
                exact("kl_pred_gold", preference.divergence),
                exact("entropy_bits", preference.entropy),
                exact("acc", found.accuracy()),
                exact("acc_given_valid", found.accuracy_of_valid()),
                exact("kappa", preference.kappa),
            ],
        );
        assert_eq!(against_gold.degrees, 3.0);
    }
}

#[test]
fn a_gain_has_the_parts_of_kitagawa() {
    for row in rows(&EXPECTED["gain_decomposition"]) {
        let validity = |phase| {
            let choices = choices(text(&row["model"]), phase, "direct");
            let count = |of: fn(&Choice) -> bool| choices.iter().filter(|choice| of(choice)).count() as u64;
            let valid = count(|choice| choice.predicted.is_some());
            Validity::new(choices.len() as u64, valid, count(|choice| choice.predicted == Some(choice.gold)))
        };
        let (before, after) = (validity("base").expect("valid answers"), validity("ft").expect("valid answers"));
        let found = Decomposition::of(before, after);
        reproduces(
            row,
            &[exact("gain", found.gain), exact("format_part", found.format), exact("content_part", found.content)],
        );
    }
}
