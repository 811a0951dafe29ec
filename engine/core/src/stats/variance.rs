//! Where the variance of an accuracy or a gain comes from: items, seeds, languages, prompts, and what they do to each other.

/// Values of a complete crossed table: one for every combination of levels, the last factor running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossed {
    levels: Vec<usize>,
    values: Vec<f64>,
}

/// A component of the variance: that of a factor, or of what some factors do together beyond what each does.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// The factors, by their position; all of them in the last component, which includes the noise of a single answer.
    pub factors: Vec<usize>,
    /// The estimate, not below 0.
    pub variance: f64,
    /// Whether the estimate came out below 0 and was set to 0: the component is small beside its noise.
    pub negative: bool,
    /// Degrees of freedom of its mean square.
    pub freedom: f64,
    /// Its mean square.
    pub mean_square: f64,
}

/// Why a variance is not split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDecomposition {
    /// Not one value for every combination.
    #[error("{values} values for a table of {cells} cells: every combination must have exactly one")]
    Incomplete {
        /// Cells of the table.
        cells: usize,
        /// Values given.
        values: usize,
    },
    /// A factor that does not vary.
    #[error("factor {factor} has fewer than two levels; leave it out")]
    OneLevel {
        /// The factor, from 0.
        factor: usize,
    },
    /// No factor, or more than [`MAX_FACTORS`].
    #[error("{factors} factors; from one to {MAX_FACTORS} can be told apart")]
    Factors {
        /// How many.
        factors: usize,
    },
    /// A value is infinite or no number.
    #[error("value {position} is not a finite number")]
    NotFinite {
        /// Its position, from 0.
        position: usize,
    },
}

/// Most factors of a table: six have 63 components.
pub const MAX_FACTORS: usize = 6;

impl Crossed {
    /// A table of so many levels for each factor.
    ///
    /// # Errors
    /// [`NoDecomposition`].
    pub fn new(levels: Vec<usize>, values: Vec<f64>) -> Result<Self, NoDecomposition> {
        if levels.is_empty() || levels.len() > MAX_FACTORS {
            return Err(NoDecomposition::Factors { factors: levels.len() });
        }
        if let Some(factor) = levels.iter().position(|&levels| levels < 2) {
            return Err(NoDecomposition::OneLevel { factor });
        }
        let cells = levels.iter().fold(1_usize, |cells, &levels| cells.saturating_mul(levels));
        if cells != values.len() {
            return Err(NoDecomposition::Incomplete { cells, values: values.len() });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(position) => Err(NoDecomposition::NotFinite { position }),
            None => Ok(Self { levels, values }),
        }
    }

    /// The components of all sets of factors, all factors random: main effects first, then by the number of factors.
    ///
    /// For a set S of factors, SS_S is the sum over all cells of the squared effect of S, the effect being
    /// Σ_{T⊆S} (−1)^{|S∖T|} times the mean over the levels of T; MS_S = SS_S / Π_{f∈S}(n_f − 1). Since E(MS_S) =
    /// Σ_{T⊇S} σ²_T·Π_{f∉T} n_f, the estimate by moments is σ²_S = Σ_{T⊇S} (−1)^{|T∖S|} MS_T / Π_{f∉S} n_f. For items and languages:
    /// σ²_items = (MS_items − MS_rest) / n_languages, σ²_languages = (MS_languages − MS_rest) / n_items, σ²_rest = MS_rest.
    ///
    /// Cornfield, J. & Tukey, J. W. (1956), *Annals of Mathematical Statistics* 27, 907–949; Searle, S. R., Casella, G. & McCulloch,
    /// C. E. (1992), *Variance Components*, chapter 4; for tests and raters Brennan, R. L. (2001), *Generalizability Theory*,
    /// chapter 3.
    #[must_use]
    pub fn components(&self) -> Vec<Component> {
        let subsets = 1_usize << self.levels.len();
        let squares: Vec<f64> = (0..subsets).map(|set| self.mean_square(set)).collect();
        let mut sets: Vec<usize> = (1..subsets).collect();
        sets.sort_by_key(|set| (set.count_ones(), *set));
        let component = |set: usize| {
            let above = (1..subsets).filter(|above| above & set == set);
            let moment: f64 = above.map(|above| sign(above, set) * squares[above]).sum();
            let variance = moment / self.cells_outside(set);
            Component {
                factors: members(set).collect(),
                variance: variance.max(0.0),
                negative: variance < 0.0,
                freedom: self.freedom(set),
                mean_square: squares[set],
            }
        };
        sets.into_iter().map(component).collect()
    }

    /// Number of levels of each factor.
    #[must_use]
    pub fn levels(&self) -> &[usize] {
        &self.levels
    }

    fn cells_outside(&self, set: usize) -> f64 {
        let outside = self.levels.iter().enumerate().filter(|(factor, _)| set >> factor & 1 == 0);
        outside.map(|(_, &levels)| levels as f64).product()
    }

    fn freedom(&self, set: usize) -> f64 {
        members(set).map(|factor| self.levels[factor] as f64 - 1.0).product()
    }

    /// The mean square of the effect of a set.
    fn mean_square(&self, set: usize) -> f64 {
        let mut effects = vec![0.0; self.values.len()];
        for below in (0..=set).filter(|below| below & set == *below) {
            let means = self.means(below);
            let sign = sign(set, below);
            effects.iter_mut().enumerate().for_each(|(cell, effect)| *effect += sign * means[self.place(cell, below)]);
        }
        effects.iter().map(|effect| effect * effect).sum::<f64>() / self.freedom(set)
    }

    /// The mean over each combination of the levels of a set.
    fn means(&self, set: usize) -> Vec<f64> {
        let outside = self.cells_outside(set);
        let mut sums = vec![0.0; (self.values.len() as f64 / outside).round() as usize];
        self.values.iter().enumerate().for_each(|(cell, value)| sums[self.place(cell, set)] += value);
        sums.iter().map(|sum| sum / outside).collect()
    }

    /// The number of the combination of a set's levels that a cell is in.
    fn place(&self, mut cell: usize, set: usize) -> usize {
        let (mut place, mut stride) = (0, 1);
        for (factor, &levels) in self.levels.iter().enumerate().rev() {
            if set >> factor & 1 == 1 {
                place += cell % levels * stride;
                stride *= levels;
            }
            cell /= levels;
        }
        place
    }
}

/// The variance of a mean over `levels` of each factor, all drawn anew: Σ_S σ²_S / Π_{f∈S} n_f. It says what more items, seeds or
/// languages would buy (Brennan 2001, section 4.1). `None` where a component speaks of a factor without levels.
#[must_use]
pub fn variance_of_mean(components: &[Component], levels: &[usize]) -> Option<f64> {
    let each = components.iter().map(|component| {
        let mut cells = component.factors.iter().map(|&factor| levels.get(factor).filter(|&&levels| levels > 0));
        let cells = cells.try_fold(1.0, |cells, levels| levels.map(|&levels| cells * levels as f64))?;
        Some(component.variance / cells)
    });
    each.sum()
}

/// 1 or −1, as an even or odd number of factors is in one of two nested sets alone.
fn sign(set: usize, nested: usize) -> f64 {
    if (set ^ nested).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

fn members(set: usize) -> impl Iterator<Item = usize> {
    (0..MAX_FACTORS).filter(move |factor| set >> factor & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::super::draws::Generator;
    use super::*;

    #[test]
    fn two_factors_as_by_hand() {
        // Rows 1 2 6, 3 4 8: row means 3 and 5, column means 2, 3, 7, no interaction.
        let table = Crossed::new(vec![2, 3], vec![1.0, 2.0, 6.0, 3.0, 4.0, 8.0]).expect("a table");
        let components = table.components();
        let found: Vec<_> = components.iter().map(|one| (one.factors.clone(), one.mean_square, one.freedom)).collect();
        let (columns, rest) = (&found[1], &found[2]);
        assert_eq!(found[0].0, [0]);
        assert!((found[0].1 - 6.0).abs() < 1e-12 && (components[0].variance - 2.0).abs() < 1e-12);
        assert!((columns.1 - 14.0).abs() < 1e-12 && columns.2 == 2.0 && (components[1].variance - 7.0).abs() < 1e-12);
        assert!(rest.1.abs() < 1e-12 && rest.0 == [0, 1]);
        assert!((variance_of_mean(&components, &[2, 3]).expect("levels") - (2.0 / 2.0 + 7.0 / 3.0)).abs() < 1e-12);
        assert_eq!(variance_of_mean(&components, &[2]), None);
    }

    #[test]
    fn a_component_below_zero_is_zero_and_says_so() {
        let table = Crossed::new(vec![2, 2], vec![0.0, 1.0, 1.0, 0.0]).expect("a table");
        let components = table.components();
        assert!(components[0].negative && components[0].variance == 0.0);
        assert!(!components[2].negative && (components[2].variance - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_was_put_in_comes_out() {
        let levels = [60, 8, 12, 2];
        let mut generator = Generator::new(5);
        // Uniform on ±√3·s has the standard deviation s.
        let mut drawn = |count: usize, deviation: f64| -> Vec<f64> {
            (0..count).map(|_| (generator.uniform() - 0.5) * 12.0_f64.sqrt() * deviation).collect()
        };
        let (items, seeds, languages, pairs) = (drawn(60, 3.0), drawn(8, 1.0), drawn(12, 2.0), drawn(60 * 12, 1.5));
        let mut values = drawn(levels.iter().product(), 1.0);
        for (cell, value) in values.iter_mut().enumerate() {
            let (item, seed, language) = (cell / 192, cell / 24 % 8, cell / 2 % 12);
            *value += items[item] + seeds[seed] + languages[language] + pairs[item * 12 + language];
        }
        let components = Crossed::new(levels.to_vec(), values).expect("a table").components();
        let of =
            |factors: &[usize]| components.iter().find(|one| one.factors == factors).expect("a component").variance;
        for (factors, expected) in [(&[0][..], 9.0), (&[1], 1.0), (&[2], 4.0), (&[0, 2], 2.25), (&[0, 1, 2, 3], 1.0)] {
            assert!((of(factors) / expected - 1.0).abs() < 0.5, "{factors:?}: {} for {expected}", of(factors));
        }
        assert!(of(&[3]) < 0.05 && of(&[1, 3]) < 0.05, "prompts do nothing");
        assert_eq!(components.len(), 15);
    }

    #[test]
    fn tables_that_cannot_be_split_are_refused() {
        let new =
            |levels: &[usize], values: usize| Crossed::new(levels.to_vec(), vec![0.0; values]).expect_err("no table");
        assert_eq!(new(&[2, 3], 5), NoDecomposition::Incomplete { cells: 6, values: 5 });
        assert_eq!(new(&[2, 1], 2), NoDecomposition::OneLevel { factor: 1 });
        assert_eq!(new(&[], 0), NoDecomposition::Factors { factors: 0 });
        assert_eq!(new(&[2; 7], 128), NoDecomposition::Factors { factors: 7 });
        let found = Crossed::new(vec![2], vec![0.0, f64::NAN]);
        assert_eq!(found, Err(NoDecomposition::NotFinite { position: 1 }));
    }
}
