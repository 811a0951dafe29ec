//! How large a change is, and how alike two are, without ever making the changes themselves.

use super::{Lora, Pair, PairShape};

impl Lora {
    /// What a pair's product is multiplied with: `alpha / rank`.
    #[must_use]
    pub fn scale(&self, pair: &Pair) -> f64 {
        f64::from(self.alpha) / pair.shape.rank as f64
    }
}

/// The inner product of two pairs' products, over all their experts: that of `B A` with itself is its squared Frobenius norm.
/// Only matrices of rank x rank are made, as `<B A, B' A'> = sum (B^T B') ∘ (A A'^T)`. `None` where the weights they change
/// are not of one shape.
pub(super) fn inner(one: &Pair, other: &Pair) -> Option<f64> {
    let PairShape { experts, rank, inputs, outputs } = one.shape;
    let other_rank = other.shape.rank;
    if (PairShape { rank, ..other.shape }) != one.shape {
        return None;
    }
    let mut sum = 0.0;
    for expert in 0..experts {
        let row = |rank: usize, row: usize| (expert * rank + row) * inputs..(expert * rank + row + 1) * inputs;
        let mut columns = vec![0.0; rank * other_rank];
        let (b, other_b) = (&one.b[expert * outputs * rank..], &other.b[expert * outputs * other_rank..]);
        for (b, other_b) in b.chunks_exact(rank).zip(other_b.chunks_exact(other_rank)).take(outputs) {
            for (row, b) in columns.chunks_exact_mut(other_rank).zip(b) {
                row.iter_mut().zip(other_b).for_each(|(sum, other)| *sum += f64::from(*b) * f64::from(*other));
            }
        }
        for (at, columns) in columns.iter().enumerate() {
            let (a, other_a) = (&one.a[row(rank, at / other_rank)], &other.a[row(other_rank, at % other_rank)]);
            sum += columns * a.iter().zip(other_a).map(|(a, other)| f64::from(*a) * f64::from(*other)).sum::<f64>();
        }
    }
    Some(sum)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]
mod tests {
    use super::*;

    fn pair(experts: usize, rank: usize, from: f32) -> Pair {
        let numbers = |count: usize| (0..count).map(|at| (at as f32 * from).sin()).collect();
        let shape = PairShape { experts, rank, inputs: 5, outputs: 4 };
        Pair { tensor: "x".to_owned(), shape, a: numbers(experts * rank * 5), b: numbers(experts * rank * 4) }
    }

    /// All numbers of the product.
    fn product(pair: &Pair) -> Vec<f64> {
        let PairShape { experts, rank, inputs, outputs } = pair.shape;
        let at = |expert: usize, row: usize, column: usize| {
            let term = |r| {
                f64::from(pair.b[(expert * outputs + row) * rank + r])
                    * f64::from(pair.a[(expert * rank + r) * inputs + column])
            };
            (0..rank).map(term).sum::<f64>()
        };
        (0..experts * outputs * inputs).map(|n| at(n / (outputs * inputs), n / inputs % outputs, n % inputs)).collect()
    }

    #[test]
    fn it_is_what_the_products_themselves_give() {
        for experts in [1, 3] {
            let (one, other) = (pair(experts, 2, 1.7), pair(experts, 3, 0.9));
            let expected: f64 = product(&one).iter().zip(product(&other)).map(|(one, other)| one * other).sum();
            assert!((inner(&one, &other).unwrap() - expected).abs() < 1e-12, "{expected}");
        }
    }

    #[test]
    fn changes_of_other_shapes_have_none() {
        assert_eq!(inner(&pair(1, 2, 1.0), &pair(2, 2, 1.0)), None);
    }
}
