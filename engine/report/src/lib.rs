//! Renders results for people and programs: a format a file, each a function from [`xlt_core::results::Results`] to text.
//!
//! Does no I/O. The same results are the same bytes.
#![forbid(unsafe_code)]

mod column;
mod csv;
mod effects;
mod fertility;
mod html;
mod json;
mod languages;
mod latex;
mod markdown;
mod points;
mod probe;
mod rotation;
mod seeds;
mod sheet;
mod svg;
mod training;
mod written;

pub use csv::{claims_csv, csv, gains_csv};
pub use fertility::{FertilityRow, FertilityTable, fertility_records};
pub use html::{Sources, html};
pub use json::json;
pub use languages::english_name;
pub use latex::latex;
pub use markdown::markdown;
pub use probe::{ProbeRow, ProbeTable, probe_records};
pub use svg::gains_svg;

#[cfg(test)]
mod fixture;
