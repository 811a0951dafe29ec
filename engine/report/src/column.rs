//! What columns are called.

use xlt_core::results::Column;

/// A column in one line: `m base/direct, seed 17`.
pub(crate) fn heading(column: &Column) -> String {
    format!("{} {}", column.model, way(column))
}

/// A column among those of its model: `base/direct, seed 17`.
pub(crate) fn way(Column { condition, mode, seed, .. }: &Column) -> String {
    let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    format!("{condition}/{mode}{seed}")
}
