//! The small, fast form of `cargo bench -p xlt-core --bench coverage`: bounds are four standard errors around what is promised.

use crate::seeds::{Trainings, held};
use crate::simulation::{BASELINES, World, coverage_rates, rejection_rates};

#[test]
fn intervals_hold_the_true_gain_as_often_as_they_promise() {
    for (of, found) in ["one language", "three languages"].iter().zip(coverage_rates(100, 600, 1)) {
        for (name, share) in [("bootstrap", found.bootstrap), ("clustered t", found.student)] {
            assert!((0.914..0.986).contains(&share), "{name} of {of}: {share}");
        }
    }
}

#[test]
fn intervals_of_several_seeds_hold_the_gain_of_other_seeds() {
    for seeds in [2, 4] {
        let found = held(Trainings { seeds, deviation: 0.06 }, 300);
        assert!(found.both >= 0.90 && found.items < found.both - 0.02, "{seeds} seeds: {found:?}");
    }
    let alike = held(Trainings { seeds: 3, deviation: 0.0 }, 300);
    assert!(alike.both >= 0.914 && alike.both >= alike.items, "{alike:?}");
}

#[test]
fn tests_over_languages_keep_their_level_and_the_published_regression_does_not() {
    let world =
        World { models: 7, languages: 16, items: 100, language_deviation: 0.05, difference: 0.0, baselines: BASELINES };
    let found = rejection_rates(world, 0.05, 300, 2);
    for (name, share) in [("permutation", found.permutation), ("wild", found.wild), ("Welch", found.welch)] {
        assert!((0.005..0.10).contains(&share), "{name}: {share}");
    }
    assert!(found.published > 0.15, "{found:?}");
    let other = rejection_rates(World { difference: 0.08, ..world }, 0.05, 60, 2);
    assert!(other.permutation > 0.5 && other.welch > 0.5 && other.wild > 0.5, "{other:?}");
}

#[test]
fn three_against_three_is_rejected_at_a_tenth() {
    let world =
        World { models: 7, languages: 6, items: 100, language_deviation: 0.03, difference: 0.0, baselines: BASELINES };
    let found = rejection_rates(world, 0.05, 400, 2);
    assert!((0.04..0.16).contains(&found.permutation), "{found:?}");
    assert!((0.005..0.09).contains(&found.welch), "{found:?}");
    assert!(found.clustered > found.welch, "why a clustered p from six languages is refused: {found:?}");
}
