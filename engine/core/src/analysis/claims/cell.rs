//! Cells that a claim rests on, and what may make them useless.

/// What may make a cell useless to claims.
pub trait Cells {
    /// Whether the model did not answer in the format that is scored.
    fn format_failure(&self, cell: &CellName<'_>) -> bool;
    /// Whether a budget cut off too many texts.
    fn cut_off(&self, cell: &CellName<'_>) -> bool;
}

/// A cell, its seeds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellName<'c> {
    /// Model.
    pub model: &'c str,
    /// Condition.
    pub condition: &'c str,
    /// Mode.
    pub mode: &'c str,
    /// Language code.
    pub language: &'c str,
}

impl std::fmt::Display for CellName<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { model, condition, mode, language } = self;
        write!(to, "{model}/{condition}/{language}/{mode}")
    }
}
