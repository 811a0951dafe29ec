//! Several examples behind each other, to be computed as one.

/// Tokens of one forward pass. An example's tokens see those before them of the same example, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// Numbers of the tokens.
    pub tokens: Vec<i32>,
    /// Place of each token in its example, from 0.
    pub positions: Vec<i32>,
    /// Which of the window's examples each token belongs to, counted from 0 and never falling.
    pub examples: Vec<u32>,
    /// Tokens to be predicted, by ascending place.
    pub answers: Vec<Answer>,
}

/// A token that the loss asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Place in the window of the token after which it is predicted.
    pub after: usize,
    /// The number of the token that is right.
    pub token: i32,
}
