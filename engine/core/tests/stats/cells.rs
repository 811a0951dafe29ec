//! Accuracies, one cell at a time.

use crate::items::{CELLS, Cell, EXPECTED, QUESTIONS, approximate, cell, exact, reproduces, rows, text};
use serde_json::Value;
use xlt_core::stats::Proportion;
use xlt_core::stats::cluster::{ClusteredMean, Observation};

/// The cell that a row of reference values is of.
pub(crate) fn of(row: &'static Value) -> &'static Cell {
    let [model, language, phase, mode] = ["model", "lang", "phase", "mode"].map(|key| text(&row[key]));
    cell(model, language, phase, mode)
}

#[test]
fn every_cell_is_as_in_scipy_and_lm_eval_and_inspect() {
    let rows = rows(&EXPECTED["cells"]);
    assert_eq!(rows.len(), CELLS.len());
    for row in rows {
        let correct = of(row).correct();
        let successes = correct.iter().filter(|&&correct| correct).count() as u64;
        let score = Proportion::new(successes, correct.len() as u64).expect("items");
        let observation =
            |(&correct, item): (&bool, _)| Observation { value: f64::from(correct), cluster: passage(item) };
        let observations: Vec<_> = correct.iter().zip(QUESTIONS.iter()).map(observation).collect();
        let clustered = ClusteredMean::of(&observations).expect("items");
        assert_eq!((clustered.items, clustered.clusters), (48, 30));
        assert!((clustered.mean - score.rate()).abs() < 1e-15);
        reproduces(
            row,
            &[
                exact("n", score.trials()),
                exact("k", score.successes()),
                exact("acc", score.rate()),
                exact("stderr_lm_eval", score.standard_error()),
                exact("wilson95", score.wilson(0.95)),
                exact("clopper_pearson95", score.clopper_pearson(0.95)),
                exact("se_cluster_cr0", clustered.cr0),
                exact("se_cluster_cr1", clustered.cr1),
                exact("se_cluster_inspect", clustered.cr1),
                approximate("p_above_chance", score.above_chance(0.25)),
                exact("deff", clustered.design_effect),
            ],
        );
    }
}

fn passage(item: &crate::items::Question) -> usize {
    item.passage
}
