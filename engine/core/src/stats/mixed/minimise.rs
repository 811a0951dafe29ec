//! The search for the minimum of a deviance.

use super::super::design::FitError;
use super::super::linear::{Square, dot};
use super::deviance::Deviance;

/// Where the search ended.
pub(super) struct Minimum {
    pub(super) point: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) iterations: usize,
}

const ITERATIONS: usize = 200;

/// The search ends where a step promises less than this.
const PROMISE: f64 = 1e-10;

/// By BFGS, with a step that is halved until it keeps a ten-thousandth of its promise (Nocedal, J. & Wright, S. J. 2006, *Numerical
/// Optimization*, 2nd ed., algorithm 6.1). `inverse` is a guess of the inverse curvature.
pub(super) fn minimise(deviance: &mut Deviance, start: Vec<f64>, mut inverse: Square) -> Result<Minimum, FitError> {
    let value = deviance.value(&start);
    let mut here = Minimum { point: start, value, gradient: deviance.gradient(), iterations: 0 };
    while here.iterations < ITERATIONS && here.value.is_finite() {
        let step: Vec<f64> = inverse.times(&here.gradient).into_iter().map(|slope| -slope).collect();
        let promise = -dot(&step, &here.gradient);
        if promise < PROMISE {
            return Ok(here);
        }
        let Some(there) = downhill(deviance, &here, &step, promise) else { return Ok(here) };
        learn(&mut inverse, &here, &there);
        here = there;
    }
    Err(FitError::NotConverged { iterations: here.iterations })
}

/// `None` where no step is short enough: rounding is all that is left.
fn downhill(deviance: &mut Deviance, here: &Minimum, step: &[f64], promise: f64) -> Option<Minimum> {
    let mut length = 1.0;
    while length > 1e-10 {
        let point: Vec<f64> = here.point.iter().zip(step).map(|(from, step)| from + length * step).collect();
        let value = deviance.value(&point);
        if value <= here.value - 1e-4 * length * promise {
            return Some(Minimum { point, value, gradient: deviance.gradient(), iterations: here.iterations + 1 });
        }
        length /= 2.0;
    }
    None
}

/// The update of Broyden, Fletcher, Goldfarb and Shanno; left out where the curvature along the step is not positive.
fn learn(inverse: &mut Square, here: &Minimum, there: &Minimum) {
    let difference = |there: &[f64], here: &[f64]| -> Vec<f64> {
        there.iter().zip(here).map(|(there, here)| there - here).collect()
    };
    let (step, change) = (difference(&there.point, &here.point), difference(&there.gradient, &here.gradient));
    let curvature = dot(&step, &change);
    if curvature <= 0.0 {
        return;
    }
    let turned = inverse.times(&change);
    let weight = (1.0 + dot(&change, &turned) / curvature) / curvature;
    for (row, (&own, &own_turned)) in step.iter().zip(&turned).enumerate() {
        for (column, element) in inverse.row_mut(row).iter_mut().enumerate() {
            *element += weight * own * step[column] - (own_turned * step[column] + own * turned[column]) / curvature;
        }
    }
}
