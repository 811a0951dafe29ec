//! How resampling draws: seeded, the same on every machine, and saying how much was drawn.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a resampling test looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draws {
    /// All there are, so many: the p is exact and depends on no seed.
    All(u64),
    /// So many of more.
    Sampled(u64),
}

/// Numbers drawn from a seed: ChaCha with 8 rounds.
#[derive(Debug, Clone)]
pub struct Generator(ChaCha8Rng);

impl Generator {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`, which must not be 0: the high half of bound × 2⁶⁴ u. Its bias is below bound / 2⁶⁴.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A number from 0 to below 1, of 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Brings the values into an order drawn from all orders (Fisher & Yates; Durstenfeld 1964, algorithm 235).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.below(last + 1);
            values.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_drawn_about_as_often() {
        let mut generator = Generator::new(3);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            let mut values = [1, 2, 3];
            generator.shuffle(&mut values);
            *counts.entry(values).or_insert(0) += 1;
        }
        assert!(counts.len() == 6 && counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_seed_draws_what_it_always_drew() {
        let mut generator = Generator::new(42);
        let drawn: Vec<usize> = (0..6).map(|_| generator.below(1000)).collect();
        assert_eq!(drawn, [681, 950, 427, 627, 288, 149]);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&generator.uniform())));
    }
}
