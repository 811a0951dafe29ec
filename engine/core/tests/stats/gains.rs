//! Gains of units: against their baselines, and against each other.

use crate::items::{CELLS, EXPECTED, approximate, cell, exact, reproduces};
use crate::pairs::pairs;
use serde_json::Value;
use xlt_core::stats::baseline::BaselineAgainstGain;
use xlt_core::stats::correlation::{Associations, Point};
use xlt_core::stats::coupling::{Covariance, Disattenuated, GainAgainstGain, Trial, Unit};
use xlt_core::stats::mean;
use xlt_core::stats::paired::Pair;

/// Every model in every language, in the order of the cells.
fn units() -> Vec<[&'static str; 2]> {
    let mut units: Vec<_> = CELLS.iter().map(|cell| [&*cell.model, &*cell.language]).collect();
    units.dedup();
    assert_eq!(units.len(), 24);
    units
}

fn tuned() -> Vec<Vec<Pair>> {
    let pairs = |[model, language]: [&str; 2]| {
        pairs(cell(model, language, "base", "direct"), cell(model, language, "ft", "direct"))
    };
    units().into_iter().map(pairs).collect()
}

fn trials() -> Vec<Vec<Trial>> {
    let trials = |[model, language]: [&str; 2]| {
        let answers = [("base", "direct"), ("ft", "direct"), ("base", "cot")]
            .map(|(phase, mode)| cell(model, language, phase, mode).correct());
        (0..48)
            .map(|item| Trial { base: answers[0][item], tuned: answers[1][item], reasoned: answers[2][item] })
            .collect()
    };
    units().into_iter().map(trials).collect()
}

/// Fails unless three coefficients of the points are the reference values, and those `found` are them but for ties.
///
/// The reference values are of differences of rounded rates, as `points` are: two equal gains may differ in the last bit, which
/// decides their ranks. [`ranks`] has the coefficients of fractions.
#[track_caller]
fn associated(expected: &Value, points: &[Point], found: Associations) {
    let rounded = Associations::of(points).expect("they vary");
    for pearson in [rounded.pearson, found.pearson] {
        let values = [
            exact("pearson", pearson.r),
            approximate("pearson_p", pearson.test.p),
            exact("spearman", rounded.spearman),
            exact("kendall_tau_b", rounded.kendall),
        ];
        reproduces(expected, &values);
    }
}

/// Fails unless the coefficients of ranks are those of fractions, computed with Python's `fractions`.
#[track_caller]
fn ranks(found: Associations, spearman: f64, kendall: f64) {
    let close = (found.spearman - spearman).abs() < 1e-9 && (found.kendall - kendall).abs() < 1e-9;
    assert!(close, "{found:?} is not {spearman}, {kendall}");
}

/// The accuracy over items `from`, `from` + `step`, …
fn rate(correct: &[bool], from: usize, step: usize) -> f64 {
    let part: Vec<f64> = correct.iter().skip(from).step_by(step).map(|&correct| f64::from(correct)).collect();
    mean(&part).expect("items")
}

/// A point for each unit, from the answers of its base, tuned and reasoning cells.
fn points(point: impl Fn([&[bool]; 3]) -> (f64, f64)) -> Vec<Point> {
    let of = |[model, language]: [&str; 2]| {
        let [base, tuned, reasoned] = [("base", "direct"), ("ft", "direct"), ("base", "cot")]
            .map(|(phase, mode)| cell(model, language, phase, mode).correct());
        let (x, y) = point([&base, &tuned, &reasoned]);
        Point { x, y }
    };
    units().into_iter().map(of).collect()
}

#[test]
fn baseline_against_gain_is_as_in_scipy() {
    let expected = &EXPECTED["baseline_vs_gain"];
    let found = BaselineAgainstGain::of(&tuned()).expect("they vary");
    let all = |correct: &[bool]| rate(correct, 0, 1);
    let against = |baseline: fn(f64, f64) -> f64, gain: fn(f64, f64) -> f64| {
        points(|[base, tuned, _]| (baseline(all(base), all(tuned)), gain(all(base), all(tuned))))
    };
    let half = |parity| {
        points(|[base, tuned, _]| (rate(base, parity, 2), rate(tuned, 1 - parity, 2) - rate(base, 1 - parity, 2)))
    };
    let logit = |rate: f64| ((48.0 * rate + 0.5) / (48.0 - 48.0 * rate + 0.5)).ln();
    let logits = points(|[base, tuned, _]| (logit(all(base)), logit(all(tuned)) - logit(all(base))));
    let normalised = found.normalised.expect("none at the ceiling");
    let [even, odd] = [found.split_half.even_baseline, found.split_half.odd_baseline];
    associated(&expected["naive"], &against(|b, _| b, |b, a| a - b), found.naive);
    associated(&expected["oldham"], &against(|b, a| (a + b) / 2.0, |b, a| a - b), found.oldham);
    associated(&expected["split_half_even_base_odd_gain"], &half(0), even);
    associated(&expected["split_half_odd_base_even_gain"], &half(1), odd);
    let of_what_is_left = against(|b, _| b, |b, a| (a - b) / (1.0 - b));
    associated(&expected["normalised_gain_vs_base"], &of_what_is_left, normalised);
    associated(&expected["logit_gain_vs_logit_base"], &logits, found.logit);
    ranks(found.naive, -0.850_055_152_471_203_2, -0.684_215_361_367_084_8);
    ranks(found.oldham, -0.736_580_439_632_480_7, -0.550_246_710_480_020_8);
    ranks(even, -0.416_743_152_773_895_45, -0.304_477_382_624_729_56);
    ranks(odd, -0.576_813_846_184_355_8, -0.412_216_743_038_316);
    ranks(normalised, -0.584_860_606_609_802_2, -0.431_238_685_055_341);
    ranks(found.logit, -0.807_366_991_803_360_2, -0.627_374_617_316_355_1);
    reproduces(
        expected,
        &[
            exact("n", found.units as u64),
            exact("split_half_mean_pearson", found.split_half.mean_pearson()),
            approximate("pitman_morgan_t", found.pitman_morgan.test.statistic),
            exact("var_base", found.pitman_morgan.variance_before),
            exact("var_ft", found.pitman_morgan.variance_after),
        ],
    );
    reproduces(
        &expected["ols_ft_on_base"],
        &[exact("intercept", found.line.intercept), exact("slope", found.line.slope)],
    );
    let blomqvist = found.blomqvist.expect("not all is noise");
    reproduces(
        &expected["blomqvist"],
        &[
            exact("beta_obs", blomqvist.observed),
            exact("se2", blomqvist.error_variance),
            exact("s12", blomqvist.error_covariance),
            exact("lam", blomqvist.noise_share),
            exact("beta_independent", blomqvist.independent),
            exact("beta_paired", blomqvist.paired),
        ],
    );
}

#[test]
fn gain_against_gain_is_as_in_scipy() {
    let expected = &EXPECTED["cot_gain_vs_ft_gain"];
    let items = trials();
    let units: Vec<Unit<'_>> = items.iter().enumerate().map(|(at, items)| Unit { model: at / 8, items }).collect();
    let found = GainAgainstGain::of(&units).expect("they vary");
    assert_eq!(found.units, 24);
    let gains = |reasoned, tuned, step| {
        points(|[base, after, cot]| {
            let gain = |correct, from| rate(correct, from, step) - rate(base, from, step);
            (gain(cot, reasoned), gain(after, tuned))
        })
    };
    let all = gains(0, 0, 1);
    let model_mean = |units: &[Point]| {
        let of = |of: fn(&Point) -> f64| mean(&units.iter().map(of).collect::<Vec<_>>()).expect("units");
        Point { x: of(|point| point.x), y: of(|point| point.y) }
    };
    let models: Vec<Point> = all.chunks(8).map(model_mean).collect();
    let between = found.between_models.expect("three models");
    associated(&expected["naive"], &all, found.naive);
    associated(&expected["split_half_a"], &gains(0, 1, 2), found.split_half[0]);
    associated(&expected["split_half_b"], &gains(1, 0, 2), found.split_half[1]);
    associated(&expected["by_model_mean"], &models, between);
    ranks(found.naive, 0.746_820_790_412_981, 0.590_892_167_475_093_7);
    ranks(found.split_half[0], 0.214_333_998_237_050_07, 0.146_249_629_018_229_27);
    ranks(found.split_half[1], 0.202_506_856_174_673_54, 0.156_478_932_548_436_42);
    ranks(between, 1.0, 1.0);
    reproduces(expected, &[exact("partial_given_base", found.partial_given_base.map(|partial| partial.r))]);
    let difference = found.difference.expect("they differ");
    reproduces(
        &expected["ttest_cot_vs_ft_gain"],
        &[approximate("t", difference.statistic), approximate("p", difference.p)],
    );
    reproduces(&expected["within_model"], &[exact("pearson", found.within_models.map(|within| within.r))]);
    let z = found.split_half.map(|half| half.pearson.r.atanh());
    assert!((found.split_half_pearson().atanh() - f64::midpoint(z[0], z[1])).abs() < 1e-12);
}

#[test]
fn a_disattenuated_correlation_beyond_one_is_flagged() {
    let expected = &EXPECTED["cot_gain_vs_ft_gain"]["disattenuated"];
    let items = trials();
    let units: Vec<Unit<'_>> = items.iter().map(|items| Unit { model: 0, items }).collect();
    let found = GainAgainstGain::of(&units).expect("they vary");
    let Disattenuated::Outside(beyond) = found.disattenuated else { panic!("{:?}", found.disattenuated) };
    reproduces(
        expected,
        &[
            exact("corr_obs", found.naive.pearson.r),
            exact("corr_disattenuated", beyond),
            exact("share_of_cov_that_is_noise", found.noise_share()),
        ],
    );
    let matrix = |name: &str, Covariance { reasoned, both, tuned }| {
        for (row, values) in [[reasoned, both], [both, tuned]].into_iter().enumerate() {
            let expected = serde_json::json!({ "values": expected[name][row] });
            reproduces(&expected, &[exact("values", values.to_vec())]);
        }
    };
    matrix("cov_obs", found.observed);
    matrix("cov_noise", found.noise);
    matrix("cov_true", found.observed.less(found.noise));
}
