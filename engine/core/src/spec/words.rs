//! The words by which a spec's choices are written, in the spec, in manifests and in results.

use super::{Channel, Chat, Population, Schedule, Score, Source, SplitBy};

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word that the spec uses for it; part of keys, so it never changes.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Every word, for the grammar.
            pub(super) const WORDS: &'static [&'static str] = &[$($word),+];

            /// What a word means.
            pub(super) fn named(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(Chat { Model = "model", None = "none" });
words!(SplitBy { Question = "question", Passage = "passage" });
words!(Score { Labels = "labels", Texts = "texts", Generate = "generate" });
words!(Channel { Auto = "auto", Text = "text", Native = "native" });
words!(Population { Items = "items", Languages = "languages" });
words!(Schedule { Linear = "linear", Cosine = "cosine", Constant = "constant" });

/// The source as one line, the form in which the lock file names it.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local { path } => write!(f, "file:{path}"),
            Self::Url { url } => f.write_str(url),
            Self::Pypi { package, version, member } => write!(f, "pypi:{package}=={version}/{member}"),
            Self::Hub { repo, dataset, path, revision } => {
                let kind = if *dataset { "datasets/" } else { "" };
                let revision = revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
                write!(f, "hf:{kind}{repo}/{path}{revision}")
            }
        }
    }
}
