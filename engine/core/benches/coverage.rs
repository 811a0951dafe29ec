//! Whether the intervals and tests that a report shows keep what they promise, on made-up studies of which the truth is known.
//!
//! `cargo bench -p xlt-core --bench coverage` prints coverage of 95 % intervals of a gain, and how often each test rejects that two groups of
//! languages gain alike where they do, and where they do not; `-- --quick` draws a tenth of the studies. The world is
//! described in `tests/stats/simulation.rs`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/stats/seeds.rs"]
mod seeds;
#[path = "../tests/stats/simulation.rs"]
mod simulation;

use seeds::{Trainings, held};
use simulation::{BASELINES, World, coverage_rates, rejection_rates};

const ITEMS: [usize; 2] = [100, 900];

fn main() {
    let studies = if std::env::args().any(|argument| argument == "--quick") { 200 } else { 2000 };
    println!("Coverage of 95 % intervals of a gain, {studies} studies, two items a passage; aimed at 93 to 97 %\n");
    println!("items  gain of        bootstrap over passages  clustered t");
    for items in ITEMS {
        for (of, found) in ["one language", "three languages"].iter().zip(coverage_rates(items, studies, 1)) {
            println!("{items:>5}  {of:<15} {:>22.1} % {:>10.1} %", 100.0 * found.bootstrap, 100.0 * found.student);
        }
    }
    println!("\nThe same with several seeds, whose gains have the deviation sd in points\n");
    println!("seeds  sd  items and seeds  items only");
    for seeds in [2, 3, 5] {
        for points in [0_u32, 3, 6] {
            let found = held(Trainings { seeds, deviation: f64::from(points) / 100.0 }, studies);
            println!("{seeds:>5} {points:>3} {:>14.1} % {:>9.1} %", 100.0 * found.both, 100.0 * found.items);
        }
    }
    for models in [7, 1] {
        println!("\nRejections where both groups gain alike, {models} models, {studies} studies; aimed at 3 to 7 %");
        table(World { models, ..WORLD }, studies);
    }
    println!("\nThe same where all languages have one baseline, 7 models");
    table(World { baselines: 0.0, ..WORLD }, studies / 4);
    println!("\nRejections where the related languages gain 5 points more, 7 models");
    table(World { difference: 0.05, ..WORLD }, studies / 4);
}

const WORLD: World =
    World { models: 7, languages: 6, items: 100, language_deviation: 0.0, difference: 0.0, baselines: BASELINES };

fn table(world: World, studies: usize) {
    println!("\nlanguages  items  sd  permutation   wild  Welch  Student  clustered (refused)  published");
    for languages in [6, 16] {
        for items in ITEMS {
            for points in [0_u32, 3, 5] {
                let world = World { languages, items, language_deviation: f64::from(points) / 100.0, ..world };
                // Every row draws for itself: luck is not shared.
                let seed = (languages * items) as u64 + u64::from(points);
                let found = rejection_rates(world, 0.05, studies, seed);
                let percent = |share: f64| format!("{:.1}", 100.0 * share);
                // Three against three cannot be rejected below 0.10.
                let at = if languages == 6 { " at 0.10" } else { "" };
                println!(
                    "{languages:>9}  {items:>5} {points:>3} {:>12} {:>6} {:>6} {:>8} {:>20} {:>10}",
                    percent(found.permutation) + at,
                    percent(found.wild),
                    percent(found.welch),
                    percent(found.student),
                    percent(found.clustered),
                    percent(found.published)
                );
            }
        }
    }
}
