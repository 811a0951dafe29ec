//! Lengths of time: `90m`, `4h`.

const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 60 * 60), ('d', 24 * 60 * 60)];

/// Seconds of a whole number and a unit (s, m, h, d); `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, seconds) = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)))?;
    let digits = digits.trim_end();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!(parse("90m"), Some(5400));
        assert_eq!(parse("2 d"), Some(172_800));
        assert_eq!(parse("30s"), Some(30));
        for malformed in ["", "h", "4", "4 hours", "-1h", "1.5h", "99999999999999999999s", "9999999999999999999d"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }
}
