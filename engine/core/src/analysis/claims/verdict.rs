//! What became of a claim, and why.

use crate::spec::Claim;
use crate::stats::Interval;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub verdict: Verdict,
    /// The estimate in shares of 1; `None` where nothing of it was asked.
    pub value: Option<f64>,
    /// Its interval at [`LEVEL`](crate::results::LEVEL).
    pub interval: Option<Interval>,
    /// One-sided p-values that it holds and that it fails, as they are.
    pub p: Option<Sided>,
    /// The same, corrected over the claims (Holm): by these it is judged.
    pub adjusted: Option<Sided>,
    /// The same by Benjamini's and Hochberg's procedure, for the share of false verdicts.
    pub benjamini_hochberg: Option<Sided>,
    /// The same by Benjamini's and Yekutieli's, whatever the claims have to do with each other.
    pub benjamini_yekutieli: Option<Sided>,
    /// How far from its bound the truth has to be to be found in four of five studies, without correction.
    pub detectable: Option<f64>,
    /// The languages of each term, in the order of the estimate.
    pub languages: Vec<Vec<String>>,
    /// The models and modes that it is averaged over.
    pub models: Vec<String>,
    /// See `models`.
    pub modes: Vec<String>,
    /// Whether it was written or changed when there were answers already.
    pub post_hoc: bool,
}

/// A p-value for each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sided {
    /// Of the hypothesis that the claim is false: small where it holds.
    pub holds: f64,
    /// Of the hypothesis that it is true: small where it fails.
    pub fails: f64,
}

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its opposite is rejected.
    Holds,
    /// It is rejected.
    Fails,
    /// Neither.
    CannotTell(Why),
}

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The numbers allow both.
    TooUncertain,
    /// Cells, by name, in which the model did not answer in the format that is scored.
    Format(Vec<String>),
    /// Cells, by name, in which a budget cut off more than a few texts.
    CutOff(Vec<String>),
    /// A population without languages that were asked.
    Nobody(String),
    /// Nothing to estimate an error from, in words.
    NoTest(&'static str),
}
