//! How near languages are to each other: family distance, script, resources.

use super::{Language, Resource, find};
use std::f64::consts::FRAC_PI_2;

/// The nearest of several languages.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Its code.
    pub code: String,
    /// [`distance`] to it, 0 to 1.
    pub distance: f64,
}

/// What else than relatedness may explain that a model transfers from one language to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covariates {
    /// Whether both have the same script by ISO 15924. Codes are compared as they are: `Hans`, `Hant` and `Jpan` are three,
    /// though all three have Han characters.
    pub same_script: bool,
    /// [`distance`], 0 to 1.
    pub distance: f64,
    /// Level of the target.
    pub resource: Option<Resource>,
}

impl Language {
    /// How many nodes contain both. Nodes form a tree, so these are where their paths begin alike.
    fn shared(&self, other: &Self) -> usize {
        self.path.iter().zip(other.path).take_while(|(a, b)| a == b).count()
    }

    fn distance(&self, other: &Self) -> f64 {
        let (a, b) = (self.path.len() as f64, other.path.len() as f64);
        (self.shared(other) as f64 / (a * b).sqrt()).acos() / FRAC_PI_2
    }
}

/// Family distance of two codes: 0 for the same nodes, 1 for no common one. `None` if a code is unknown.
///
/// The angle between the binary vectors of the nodes that contain each, as a share of a right angle. With A and B the sets of
/// nodes: (2/π) arccos(|A ∩ B| / √(|A| |B|)).
///
/// URIEL's `fam` features and URIEL+'s angular distance: Littell, P. et al. (2017), *Proceedings of EACL*, volume 2, 8–14; Khan, A.
/// et al. (2025), *Proceedings of COLING*, 6937–6952. URIEL has no nodes for isolates and no angle to them; here they are at 1
/// of all others. It measures how languages descend, not how alike they are: Haitian Creole is at 0 of French. Nor are two
/// distances of equal length alike in years, for Glottolog has more nodes where more is known. Distances from typology
/// (`syntax_knn`) are not offered: in them Spanish is nearer to Arabic than Amharic is.
#[must_use]
pub fn distance(a: &str, b: &str) -> Option<f64> {
    Some(find(a)?.distance(find(b)?))
}

/// The nearest of `among` to a code by [`distance`], possibly the code itself; of equally near ones the first in alphabetical
/// order. Unknown codes are passed over; `None` if nothing is left, or if the code itself is unknown.
#[must_use]
pub fn nearest<S: AsRef<str>>(code: &str, among: &[S]) -> Option<Nearest> {
    let language = find(code)?;
    let others = among.iter().filter_map(|other| find(other.as_ref()));
    let near = others.map(|other| (language.distance(other), other.code));
    let (distance, code) = near.min_by(|(one, a), (two, b)| one.total_cmp(two).then_with(|| a.cmp(b)))?;
    Some(Nearest { code: code.to_owned(), distance })
}

/// Whether two codes are of one family: whether at least one node contains both, and their [`distance`] is less than 1. So
/// Hausa is a relative of Arabic, as both are Afro-Asiatic. `None` if a code is unknown.
#[must_use]
pub fn is_relative(source: &str, target: &str) -> Option<bool> {
    Some(find(source)?.shared(find(target)?) > 0)
}

/// What may explain transfer from `source` to `target`. `None` if a code is unknown.
#[must_use]
pub fn covariates(source: &str, target: &str) -> Option<Covariates> {
    let (source, target) = (find(source)?, find(target)?);
    Some(Covariates {
        same_script: source.script() == target.script(),
        distance: source.distance(target),
        resource: target.resource,
    })
}
