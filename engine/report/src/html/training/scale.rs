//! Where numbers stand on the axes of a plot, in thousandths of its height or width.

/// Most distances between the ticks of an axis.
const MOST: f64 = 5.0;

/// Decades that the axis of learning rates has below the highest one.
pub(super) const DECADES: i32 = 3;

/// Numbers from 0 to the first that is not below the greatest value, at even distances of 1, 2 or 5 times a power of ten. Two at
/// least, six at most.
pub(super) fn ticks(greatest: f64) -> Vec<f64> {
    // As text: powers of ten are exact there, and no logarithm is rounded.
    let text = format!("{greatest:e}");
    let Some(exponent) = text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()) else {
        return vec![0.0, 1.0];
    };
    let at = |count: u64, (digit, exponent): (u64, i32)| format!("{}e{exponent}", count * digit).parse().unwrap_or(0.0);
    let distances = [(2, exponent - 1), (5, exponent - 1), (1, exponent), (2, exponent)];
    let fits = |&distance: &(u64, i32)| greatest > 0.0 && at(1, distance) * MOST >= greatest;
    let Some(distance) = distances.into_iter().find(fits) else { return vec![0.0, 1.0] };
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|&last| last < greatest) {
        ticks.push(at(ticks.len() as u64, distance));
    }
    ticks
}

/// How far down a value stands between the greatest of an axis and 0.
pub(super) fn down(value: f64, greatest: f64) -> u32 {
    if greatest > 0.0 { thousandths(1.0 - value / greatest) } else { 1000 }
}

/// How far down a learning rate stands on an axis of logarithms that ends [`DECADES`] below the highest; 0 and what is lower still
/// stand at its end.
pub(super) fn down_decades(rate: f64, highest: f64) -> u32 {
    if rate > 0.0 { thousandths((highest / rate).log10() / f64::from(DECADES)) } else { 1000 }
}

/// A share as a whole number; what is no number is 0.
pub(super) fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_greatest() {
        assert_eq!(ticks(1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(ticks(3.7), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks(0.23), [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]);
        assert_eq!(ticks(11.0), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(ticks(99.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
    }

    #[test]
    fn without_a_greatest_value_there_is_an_axis_all_the_same() {
        for greatest in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(ticks(greatest), [0.0, 1.0], "{greatest}");
        }
        assert!(ticks(f64::MAX).len() > 1 && ticks(f64::MIN_POSITIVE).len() > 1);
    }

    #[test]
    fn a_value_stands_between_top_and_bottom() {
        assert_eq!([4.0, 1.0, 0.0, 5.0].map(|value| down(value, 4.0)), [0, 750, 1000, 0]);
        assert_eq!((down(0.0, 0.0), down(f64::NAN, 1.0)), (1000, 0));
        assert_eq!([1e-3, 1e-4, 1e-6, 1e-9, 0.0].map(|rate| down_decades(rate, 1e-3)), [0, 333, 1000, 1000, 1000]);
    }
}
