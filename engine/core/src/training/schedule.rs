//! The learning rate of each step.

use crate::spec::{Optimizer, Schedule};
use std::f64::consts::PI;

/// The learning rate of a step, counted from 0, of so many steps in all.
///
/// The formulas are those of `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` (half a wave) and
/// `get_constant_schedule_with_warmup` in `transformers/optimization.py`, and the number of steps of the warm-up is that of
/// its `TrainingArguments.get_warmup_steps`: a share of all steps, rounded up. So the first step of a warm-up has the rate 0.
#[must_use]
pub fn learning_rate(optimizer: &Optimizer, step: u64, steps: u64) -> f64 {
    let (step, steps) = (step as f64, steps as f64);
    let warmup = (optimizer.warmup * steps).ceil();
    let factor = if step < warmup {
        step / warmup.max(1.0)
    } else {
        let rest = (steps - warmup).max(1.0);
        match optimizer.schedule {
            Schedule::Linear => ((steps - step) / rest).max(0.0),
            Schedule::Cosine => (0.5 * (1.0 + (PI * (step - warmup) / rest).cos())).max(0.0),
            Schedule::Constant => 1.0,
        }
    };
    optimizer.lr * factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn optimizer(schedule: Schedule, warmup: f64) -> Optimizer {
        Optimizer { lr: 2.0, schedule, warmup, weight_decay: 0.0, betas: [0.9, 0.999], epsilon: 1e-8, clip: None }
    }

    /// `expected` are the factors that the functions of transformers give, computed in Python.
    #[track_caller]
    fn check(schedule: Schedule, warmup: f64, expected: &[f64]) {
        let optimizer = optimizer(schedule, warmup);
        for (step, factor) in expected.iter().enumerate() {
            let rate = learning_rate(&optimizer, step as u64, expected.len() as u64);
            assert!((rate - 2.0 * factor).abs() < 1e-15, "step {step}: {rate}, not 2 x {factor}");
        }
    }

    #[test]
    fn linear_falls_to_zero_behind_the_last_step() {
        check(Schedule::Linear, 0.0, &[1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]);
        check(
            Schedule::Linear,
            0.25,
            &[
                0.0,
                0.3333333333333333,
                0.6666666666666666,
                1.0,
                0.8571428571428571,
                0.7142857142857143,
                0.5714285714285714,
                0.42857142857142855,
                0.2857142857142857,
                0.14285714285714285,
            ],
        );
    }

    #[test]
    fn cosine_falls_along_half_a_wave() {
        check(
            Schedule::Cosine,
            0.1,
            &[0.0, 1.0, 0.9330127018922194, 0.75, 0.5, 0.2500000000000001, 0.06698729810778065],
        );
        check(
            Schedule::Cosine,
            0.25,
            &[
                0.0,
                0.3333333333333333,
                0.6666666666666666,
                1.0,
                0.9504844339512095,
                0.8117449009293668,
                0.6112604669781572,
                0.38873953302184283,
                0.18825509907063326,
                0.04951556604879048,
            ],
        );
    }

    #[test]
    fn constant_stays_and_one_step_may_be_all_warm_up() {
        check(Schedule::Constant, 0.0, &[1.0, 1.0, 1.0]);
        check(Schedule::Constant, 0.5, &[0.0, 0.5, 1.0, 1.0]);
        check(Schedule::Linear, 0.5, &[0.0]);
        check(Schedule::Linear, 0.0, &[1.0]);
    }

    proptest! {
        #[test]
        fn no_rate_is_above_the_highest_or_below_zero(warmup in 0.0..1.0_f64, steps in 1_u64..500, at in 0.0..1.0_f64) {
            for schedule in [Schedule::Linear, Schedule::Cosine, Schedule::Constant] {
                let rate = learning_rate(&optimizer(schedule, warmup), (at * steps as f64) as u64, steps);
                prop_assert!((0.0..=2.0).contains(&rate), "{rate}");
            }
        }
    }
}
