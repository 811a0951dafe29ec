//! The statistics, beside reference values from statsmodels 0.15.0 and scipy 1.17.1 over 4,608 made-up answers.

mod differences;
mod effects;
mod glmer;
mod items;
mod mixed;
mod observations;
mod promises;
mod simulation;
