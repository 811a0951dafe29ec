//! Laplace's approximation of the likelihood of a mixed model, and its gradient.

use super::super::linear::dot;
use super::blocks::{Blocks, Factor, Inverse};
use super::rows::{Row, Rows};

/// −2 log-likelihood as a function of (σ of each factor in the order of [`Rows::order`], β). It is even in each σ, so that a
/// minimum at σ = 0 is like any other.
#[derive(Debug)]
pub(super) struct Deviance<'a> {
    rows: &'a Rows,
    /// The place, among the factors after the first, of each number in the rest.
    factor_of_rest: Vec<usize>,
    point: Vec<f64>,
    /// The modes û at the last point: where the next search for them starts.
    modes: Modes,
    at_mode: Option<AtMode>,
    evaluations: usize,
}

/// Standard normal numbers of the levels.
#[derive(Debug, Clone)]
struct Modes {
    first: Vec<f64>,
    rest: Vec<f64>,
}

/// What is known where the modes have been found.
#[derive(Debug)]
struct AtMode {
    factor: Factor,
    sums: Sums,
}

/// What one walk over the answers gives, at some modes.
#[derive(Debug)]
struct Sums {
    /// −2 log P(y | u) + uᵀu.
    penalised: f64,
    /// A.
    blocks: Blocks,
    /// Zᵀ(y − p) of each level.
    pull: Modes,
    /// p of each answer.
    probabilities: Vec<f64>,
}

const ITERATIONS: usize = 100;

/// Newton's decrement at which the modes are taken for found. The determinant is off by the root of it, not by its square, and differences of
/// deviances over steps of 1e-4 must still be good.
const SETTLED: f64 = 1e-20;

impl<'a> Deviance<'a> {
    pub(super) fn new(rows: &'a Rows) -> Self {
        let modes = Modes { first: vec![0.0; rows.firsts()], rest: vec![0.0; rows.rests()] };
        let factor_of_rest = rows.factors_of_rest();
        Self { rows, factor_of_rest, point: Vec::new(), modes, at_mode: None, evaluations: 0 }
    }

    /// How often a value was asked for.
    pub(super) fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// The deviance at a point; infinite where the modes are not found.
    pub(super) fn value(&mut self, point: &[f64]) -> f64 {
        self.point = point.to_vec();
        self.evaluations += 1;
        self.at_mode = None;
        let mut here = self.sums(&self.modes);
        for _ in 0..ITERATIONS {
            let factor = here.blocks.factor(self.rows);
            let slope = self.slope(&here.pull);
            let mut step = slope.clone();
            factor.solve(self.rows, &mut step.first, &mut step.rest);
            let decrement = dot(&slope.first, &step.first) + dot(&slope.rest, &step.rest);
            if !decrement.is_finite() {
                return f64::INFINITY;
            }
            if decrement < SETTLED {
                let deviance = here.penalised + factor.log_determinant();
                self.at_mode = Some(AtMode { factor, sums: here });
                return deviance;
            }
            let Some(there) = self.move_modes(&step, here.penalised) else { return f64::INFINITY };
            here = there;
        }
        f64::INFINITY
    }

    /// The gradient at the last point; empty where its modes were not found.
    ///
    /// With h = diag(ZΛA⁻¹ΛZᵀ), c = h·p(1−p)(1−2p), t = A⁻¹ΛZᵀc and r = −2(y − p) + c − W·ZΛt, the derivative by β is Xᵀr,
    /// and by σ_f it is rᵀZ_f u_f + t_fᵀZ_fᵀ(y − p) + (2/σ_f)·Σ_{j∈f}(1 − A⁻¹_jj): the direct terms and, through the mode, the
    /// implicit ones.
    pub(super) fn gradient(&mut self) -> Vec<f64> {
        let Some(AtMode { factor, sums: Sums { pull, probabilities, .. } }) = &self.at_mode else { return Vec::new() };
        let rows = self.rows;
        let sigmas = self.sigmas();
        let inverse = factor.inverse(rows);
        let mut moved = self.modes.zeros();
        let mut curves = Vec::with_capacity(probabilities.len());
        for (row, &probability) in rows.iter().zip(probabilities) {
            let variance = leverage(row, &inverse, &sigmas, rows.rests());
            let curve = variance * probability * (1.0 - probability) * (1.0 - 2.0 * probability);
            curves.push(curve);
            moved.add(row, curve);
        }
        self.scale(&mut moved);
        factor.solve(rows, &mut moved.first, &mut moved.rest);

        let mut by_pattern = vec![0.0; rows.pattern_count()];
        let mut by_level = self.modes.zeros();
        for ((row, &probability), curve) in rows.iter().zip(probabilities).zip(curves) {
            let error = f64::from(u8::from(row.right)) - probability;
            let weight = probability * (1.0 - probability);
            let residual = curve - 2.0 * error - weight * self.random(row, &moved);
            by_pattern[row.pattern] += residual;
            by_level.add(row, residual);
        }
        let mut gradient = vec![0.0; rows.order().len()];
        let mut add = |factor: usize, sigma: f64, [residual, mode, moved, pull, diagonal]: [f64; 5]| {
            // At σ = 0 a level's block of A is the identity, and the last term has the limit 0.
            let spread = if sigma == 0.0 { 0.0 } else { 2.0 / sigma * (1.0 - diagonal) };
            gradient[factor] += residual * mode + moved * pull + spread;
        };
        for level in 0..rows.firsts() {
            let of = [&by_level, &self.modes, &moved, pull].map(|levels| levels.first[level]);
            add(0, sigmas[0], [of[0], of[1], of[2], of[3], inverse.first[level]]);
        }
        for (level, &other) in self.factor_of_rest.iter().enumerate() {
            let of = [&by_level, &self.modes, &moved, pull].map(|levels| levels.rest[level]);
            let diagonal = inverse.rest[level * rows.rests() + level];
            add(other + 1, sigmas[other + 1], [of[0], of[1], of[2], of[3], diagonal]);
        }
        gradient.extend(rows.transposed(&by_pattern));
        gradient
    }

    fn sigmas(&self) -> Vec<f64> {
        self.point[..self.rows.order().len()].to_vec()
    }

    /// zΛ of these numbers, for an answer.
    fn random(&self, row: Row, of: &Modes) -> f64 {
        let rest = row.rest.iter().zip(&self.point[1..]);
        self.point[0] * of.first[row.first] + rest.map(|(&number, sigma)| sigma * of.rest[number as usize]).sum::<f64>()
    }

    /// Half the negative gradient of the penalised likelihood: ΛZᵀ(y − p) − u.
    fn slope(&self, pull: &Modes) -> Modes {
        let mut slope = pull.clone();
        self.scale(&mut slope);
        slope.first.iter_mut().zip(&self.modes.first).for_each(|(slope, mode)| *slope -= mode);
        slope.rest.iter_mut().zip(&self.modes.rest).for_each(|(slope, mode)| *slope -= mode);
        slope
    }

    /// Multiplies each level's number by the σ of its factor.
    fn scale(&self, levels: &mut Modes) {
        levels.first.iter_mut().for_each(|value| *value *= self.point[0]);
        let rest = levels.rest.iter_mut().zip(&self.factor_of_rest);
        rest.for_each(|(value, &other)| *value *= self.point[other + 1]);
    }

    /// Moves the modes by a step, or the longest of its halves that does not raise the penalised deviance; gives the sums there.
    fn move_modes(&mut self, step: &Modes, here: f64) -> Option<Sums> {
        let mut length = 1.0;
        while length > 1e-6 {
            let modes = self.modes.moved(length, step);
            let there = self.sums(&modes);
            // Close to the mode values differ by rounding alone.
            if there.penalised <= here + 1e-12 * here.abs() {
                self.modes = modes;
                return Some(there);
            }
            length /= 2.0;
        }
        None
    }

    fn sums(&self, modes: &Modes) -> Sums {
        let rows = self.rows;
        let size = rows.rests();
        let fixed = rows.fixed(&self.point[rows.order().len()..]);
        let sigmas = self.sigmas();
        let mut blocks = Blocks::zeros(rows);
        let mut pull = modes.zeros();
        let mut probabilities = Vec::with_capacity(rows.count());
        let mut likelihood = Product::default();
        for row in rows.iter() {
            let probability = probability(fixed[row.pattern] + self.random(row, modes));
            let weight = probability * (1.0 - probability);
            likelihood.times(if row.right { probability } else { 1.0 - probability });
            pull.add(row, f64::from(u8::from(row.right)) - probability);
            blocks.first[row.first] += weight;
            for (&slot, sigma) in row.slots.iter().zip(&sigmas[1..]) {
                blocks.pairs[slot as usize] += sigmas[0] * sigma * weight;
            }
            for (at, (&one, sigma)) in row.rest.iter().zip(&sigmas[1..]).enumerate() {
                let line = &mut blocks.rest[one as usize * size..(one as usize + 1) * size];
                for (&other, second) in row.rest[at..].iter().zip(&sigmas[1 + at..]) {
                    line[other as usize] += sigma * second * weight;
                }
            }
            probabilities.push(probability);
        }
        blocks.first.iter_mut().for_each(|value| *value = *value * sigmas[0] * sigmas[0] + 1.0);
        (0..size).for_each(|at| blocks.rest[at * size + at] += 1.0);
        let penalty = dot(&modes.first, &modes.first) + dot(&modes.rest, &modes.rest);
        Sums { penalised: -2.0 * likelihood.logarithm() + penalty, blocks, pull, probabilities }
    }
}

/// A product of many probabilities. Of hundreds of thousands of answers the logarithms would cost as much as all the rest.
#[derive(Debug)]
struct Product {
    logarithm: f64,
    rest: f64,
}

impl Default for Product {
    fn default() -> Self {
        Self { logarithm: 0.0, rest: 1.0 }
    }
}

impl Product {
    fn times(&mut self, probability: f64) {
        self.rest *= probability;
        if self.rest < 1e-200 {
            self.logarithm += self.rest.ln();
            self.rest = 1.0;
        }
    }

    fn logarithm(&self) -> f64 {
        self.logarithm + self.rest.ln()
    }
}

/// 1 / (1 + exp(−logit)). Beyond ±37 it is 0 or 1 and the other outcome has no logarithm; separated answers end there, and the value is
/// infinite.
fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

impl Modes {
    fn zeros(&self) -> Self {
        Self { first: vec![0.0; self.first.len()], rest: vec![0.0; self.rest.len()] }
    }

    /// Adds a value to every level of an answer.
    fn add(&mut self, row: Row, value: f64) {
        self.first[row.first] += value;
        row.rest.iter().for_each(|&number| self.rest[number as usize] += value);
    }

    fn moved(&self, length: f64, step: &Self) -> Self {
        let move_by =
            |from: &[f64], step: &[f64]| from.iter().zip(step).map(|(from, step)| from + length * step).collect();
        Self { first: move_by(&self.first, &step.first), rest: move_by(&self.rest, &step.rest) }
    }
}

/// zΛA⁻¹Λz of an answer: the variance of its random part.
fn leverage(row: Row, inverse: &Inverse, sigmas: &[f64], size: usize) -> f64 {
    let mut variance = sigmas[0] * sigmas[0] * inverse.first[row.first];
    for ((&one, &slot), sigma) in row.rest.iter().zip(row.slots).zip(&sigmas[1..]) {
        let line = &inverse.rest[one as usize * size..(one as usize + 1) * size];
        let within: f64 = row.rest.iter().zip(&sigmas[1..]).map(|(&other, second)| second * line[other as usize]).sum();
        variance += sigma * (2.0 * sigmas[0] * inverse.pairs[slot as usize] + within);
    }
    variance
}
