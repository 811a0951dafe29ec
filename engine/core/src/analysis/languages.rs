//! Estimates that speak of more languages than were asked: each language is one value, whatever the number of its items.

use crate::stats::did::MeanTest;
use crate::stats::student::Student;
use crate::stats::welch::Welch;

/// The values of languages: of one group, or of two whose means are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum OverLanguages {
    /// The mean of these is estimated.
    One(Vec<f64>),
    /// The mean of these less the mean of those.
    Two(Vec<f64>, Vec<f64>),
}

impl OverLanguages {
    /// The estimate with its error: of one group s/√n with n − 1 degrees of freedom (Student 1908), of two √(s₁²/n₁ + s₂²/n₂). Groups
    /// of one size have n₁ + n₂ − 2 degrees of freedom, as Student's, whose size then hardly hangs on equal spreads; others Welch's
    /// (1947), who needs none. (In the benchmark `coverage`, with three languages against three, Student's rejects a true null in 4.5 to
    /// 5.7 % of studies, Welch's in 2.8 to 4.0 %.) `None` with fewer than two languages in a group, and where none differs from
    /// another.
    #[must_use]
    pub fn estimate(&self) -> Option<Student> {
        match self {
            Self::One(values) => MeanTest::of(values).map(|mean| mean.student()).filter(|mean| mean.error > 0.0),
            Self::Two(these, those) => {
                let welch = Welch::of(these, those)?.student();
                let same = these.len() == those.len();
                Some(Student { freedom: if same { self.count() as f64 - 2.0 } else { welch.freedom }, ..welch })
            }
        }
    }

    /// How many languages there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::One(values) => values.len(),
            Self::Two(these, those) => these.len() + those.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_one_size_have_students_freedom_and_others_welchs() {
        let freedom = |these: &[f64], those: &[f64]| {
            OverLanguages::Two(these.to_vec(), those.to_vec()).estimate().expect("an estimate").freedom
        };
        assert_eq!(freedom(&[0.1, 0.2, 0.9], &[0.0, 0.01, 0.02]), 4.0);
        // a = 0.02/2, b = 0.01/3: (a + b)² / (a² + b²/2).
        let (a, b) = (0.01_f64, 0.01 / 3.0);
        assert!((freedom(&[0.1, 0.3], &[0.0, 0.1, 0.2]) - (a + b).powi(2) / (a * a + b * b / 2.0)).abs() < 1e-9);
    }

    #[test]
    fn one_group_is_students_and_two_are_compared() {
        let found = OverLanguages::One(vec![0.1, 0.2, 0.3]).estimate().expect("three languages");
        assert!((found.value - 0.2).abs() < 1e-12 && (found.error - 0.1 / 3.0_f64.sqrt()).abs() < 1e-12);
        // The 97.5 % quantile of t with 2 degrees of freedom.
        let high = 0.2 + 4.302_652_729_9 * 0.1 / 3.0_f64.sqrt();
        assert!((found.interval(0.95).expect("an interval").high - high).abs() < 1e-9);
        let two = OverLanguages::Two(vec![0.1, 0.2, 0.3], vec![0.0, 0.1, 0.2]);
        let found = two.estimate().expect("three and three");
        assert!((found.value - 0.1).abs() < 1e-12 && (found.freedom - 4.0).abs() < 1e-9 && two.count() == 6);
    }

    #[test]
    fn one_language_speaks_for_no_other() {
        assert_eq!(OverLanguages::One(vec![0.3]).estimate(), None);
        assert_eq!(OverLanguages::Two(vec![0.3, 0.2], vec![0.1]).estimate(), None);
        assert_eq!(OverLanguages::One(vec![0.3, 0.3]).estimate(), None);
    }
}
