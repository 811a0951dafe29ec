//! What the analysis found: its tables and plots, in the order in which they are read.

use super::scatter::scatter;
use super::sheet::sheet;
use crate::effects::{self, facts, scatter as plots};
use crate::sheet::Sheet;
use minijinja::{Value, context};
use xlt_core::provenance::Origin;
use xlt_core::results::Results;

/// Everything but claims and gains by cell; what there is nothing of is none.
pub(super) fn effects(results: &Results) -> Value {
    let of = |found: fn(&Results) -> Option<Sheet>| found(results).as_ref().map(sheet);
    let baselines = results.analysis.baseline.iter().map(|of| scatter(&plots::against_baseline(results, of)));
    let ablations = results.analysis.ablations.iter().map(|of| scatter(&plots::gain_against_gain(results, of)));
    context! {
        populations => of(effects::populations),
        contrasts => of(effects::contrasts),
        odds => of(effects::odds),
        equivalence => of(effects::equivalence),
        published => of(effects::published),
        sources => of(effects::sources),
        advantage => of(effects::advantage),
        arms => of(effects::arms),
        formats => of(effects::formats),
        baseline => of(effects::baseline),
        baseline_plots => baselines.collect::<Vec<_>>(),
        ablations => of(effects::ablations),
        ablation_plots => ablations.collect::<Vec<_>>(),
        languages => of(effects::languages),
        variance => of(effects::variance),
        position => of(effects::position),
    }
}

/// What must be known before the numbers.
pub(super) fn facts(results: &Results, origins: &[Origin]) -> Vec<Value> {
    let fact = |fact: facts::Fact| context! { name => fact.name, value => fact.value, doubt => fact.doubt };
    facts::facts(results).into_iter().chain(facts::kernels(origins)).map(fact).collect()
}
