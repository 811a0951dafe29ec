//! Amounts of memory and of disk: `4GB`, `1.5 GiB`.

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// Bytes of a number and a unit (B, KB to TB in thousands, KiB to TiB in 1024s), with at most three digits behind the point; `None`
/// for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))?;
    let (whole, part) = digits.trim_end().split_once('.').unwrap_or((digits.trim_end(), "0"));
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 3 {
        return None;
    }
    let thousandths: u128 = format!("{whole}{part:0<3}").parse().ok()?;
    u64::try_from(thousandths.checked_mul(u128::from(unit))? / 1000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(parse("4GB"), Some(4_000_000_000));
        assert_eq!(parse("1.5 GiB"), Some(3 << 29));
        assert_eq!(parse("12B"), Some(12));
        for malformed in ["", "GB", "4", "4 gb", "-1GB", "1.GB", "1.2345GB", "99999999999TB", "1e3MB"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }
}
