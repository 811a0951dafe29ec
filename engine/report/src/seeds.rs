//! How many trainings a number rests on, as the tables say it.

/// What § means.
pub(crate) const ITEMS_ONLY: &str = "Items only: the adapter has one seed, so the interval covers the sampling of items, not of \
    trainings. Another seed may well fall outside it.";
