use super::*;
use proptest::prelude::*;

fn paired(items: u64, gained: u64, lost: u64) -> Paired {
    Paired::new(items, gained, lost).expect("pairs")
}

/// The law by n convolutions, O(n²).
fn convolved(paired: Paired) -> Vec<f64> {
    let n = paired.items() as f64;
    let (gained, lost) = (paired.gained() as f64 / n, paired.lost() as f64 / n);
    let size = 2 * paired.items() as usize + 1;
    let mut law = vec![0.0; size];
    law[paired.items() as usize] = 1.0;
    for _ in 0..paired.items() {
        let at = |index: Option<usize>| index.and_then(|index| law.get(index)).copied().unwrap_or_default();
        let one = |s: usize| (1.0 - gained - lost) * law[s] + gained * at(s.checked_sub(1)) + lost * at(Some(s + 1));
        law = (0..size).map(one).collect();
    }
    law
}

fn observations(values: &[(f64, usize)]) -> Vec<Observation> {
    values.iter().map(|&(value, cluster)| Observation { value, cluster }).collect()
}

proptest! {
    #[test]
    fn the_closed_form_is_the_convolution(items in 1u64..60, changed in 0f64..=1.0, good in 0f64..=1.0) {
        let discordant = (changed * items as f64).round() as u64;
        let gained = (good * discordant as f64).round() as u64;
        let lost = discordant - gained;
        let paired = paired(items, gained, lost);
        for (closed, convolved) in paired.law().iter().zip(convolved(paired)) {
            prop_assert!((closed - convolved).abs() < 1e-12, "{closed} {convolved}");
        }
    }
}

#[test]
fn laws_of_many_items_add_up_to_one() {
    for (items, gained, lost) in [(900, 1, 1), (900, 450, 450), (900, 899, 1), (43_200, 5000, 3000), (43_200, 0, 7)] {
        let total: f64 = paired(items, gained, lost).law().iter().sum();
        assert!((total - 1.0).abs() < 1e-9, "{items} {gained} {lost}: {total}");
    }
}

#[test]
fn a_gain_without_variance_has_an_interval_of_a_point() {
    for (gained, lost, gain) in [(5, 0, 1.0), (0, 5, -1.0), (0, 0, 0.0)] {
        let Bootstrap { interval, standard_error, law } = paired(5, gained, lost).bootstrap(0.95);
        assert_eq!((interval, standard_error), (Interval { low: gain, high: gain }, 0.0));
        assert_eq!(law, Law::Exact);
    }
}

#[test]
fn levels_out_of_range_do_not_panic() {
    for level in [f64::NAN, -1.0, 0.0, 1.0, 2.0] {
        let Interval { low, high } = paired(4, 2, 1).bootstrap(level).interval;
        assert!((-1.0..=1.0).contains(&low) && low <= high && high <= 1.0, "{level}: {low} {high}");
    }
    // At level 1 the bounds are the least and the greatest that can be drawn.
    assert_eq!(paired(4, 2, 1).bootstrap(1.0).interval, Interval { low: -1.0, high: 1.0 });
}

#[test]
fn one_item_a_cluster_drawn_is_near_the_exact_law() {
    let change = |item| f64::from(item < 17) - f64::from((17..21).contains(&item));
    let values: Vec<_> = (0..48).map(|item| (change(item), item)).collect();
    let drawn = clustered(&observations(&values), 0.95, Draws { draws: 20_000, seed: 1 }).expect("clusters");
    let exact = paired(48, 17, 4).bootstrap(0.95);
    assert!((drawn.interval.low - exact.interval.low).abs() < 1.5 / 48.0, "{drawn:?}");
    assert!((drawn.interval.high - exact.interval.high).abs() < 1.5 / 48.0, "{drawn:?}");
    assert!((drawn.standard_error / exact.standard_error - 1.0).abs() < 0.02, "{drawn:?}");
}

#[test]
fn whole_clusters_are_drawn() {
    // Two clusters, 1 of one item and 0 of three: means are 0, 1/4 or 1, each with its chance of 1/4, 1/2, 1/4.
    let values = observations(&[(1.0, 0), (0.0, 1), (0.0, 1), (0.0, 1)]);
    let drawn = clustered(&values, 0.4, Draws { draws: 4000, seed: 5 }).expect("clusters");
    assert_eq!(drawn.interval, Interval { low: 0.25, high: 0.25 });
    assert_eq!(clustered(&values, 0.6, Draws { draws: 4000, seed: 5 }).expect("clusters").interval.high, 1.0);
    // Mean 3/8, mean square 9/32: variance 9/64.
    assert!((drawn.standard_error - 0.375).abs() < 0.01, "{drawn:?}");
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let values: Vec<_> = (0..40).map(|item| (f64::from(item % 3) - 1.0, item as usize / 2)).collect();
    let drawn = |seed| clustered(&observations(&values), 0.95, Draws { draws: 500, seed }).expect("clusters");
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7).standard_error, drawn(8).standard_error);
    // Pinned: a generator that changed would change every published interval.
    assert_eq!(drawn(7).standard_error.to_bits(), 4_590_914_389_988_967_639);
}

#[test]
fn what_cannot_be_drawn_is_none() {
    let draws = Draws { draws: 10, seed: 0 };
    assert_eq!(clustered(&[], 0.95, draws), None);
    assert_eq!(clustered(&observations(&[(1.0, 3), (0.0, 3)]), 0.95, draws), None);
    assert_eq!(clustered(&observations(&[(1.0, 3), (f64::NAN, 4)]), 0.95, draws), None);
    let two = observations(&[(1.0, 3), (0.0, 4)]);
    assert_eq!(clustered(&two, 0.95, Draws { draws: 0, seed: 0 }), None);
    assert!(clustered(&two, f64::NAN, draws).is_some());
}
