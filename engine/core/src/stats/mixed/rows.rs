//! The answers of a mixed model, in the shape in which its likelihood is summed.

use super::super::design::{Clusters, Design, FitError};
use super::super::linear::dot;
use std::collections::BTreeMap;

/// Answers with their covariates and levels. The factor with the most levels comes first; the levels of all others are numbered through,
/// as the "rest".
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// Distinct rows of the design: few, as covariates are of conditions and languages.
    patterns: Vec<Vec<f64>>,
    pattern: Vec<u32>,
    right: Vec<bool>,
    /// Which factor as given is at each place.
    order: Vec<usize>,
    /// Level of the first factor, for each answer.
    first: Vec<u32>,
    firsts: usize,
    /// For each other factor, its first number in the rest.
    starts: Vec<usize>,
    rests: usize,
    /// Numbers in the rest, for each answer one of each other factor.
    rest: Vec<u32>,
    /// Places in [`Rows::met`] of these.
    slots: Vec<u32>,
    /// The numbers of the rest that a level of the first factor meets, in order, one level after the other.
    met: Vec<u32>,
    /// Where each level's part of `met` starts, and where the last ends.
    met_starts: Vec<usize>,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) pattern: usize,
    pub(super) right: bool,
    /// Level of the first factor.
    pub(super) first: usize,
    /// Its numbers in the rest.
    pub(super) rest: &'a [u32],
    /// Places of the pairs (first, rest) among all that occur.
    pub(super) slots: &'a [u32],
}

impl Rows {
    pub(super) fn new(design: &Design, response: &[bool], intercepts: &[Clusters]) -> Result<Self, FitError> {
        for factor in intercepts {
            design.check("levels of a factor", factor.of().len())?;
        }
        let mut order: Vec<usize> = (0..intercepts.len()).collect();
        order.sort_by_key(|&factor| std::cmp::Reverse(intercepts[factor].count()));
        let (&largest, others) = order.split_first().ok_or(FitError::OneCluster)?;
        if intercepts.iter().any(|factor| factor.count() < 2) {
            return Err(FitError::OneCluster);
        }
        let mut starts = Vec::new();
        let mut rests = 0;
        for &factor in others {
            starts.push(rests);
            rests += intercepts[factor].count();
        }
        let number =
            |row: usize| others.iter().zip(&starts).map(move |(&factor, start)| start + intercepts[factor].of()[row]);
        let rest: Vec<u32> = (0..response.len()).flat_map(|row| number(row).map(|number| number as u32)).collect();
        let first: Vec<u32> = intercepts[largest].of().iter().map(|&level| level as u32).collect();
        let firsts = intercepts[largest].count();
        let Met { met, met_starts, slots } = Met::of(&first, firsts, &rest, others.len());
        let (patterns, pattern) = patterns(design);
        let right = response.to_vec();
        Ok(Self { patterns, pattern, right, order, first, firsts, starts, rests, rest, slots, met, met_starts })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let others = self.starts.len();
        (0..self.right.len()).map(move |row| Row {
            pattern: self.pattern[row] as usize,
            right: self.right[row],
            first: self.first[row] as usize,
            rest: &self.rest[row * others..(row + 1) * others],
            slots: &self.slots[row * others..(row + 1) * others],
        })
    }

    /// Number of answers.
    pub(super) fn count(&self) -> usize {
        self.right.len()
    }

    /// Which factor as given is at each place.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Levels of the factor at a place.
    pub(super) fn level_count(&self, place: usize) -> usize {
        match place {
            0 => self.firsts,
            _ => self.starts.get(place).copied().unwrap_or(self.rests) - self.starts[place - 1],
        }
    }

    /// Levels of the first factor.
    pub(super) fn firsts(&self) -> usize {
        self.firsts
    }

    /// Levels of all other factors together.
    pub(super) fn rests(&self) -> usize {
        self.rests
    }

    /// The place of the factor, among the others, of each number in the rest.
    pub(super) fn factors_of_rest(&self) -> Vec<usize> {
        (0..self.starts.len()).flat_map(|other| std::iter::repeat_n(other, self.level_count(other + 1))).collect()
    }

    /// What a level of the first factor meets: the places of its pairs, and their numbers in the rest.
    pub(super) fn met(&self, first: usize) -> (std::ops::Range<usize>, &[u32]) {
        let range = self.met_starts[first]..self.met_starts[first + 1];
        (range.clone(), &self.met[range])
    }

    /// Number of pairs that occur.
    pub(super) fn pairs(&self) -> usize {
        self.met.len()
    }

    /// Xβ of each pattern.
    pub(super) fn fixed(&self, coefficients: &[f64]) -> Vec<f64> {
        self.patterns.iter().map(|pattern| dot(pattern, coefficients)).collect()
    }

    /// Xᵀv, with the v of the answers summed for each pattern.
    pub(super) fn transposed(&self, sums: &[f64]) -> Vec<f64> {
        let columns = self.patterns.first().map_or(0, Vec::len);
        let column = |column: usize| self.patterns.iter().zip(sums).map(|(pattern, sum)| pattern[column] * sum).sum();
        (0..columns).map(column).collect()
    }

    /// Number of patterns.
    pub(super) fn pattern_count(&self) -> usize {
        self.patterns.len()
    }
}

struct Met {
    met: Vec<u32>,
    met_starts: Vec<usize>,
    slots: Vec<u32>,
}

impl Met {
    fn of(first: &[u32], firsts: usize, rest: &[u32], others: usize) -> Self {
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); firsts];
        for (row, &level) in first.iter().enumerate() {
            lists[level as usize].extend(&rest[row * others..(row + 1) * others]);
        }
        let mut met_starts = vec![0];
        for list in &mut lists {
            list.sort_unstable();
            list.dedup();
            met_starts.push(met_starts[met_starts.len() - 1] + list.len());
        }
        let mut slots = Vec::with_capacity(rest.len());
        for (row, &level) in first.iter().enumerate() {
            let level = level as usize;
            let place = |number: &u32| met_starts[level] + lists[level].partition_point(|met| met < number);
            slots.extend(rest[row * others..(row + 1) * others].iter().map(|number| place(number) as u32));
        }
        Self { met: lists.concat(), met_starts, slots }
    }
}

fn patterns(design: &Design) -> (Vec<Vec<f64>>, Vec<u32>) {
    let mut numbers: BTreeMap<Vec<u64>, u32> = BTreeMap::new();
    let mut patterns = Vec::new();
    let mut pattern = Vec::with_capacity(design.rows());
    for row in design.iter() {
        let bits = row.iter().map(|value| value.to_bits()).collect();
        let number = *numbers.entry(bits).or_insert_with(|| {
            patterns.push(row.to_vec());
            patterns.len() as u32 - 1
        });
        pattern.push(number);
    }
    (patterns, pattern)
}
