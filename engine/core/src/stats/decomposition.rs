//! A gain, split into format and content: answers that can now be read at all, and answers that are now right.

/// What became of the items of a condition: correct ones are valid, valid ones are items, and one is valid at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    items: u64,
    valid: u64,
    correct: u64,
}

impl Validity {
    /// `None` where no answer was valid: how good those would have been that could be read is not known.
    #[must_use]
    pub fn new(items: u64, valid: u64, correct: u64) -> Option<Self> {
        (valid > 0 && correct <= valid && valid <= items).then_some(Self { items, valid, correct })
    }

    /// Valid answers per item.
    #[must_use]
    pub fn valid_rate(self) -> f64 {
        self.valid as f64 / self.items as f64
    }

    /// Correct answers per item.
    #[must_use]
    pub fn accuracy(self) -> f64 {
        self.correct as f64 / self.items as f64
    }

    /// Correct answers per valid one.
    #[must_use]
    pub fn accuracy_of_valid(self) -> f64 {
        self.correct as f64 / self.valid as f64
    }
}

/// The parts of a gain; they add up to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decomposition {
    /// Accuracy after less before.
    pub gain: f64,
    /// What of it comes from more valid answers.
    pub format: f64,
    /// What of it comes from valid answers being right more often.
    pub content: f64,
}

impl Decomposition {
    /// With v the valid rate and a the accuracy of valid answers, accuracy = v a; format = Δv (a₀ + a₁) / 2, content = Δa
    /// (v₀ + v₁) / 2. The means make it the same whichever is changed first.
    ///
    /// Kitagawa, E. M. (1955), *Journal of the American Statistical Association* 50, 1168–1194; of two factors it is Shapley's
    /// value. Items that became valid may be harder or easier than those that were: the parts describe, they do not explain.
    #[must_use]
    pub fn of(before: Validity, after: Validity) -> Self {
        let (v, w) = (before.valid_rate(), after.valid_rate());
        let (a, b) = (before.accuracy_of_valid(), after.accuracy_of_valid());
        Self {
            gain: after.accuracy() - before.accuracy(),
            format: (w - v) * f64::midpoint(a, b),
            content: (b - a) * f64::midpoint(v, w),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_valid_answer_nothing_is_known_of_content() {
        assert_eq!([Validity::new(4, 0, 0), Validity::new(4, 2, 3), Validity::new(4, 5, 1)], [None; 3]);
    }

    #[test]
    fn a_gain_of_one_kind_has_no_other_part() {
        let of = |valid, correct| Validity::new(8, valid, correct).expect("counts");
        let format = Decomposition::of(of(4, 2), of(8, 4));
        assert_eq!(format, Decomposition { gain: 0.25, format: 0.25, content: 0.0 });
        let content = Decomposition::of(of(4, 2), of(4, 4));
        assert_eq!(content, Decomposition { gain: 0.25, format: 0.0, content: 0.25 });
    }
}
