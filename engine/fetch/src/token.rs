//! The login at the model hub: a secret that shows itself nowhere but in the header that needs it.

use std::fmt;

/// A token of an account on the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Reads a token; `None` where there is nothing but space.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The header's value; `None` where no header can hold it.
    pub(crate) fn bearer(&self) -> Option<String> {
        let fits = self.0.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| format!("Bearer {}", self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
