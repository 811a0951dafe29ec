//! A number of bytes, with how well it is known.

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount {
    bytes: f64,
    estimated: bool,
    /// Whether something that belongs to it is not known at all.
    open: bool,
}

impl Amount {
    /// None at all.
    pub const NOTHING: Self = Self { bytes: 0.0, estimated: false, open: false };
    /// Nobody knows.
    pub const UNKNOWN: Self = Self { bytes: 0.0, estimated: true, open: true };

    /// A size that is known.
    #[must_use]
    pub fn exactly(bytes: u64) -> Self {
        Self { bytes: bytes as f64, estimated: false, open: false }
    }

    /// A size that is estimated.
    #[must_use]
    pub fn about(bytes: f64) -> Self {
        Self { bytes, estimated: true, open: false }
    }

    /// The same, known less well.
    #[must_use]
    pub fn estimated(self) -> Self {
        Self { estimated: true, ..self }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            estimated: self.estimated || other.estimated,
            open: self.open || other.open,
        }
    }

    /// Bytes, where all of it is known or estimated.
    #[must_use]
    pub fn bytes(self) -> Option<f64> {
        (!self.open).then_some(self.bytes)
    }

    /// Bytes that it is at least, for all that is known.
    #[must_use]
    pub fn at_least(self) -> f64 {
        self.bytes
    }

    /// Whether it is certain.
    #[must_use]
    pub fn is_exact(self) -> bool {
        !self.estimated
    }
}

/// `92.0 MB`, `~405 GB`, `≥ 12.1 GB` where a part is not known, `?` where nothing is; in units of a thousand.
impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = match (self.open, self.estimated) {
            (true, _) if self.bytes == 0.0 => return f.pad("?"),
            (true, _) => "≥ ",
            (false, true) if self.bytes > 0.0 => "~",
            (false, _) => "",
        };
        f.pad(&format!("{mark}{}", size(self.bytes)))
    }
}

/// Three digits and a unit: `715 GB`, `12.1 GB`, `4.28 GB`.
pub(super) fn size(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut number = bytes;
    while number >= 999.5 && unit + 1 < UNITS.len() {
        number /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || number >= 99.95 { 0 } else { usize::from(number < 9.995) + 1 };
    format!("{number:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_well_a_size_is_known_is_seen() {
        let (known, believed) = (Amount::exactly(12_110_000_000), Amount::about(4.05e11));
        let shown = [known, believed, known.plus(believed), known.plus(Amount::UNKNOWN), Amount::UNKNOWN];
        assert_eq!(shown.map(|it| it.to_string()), ["12.1 GB", "~405 GB", "~417 GB", "≥ 12.1 GB", "?"]);
        assert_eq!(Amount::NOTHING.plus(Amount::exactly(999)).to_string(), "999 B");
        assert_eq!(Amount::exactly(999_600_000).to_string(), "1.00 GB");
        assert_eq!((known.plus(Amount::UNKNOWN).bytes(), believed.bytes()), (None, Some(4.05e11)));
    }
}
