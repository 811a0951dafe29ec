//! What can be seen with so many items.

use crate::items::{EXPECTED, exact, reproduces, rows};
use xlt_core::stats::power::{PairedPlan, Rates, unpaired_error};

#[test]
fn smallest_effects_are_as_computed_elsewhere() {
    for row in rows(&EXPECTED["mde"]) {
        let items = row["n"].as_u64().expect("a count");
        let discordant = row["discordant_rate"].as_f64().expect("a rate");
        let effect = PairedPlan { items, discordant }.smallest_effect(Rates::USUAL);
        reproduces(row, &[exact("n", items), exact("discordant_rate", discordant), exact("mde_paired", effect)]);
    }
}

#[test]
fn the_error_of_one_accuracy_is_as_computed_elsewhere() {
    reproduces(&EXPECTED["mde"], &[exact("unpaired_se_900_p70", unpaired_error(0.7, 900))]);
}
