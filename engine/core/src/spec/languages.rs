//! Codes and names of [`crate::languages`], as specs need them.

use crate::languages::{all, find};

/// English name of a language code (`heb_Hebr`: `Hebrew`); `None` if the code is unknown.
#[must_use]
pub fn name_of(code: &str) -> Option<&'static str> {
    find(code).map(|language| language.name)
}

/// Every known code with its English name, sorted by code.
#[must_use]
pub fn known() -> &'static [(&'static str, &'static str)] {
    &KNOWN
}

static KNOWN: [(&str, &str); all().len()] = {
    let mut known = [("", ""); all().len()];
    let mut at = 0;
    while at < known.len() {
        known[at] = (all()[at].code, all()[at].name);
        at += 1;
    }
    known
};
