//! Names of the types that llama.cpp quantizes to.

/// As `llama-quantize` and the names of published files write them (`llama_ftype` in `llama.h`).
pub(crate) const TYPES: &[&str] = &[
    "F32",
    "F16",
    "BF16",
    "Q8_0",
    "Q6_K",
    "Q5_K_M",
    "Q5_K_S",
    "Q5_1",
    "Q5_0",
    "Q4_K_M",
    "Q4_K_S",
    "Q4_1",
    "Q4_0",
    "Q3_K_L",
    "Q3_K_M",
    "Q3_K_S",
    "Q2_K",
    "Q2_K_S",
    "Q2_0",
    "Q1_0",
    "IQ4_NL",
    "IQ4_XS",
    "IQ3_M",
    "IQ3_S",
    "IQ3_XS",
    "IQ3_XXS",
    "IQ2_M",
    "IQ2_S",
    "IQ2_XS",
    "IQ2_XXS",
    "IQ1_M",
    "IQ1_S",
    "TQ1_0",
    "TQ2_0",
    "MXFP4_MOE",
    "NVFP4",
];

/// The type that the name of a file says: it stands by itself, in whatever case. `None` where there is none, or where there are
/// several.
pub(crate) fn type_in_name(file: &str) -> Option<&'static str> {
    let file = file.to_ascii_uppercase();
    let mut found = TYPES.iter().copied().filter(|name| stands_in(&file, name));
    found.next().filter(|_| found.next().is_none())
}

/// Whether a word is in a text, and no part of a longer one.
fn stands_in(text: &str, word: &str) -> bool {
    let goes_on = |next: Option<char>| next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|before| before.is_ascii_alphanumeric()) && !goes_on(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_in_a_name_stands_by_itself() {
        for (file, expected) in [
            ("SmolLM2-135M-Instruct.Q4_1.gguf", Some("Q4_1")),
            ("*-BF16.gguf", Some("BF16")),
            ("model-f16-00001-of-00002.gguf", Some("F16")),
            ("UD_Q4_K_M.gguf", Some("Q4_K_M")),
            ("m-Q4_K_XL.gguf", None),
            ("m-IQ4_XS.gguf", Some("IQ4_XS")),
            ("from-F16-to-Q8_0.gguf", None),
            ("AF16.gguf", None),
            ("", None),
        ] {
            assert_eq!(type_in_name(file), expected, "{file}");
        }
    }
}
