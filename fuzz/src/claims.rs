//! The expression of a claim: what is understood, written from what was understood, is understood as the same.

use super::{quoted, spec};
use xlt_core::spec::{Estimate, Quantity, Term};

/// The input is the expression.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(estimate) = estimate(text) {
        assert_eq!(self::estimate(&written(&estimate)), Some(estimate), "{text}");
    }
}

/// What a spec's only claim estimates, if the spec has no faults.
fn estimate(text: &str) -> Option<Estimate> {
    let claim = "text = \"x\"\nexpect = { below = 0 }\nover = \"languages\"";
    let spec = format!("extends = \"base.toml\"\n[[claims]]\n{claim}\nestimate = {}\n", quoted(text));
    Some(spec::loaded(&spec).ok()?.claims.into_iter().next().expect("a claim").estimate)
}

fn written(estimate: &Estimate) -> String {
    let term = |Term { negative, quantity, condition, languages }: &Term| {
        let sign = if *negative { '-' } else { '+' };
        let quantity = if *quantity == Quantity::Gain { "gain" } else { "accuracy" };
        format!("{sign}{quantity}({condition},{languages})")
    };
    let text: String = estimate.terms.iter().map(term).collect();
    text.strip_prefix('+').unwrap_or(&text).to_owned()
}
