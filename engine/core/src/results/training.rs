//! How an adapter was trained: the steps of its log, and what stands out of them.

use crate::plan::TrainedAdapter;
use crate::training::log::{Entry, Head, Log};

/// How much a step counts in the smoothed loss beside the next one.
pub const SMOOTHING: f64 = 0.9;

/// One training.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Which.
    pub of: TrainedAdapter,
    /// What was trained.
    pub head: Head,
    /// Its steps, from 0 on without a gap.
    pub curve: Vec<Point>,
    /// What stands out of them; `None` if no step was taken.
    pub summary: Option<TrainingSummary>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// As it was logged.
    pub step: Entry,
    /// The loss up to here, smoothed, in nats.
    ///
    /// With x the losses and b = [`SMOOTHING`], the weighted mean sₜ = Σᵢ bᵗ⁻ⁱ xᵢ / Σᵢ bᵗ⁻ⁱ over the steps i = 0 … t: an exponential moving
    /// average without the bias that starting at 0 gives it. Kingma, D. P. & Ba, J. (2015), *ICLR*, section 3.
    pub smoothed: f64,
}

/// What stands out of the steps of a training. Losses are in nats a token that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSummary {
    /// Tokens read in all steps, padding aside.
    pub tokens: u64,
    /// Of these, tokens that were asked for.
    pub answer_tokens: u64,
    /// Loss of the first step, which is that of the model as it was.
    pub first_loss: f64,
    /// Loss of the last step, before it was taken.
    pub last_loss: f64,
    /// The smoothed loss at the last step.
    pub smoothed_loss: f64,
    /// The lowest loss of a step.
    pub lowest_loss: f64,
    /// Number of that step, from 0; of several the first.
    pub lowest_step: u64,
    /// The highest learning rate.
    pub highest_lr: f64,
    /// The greatest norm of a gradient, before it was cut.
    pub greatest_gradient_norm: f64,
}

impl Training {
    /// From its log.
    #[must_use]
    pub fn new(of: TrainedAdapter, Log { head, steps }: Log) -> Self {
        let curve = curve(steps);
        Self { of, head, summary: summary(&curve), curve }
    }
}

fn curve(steps: Vec<Entry>) -> Vec<Point> {
    let (mut smoothed, mut weight) = (0.0, 0.0);
    let mut point = |step: Entry| {
        weight = SMOOTHING * weight + 1.0;
        // The same weighted mean, from the one before.
        smoothed += (step.loss - smoothed) / weight;
        Point { step, smoothed }
    };
    steps.into_iter().map(&mut point).collect()
}

fn summary(curve: &[Point]) -> Option<TrainingSummary> {
    let (first, last) = (curve.first()?, curve.last()?);
    let lowest = curve.iter().min_by(|a, b| a.step.loss.total_cmp(&b.step.loss))?;
    let sum = |of: fn(&Entry) -> u64| curve.iter().fold(0_u64, |sum, point| sum.saturating_add(of(&point.step)));
    let greatest = |of: fn(&Entry) -> f64| curve.iter().map(|point| of(&point.step)).fold(0.0, f64::max);
    Some(TrainingSummary {
        tokens: sum(|step| step.tokens),
        answer_tokens: sum(|step| step.answer_tokens),
        first_loss: first.step.loss,
        last_loss: last.step.loss,
        smoothed_loss: last.smoothed,
        lowest_loss: lowest.step.loss,
        lowest_step: lowest.step.step,
        highest_lr: greatest(|step| step.lr),
        greatest_gradient_norm: greatest(|step| step.gradient_norm),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training(losses: &[f64]) -> Training {
        let head = Head {
            targets: Vec::new(),
            trainable: 1,
            parameters: 1,
            share: 1.0,
            examples: 4,
            window: 8,
            padding: 0.0,
            steps: losses.len() as u64,
        };
        let step = |(step, &loss): (usize, &f64)| Entry {
            step: step as u64,
            epoch: 0,
            loss,
            lr: if step == 1 { 2e-4 } else { 1e-4 },
            gradient_norm: if step == 1 { 3.0 } else { 0.5 },
            tokens: 10,
            answer_tokens: 2,
            examples: 1,
        };
        let of = TrainedAdapter { model: "m".to_owned(), adapter: "a".to_owned(), seed: 1 };
        Training::new(of, Log { head, steps: losses.iter().enumerate().map(step).collect() })
    }

    #[test]
    fn what_stands_out_is_first_last_lowest_highest_and_in_all() {
        let training = training(&[3.0, 1.0, 0.5, 0.5, 2.0]);
        let smoothed = training.curve[4].smoothed;
        let expected = TrainingSummary {
            tokens: 50,
            answer_tokens: 10,
            first_loss: 3.0,
            last_loss: 2.0,
            smoothed_loss: smoothed,
            lowest_loss: 0.5,
            lowest_step: 2,
            highest_lr: 2e-4,
            greatest_gradient_norm: 3.0,
        };
        assert_eq!(training.summary, Some(expected));
        assert_eq!(training.curve.iter().map(|point| point.step.step).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_smoothed_loss_is_the_mean_of_the_steps_before_each_counting_nine_tenths_of_the_next() {
        let losses = [3.0, 1.0, 2.0];
        let smoothed: Vec<f64> = training(&losses).curve.iter().map(|point| point.smoothed).collect();
        let mean = [3.0, (0.9 * 3.0 + 1.0) / 1.9, (0.81 * 3.0 + 0.9 * 1.0 + 2.0) / 2.71];
        for (smoothed, mean) in smoothed.iter().zip(mean) {
            assert!((smoothed - mean).abs() < 1e-12, "{smoothed} {mean}");
        }
        assert!(training(&[1.25; 50]).curve.iter().all(|point| point.smoothed == 1.25), "no bias towards 0 at first");
    }

    #[test]
    fn nothing_stands_out_of_no_step() {
        assert_eq!(training(&[]).summary, None);
    }
}
