//! The statistics, beside reference values from statsmodels 0.15.0 and scipy 1.17.1 over 4,608 made-up answers.

mod cells;
mod differences;
mod effects;
mod gains;
mod glmer;
mod items;
mod labels;
mod mixed;
mod observations;
mod pairs;
mod plans;
mod promises;
mod seeds;
mod simulation;
mod strata;
