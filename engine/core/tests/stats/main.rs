//! The statistics, beside reference values from statsmodels 0.15.0 and scipy 1.17.1 over 4,608 made-up answers.

mod cells;
mod gains;
mod items;
mod labels;
mod pairs;
mod plans;
mod strata;
