use super::*;
use proptest::prelude::*;

fn wilson(successes: u64, trials: u64) -> Interval {
    Proportion::new(successes, trials).expect("a proportion").wilson(0.95)
}

#[test]
fn wilson_as_published() {
    // Newcombe (1998), table I, method 3.
    for (successes, trials, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = wilson(successes, trials);
        assert!((interval.low - low).abs() < 5e-5, "{successes}/{trials}: {interval:?}");
        assert!((interval.high - high).abs() < 5e-5, "{successes}/{trials}: {interval:?}");
    }
}

#[test]
fn wilson_to_nine_digits() {
    // z = 1.959963984540054; for 0 of n the upper bound is z² / (n + z²).
    let z: f64 = 1.959_963_984_540_054;
    assert!((wilson(0, 20).high - z * z / (20.0 + z * z)).abs() < 1e-9);
    let half = 1.644_853_626_951_472_2_f64.powi(2);
    let ninety = Proportion::new(7, 7).expect("a proportion").wilson(0.9);
    assert!((ninety.low - 7.0 / (7.0 + half)).abs() < 1e-9);
    assert_eq!(ninety.high, 1.0);
}

#[test]
fn levels_out_of_range_do_not_panic() {
    for level in [f64::NAN, -1.0, 0.0, 1.0, 2.0] {
        let interval = Proportion::new(1, 2).expect("a proportion").wilson(level);
        assert!(interval.low <= 0.5 + 1e-9 && interval.high >= 0.5 - 1e-9, "{level}: {interval:?}");
    }
}

#[test]
fn a_proportion_has_trials_and_no_more_successes() {
    assert_eq!(Proportion::new(0, 0), None);
    assert_eq!(Proportion::new(2, 1), None);
    assert_eq!(Proportion::new(1, 4).map(Proportion::rate), Some(0.25));
}

#[test]
fn medians_and_means() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    assert_eq!(mean(&[]), None);
    assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
}

proptest! {
    #[test]
    fn intervals_contain_the_rate_and_mirror(trials in 1u64..2000, part in 0f64..=1.0) {
        let successes = (trials as f64 * part) as u64;
        let rate = successes as f64 / trials as f64;
        let (interval, mirrored) = (wilson(successes, trials), wilson(trials - successes, trials));
        prop_assert!(0.0 <= interval.low && interval.low <= rate + 1e-12);
        prop_assert!(rate - 1e-12 <= interval.high && interval.high <= 1.0);
        prop_assert!((interval.low + mirrored.high - 1.0).abs() < 1e-12);
    }
}
