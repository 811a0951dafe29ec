//! The words by which a spec's choices are written, in the spec, in manifests and in results.

use super::{Channel, Chat, Schedule, Score, SplitBy};

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word that the spec uses for it; part of keys, so it never changes.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words!(Chat { Model = "model", None = "none" });
words!(SplitBy { Question = "question", Passage = "passage" });
words!(Score { Labels = "labels", Texts = "texts", Generate = "generate" });
words!(Channel { Auto = "auto", Text = "text", Native = "native" });
words!(Schedule { Linear = "linear", Cosine = "cosine", Constant = "constant" });
