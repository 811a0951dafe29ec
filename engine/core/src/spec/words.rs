//! The words by which a spec's choices are written, in the spec, in manifests and in results.

use super::{
    AnswerAs, AnswersFormat, Base, Channel, Chat, Data, Drawn, Effort, ExecutorKind, Format, Gold, Kv, Match,
    Normalize, Population, Quotes, Rules, Schedule, Score, Source, SplitBy,
};

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

words!(AnswerAs { Number = "number", Index = "index", Letter = "letter", Text = "text" });
words!(AnswersFormat { Jsonl = "jsonl", LmEval = "lm-eval" });
words!(Chat { Model = "model", None = "none" });
words!(SplitBy { Question = "question", Passage = "passage" });
words!(Score { Labels = "labels", Texts = "texts", Generate = "generate" });
words!(Normalize { Sum = "sum", Token = "token", Byte = "byte", Character = "character" });
words!(Kv { F16 = "F16", F32 = "F32" });
words!(Format { Jsonl = "jsonl", Json = "json", Csv = "csv", Tsv = "tsv", Parquet = "parquet" });
words!(Quotes { Csv = "csv", Plain = "plain" });
words!(Rules { Xlt = "xlt", LmEval = "lm-eval", Inspect = "inspect", Belebele = "belebele" });
words!(Effort { Low = "low", Medium = "medium", High = "high" });
words!(Channel { Auto = "auto", Text = "text", Native = "native" });
words!(Drawn { Passages = "bootstrap:passage", Questions = "bootstrap:question" });
words!(Population { Items = "items", Languages = "languages" });
words!(Base { Quantized = "quantized", Source = "source" });
words!(Gold { True = "gold", Shuffled = "shuffled" });
words!(ExecutorKind { Local = "local", Slurm = "slurm" });
words!(Match { Steps = "steps", Questions = "questions", StepsAndQuestions = "steps+questions" });
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
            Self::Parts { parts } => {
                let parts: Vec<_> = parts.iter().map(Self::to_string).collect();
                f.write_str(&parts.join(" + "))
            }
        }
    }
}

impl Data {
    /// The file in a language.
    #[must_use]
    pub fn source_in(&self, language: &str) -> Source {
        let code = self.codes.get(language).map_or("", String::as_str);
        self.file.source.in_language(language).filled("code", code)
    }
}

impl Source {
    /// Whether it is on this machine: then the plan knows its content, and no lock need hold it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Local { .. } => true,
            Self::Parts { parts } => parts.iter().all(Self::is_local),
            Self::Url { .. } | Self::Pypi { .. } | Self::Hub { .. } => false,
        }
    }

    /// Whether its path may mean several files.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        matches!(self, Self::Hub { path, .. } if path.contains(['*', '?', '[']))
    }

    /// The last part of its path; of pieces, of the first one's.
    #[must_use]
    pub fn file_name(&self) -> &str {
        let path = match self {
            Self::Local { path } | Self::Hub { path, .. } => path,
            Self::Url { url } => url.split(['?', '#']).next().unwrap_or_default(),
            Self::Pypi { member, .. } => member,
            Self::Parts { parts } => return parts.first().map_or("", Self::file_name),
        };
        path.rsplit('/').next().unwrap_or_default()
    }

    /// The same with `{language}` filled in.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Self {
        self.filled("language", language)
    }

    /// The same with `{name}` filled in.
    #[must_use]
    pub fn filled(&self, name: &str, value: &str) -> Self {
        self.with_path(&|text| text.replace(&format!("{{{name}}}"), value))
    }

    /// The same with another path; of an address, the whole is its path.
    #[must_use]
    pub fn with_path(&self, fill: &dyn Fn(&str) -> String) -> Self {
        match self.clone() {
            Self::Local { path } => Self::Local { path: fill(&path) },
            Self::Url { url } => Self::Url { url: fill(&url) },
            Self::Pypi { package, version, member } => Self::Pypi { package, version, member: fill(&member) },
            Self::Hub { repo, dataset, path, revision } => Self::Hub { repo, dataset, path: fill(&path), revision },
            Self::Parts { parts } => Self::Parts { parts: parts.iter().map(|part| part.with_path(fill)).collect() },
        }
    }
}
