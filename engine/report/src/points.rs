//! Numbers as people read them: shares as percentage points with one decimal, true minus signs, intervals in brackets.

use xlt_core::stats::Interval;

/// What stands where there is no number.
pub(crate) const NONE: &str = "–";

/// A share of 1 in points: `3.1`, `−0.4`. What rounds to zero has no sign.
pub(crate) fn points(share: f64) -> String {
    decimals(share * 100.0, 1)
}

/// A number with so many decimals and a true minus sign.
pub(crate) fn decimals(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.contains(|digit: char| digit.is_ascii_digit() && digit != '0') => format!("−{digits}"),
        Some(zero) => zero.to_owned(),
        None => text,
    }
}

/// `[−0.4, 6.6]`; nothing where there is no interval.
pub(crate) fn brackets(interval: Option<Interval>) -> String {
    interval.map(|Interval { low, high }| format!("[{}, {}]", points(low), points(high))).unwrap_or_default()
}

/// A p-value: `0.021`, `< 0.001`; nothing where there is none.
pub(crate) fn p_value(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        Some(p) => decimals(p, 3),
        None => String::new(),
    }
}

/// A coefficient of correlation: `−0.42`.
pub(crate) fn coefficient(r: f64) -> String {
    decimals(r, 2)
}

/// A share in per cent: `12.5 %`.
pub(crate) fn per_cent(share: f64) -> String {
    format!("{} %", points(share))
}

/// `1 seed`, `2 seeds`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_signs_are_true_and_zero_has_none() {
        assert_eq!([0.031, -0.2, -0.0004, 0.0].map(points), ["3.1", "−20.0", "0.0", "0.0"]);
        assert_eq!(brackets(Some(Interval { low: -0.012, high: 0.074 })), "[−1.2, 7.4]");
        assert_eq!([f64::NAN, f64::INFINITY].map(points), [NONE, NONE]);
    }

    #[test]
    fn a_small_p_is_bounded_and_none_is_nothing() {
        assert_eq!([Some(0.0213), Some(1e-9), None].map(p_value), ["0.021", "< 0.001", ""]);
    }
}
