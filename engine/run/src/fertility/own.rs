//! The model's own tokenizer, as its `tokenizer.json` describes it.
//!
//! `tokenizers` panics on some files that it does not understand.

use tokenizers::Tokenizer;
use xlt_core::fertility::Tokenize;
use xlt_core::panics::caught;
use xlt_llama::Vocabulary;

/// A tokenizer beside the vocabulary that was made of it.
pub(super) struct Own<'a> {
    tokenizer: Tokenizer,
    /// What errors say first.
    name: String,
    vocabulary: &'a Vocabulary,
}

impl<'a> Own<'a> {
    /// From the bytes of the file that errors call `name`, for the model of that name.
    pub(super) fn read(bytes: &[u8], name: &str, model: &str, vocabulary: &'a Vocabulary) -> Result<Self, String> {
        let of_file = |error: String| {
            format!(
                "the tokenizer {name} cannot be read: {error}\n  name the file `tokenizer.json` that model `{model}` was \
                 published with in `models.{model}.tokenizer`, or leave that out"
            )
        };
        let read = caught(|| Tokenizer::from_bytes(bytes).map_err(|error| error.to_string()));
        let mut tokenizer = read.and_then(|read| read).map_err(of_file)?;
        // What the file says of cutting and filling up is for batches; a text is compared whole.
        tokenizer.with_truncation(None).map_err(|error| of_file(error.to_string()))?;
        tokenizer.with_padding(None);
        // Data that spells a special token is text.
        tokenizer.set_encode_special_tokens(true);
        Ok(Self { tokenizer, name: format!("the tokenizer {name}"), vocabulary })
    }
}

impl Tokenize for Own<'_> {
    fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoded = caught(|| self.tokenizer.encode_fast(text, false).map_err(|error| error.to_string()));
        match encoded.and_then(|encoded| encoded) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => Err(format!("{} fails: {error}", self.name)),
        }
    }

    /// As the GGUF spells the token, where that has the same one under that number: `tokenizer.json` writes bytes as letters.
    fn text(&self, id: u32) -> String {
        let written = self.tokenizer.id_to_token(id);
        let same = self.vocabulary.token(id).filter(|token| self.vocabulary.written(*token) == written);
        same.map(|token| self.vocabulary.text(token)).or(written).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_in_keys_is_the_one_that_is_built() {
        let lock = include_str!("../../../../Cargo.lock");
        let (_, rest) = lock.split_once("name = \"tokenizers\"\n").expect("a dependency");
        let line = rest.lines().next().expect("a line");
        assert_eq!(line, format!("version = \"{}\"", xlt_core::fertility::TOKENIZERS));
    }
}
