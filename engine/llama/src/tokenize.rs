//! Text to tokens. A prompt mixes text that we wrote, where special tokens mean what they say, with data, where they
//! must not: a passage that spells `<|im_end|>` may not end the turn.

use std::collections::BTreeMap;
use std::ops::Range;

use llama_cpp_sys_2 as sys;

use crate::{LlamaError, Model, Token};

impl Model {
    /// Tokens of a text. `special` says whether text that spells a control token becomes that token. Never adds a token
    /// that starts or ends a text.
    ///
    /// Words that the vocabulary lists as added by the user and not special (some models' `<think>`) are matched either
    /// way, here as in every other tokenizer.
    pub fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>, LlamaError> {
        let too_long = || LlamaError::TextTooLong { bytes: text.len() };
        let text_len = i32::try_from(text.len()).map_err(|_| too_long())?;
        // A byte makes at most one token; some vocabularies put a space in front.
        let mut tokens: Vec<sys::llama_token> = vec![0; text.len().saturating_add(2)];
        loop {
            let room = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
            // SAFETY: the vocabulary lives as long as `self`; `text_len` bytes can be read and `room` tokens written.
            let count = unsafe {
                let text = text.as_ptr().cast();
                sys::llama_tokenize(self.vocab(), text, text_len, tokens.as_mut_ptr(), room, false, special)
            };
            if count == i32::MIN {
                return Err(too_long());
            }
            tokens.resize(count.unsigned_abs() as usize, 0);
            if count >= 0 {
                return Ok(tokens.into_iter().map(Token).collect());
            }
        }
    }

    /// Tokens of a prompt given as pieces of text, each with a mark: `true` for data, `false` for text of the template.
    ///
    /// The pieces are joined and tokenized as one text, as in training, since words may merge across their borders. Where
    /// data spells a special token, alone or together with the text beside it, the part within the data is tokenized
    /// by itself as plain text, and only there the text is cut. (At such a cut some SentencePiece vocabularies insert a
    /// space.)
    ///
    /// The token that starts a text is put in front iff the model asks for it and the template has not done so already.
    pub fn tokenize_segments(&self, segments: &[(&str, bool)]) -> Result<Vec<Token>, LlamaError> {
        let (text, data) = join(segments);
        let mut tokens = Vec::new();
        let mut at = 0;
        for spelled in self.specials.spelled_in(&text, &data) {
            tokens.extend(self.tokenize(&text[at..spelled.start], true)?);
            tokens.extend(self.tokenize(&text[spelled.clone()], false)?);
            at = spelled.end;
        }
        tokens.extend(self.tokenize(&text[at..], true)?);
        if let Some(bos) = self.bos().filter(|bos| self.add_bos() && tokens.first() != Some(bos)) {
            tokens.insert(0, bos);
        }
        Ok(tokens)
    }
}

/// The whole text, and where the data stands in it.
fn join(segments: &[(&str, bool)]) -> (String, Vec<Range<usize>>) {
    let (mut text, mut data) = (String::new(), Vec::new());
    for (piece, is_data) in segments {
        let start = text.len();
        text.push_str(piece);
        if *is_data {
            data.push(start..text.len());
        }
    }
    (text, data)
}

/// Texts of special tokens, by first byte: few bytes of a text start any.
#[derive(Debug, Default)]
pub(crate) struct Specials(BTreeMap<u8, Vec<String>>);

impl FromIterator<String> for Specials {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        let mut specials = Self::default();
        for text in texts {
            if let Some(first) = text.bytes().next() {
                specials.0.entry(first).or_default().push(text);
            }
        }
        specials
    }
}

impl Specials {
    /// The parts of `data` that take part in spelling a special token, in order and apart. What is left between them
    /// spells no special token that touches data. All bounds are bounds of characters.
    fn spelled_in(&self, text: &str, data: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        for (start, first) in text.bytes().enumerate() {
            let candidates = self.0.get(&first).into_iter().flatten();
            for special in candidates.filter(|special| text.as_bytes()[start..].starts_with(special.as_bytes())) {
                let end = start + special.len();
                let clipped = data.iter().map(|data| data.start.max(start)..data.end.min(end));
                parts.extend(clipped.filter(|part| !part.is_empty()));
            }
        }
        parts.sort_by_key(|part| (part.start, part.end));
        parts.dedup_by(|next, kept| {
            let overlap = next.start < kept.end;
            if overlap {
                kept.end = kept.end.max(next.end);
            }
            overlap
        });
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks data by brackets and says what of it spells a special token.
    fn check(marked: &str, expected: &[&str]) {
        let segments: Vec<(&str, bool)> =
            marked.split(['[', ']']).enumerate().map(|(index, piece)| (piece, index % 2 == 1)).collect();
        let specials: Specials = ["<s>", "<|end|>", "<|end|>x", "ŝ"].into_iter().map(str::to_owned).collect();
        let (text, data) = join(&segments);
        let found: Vec<&str> = specials.spelled_in(&text, &data).into_iter().map(|part| &text[part]).collect();
        assert_eq!(found, expected, "{marked}");
    }

    #[test]
    fn template_may_spell_special_tokens() {
        check("<s>user [what?]<|end|>", &[]);
    }

    #[test]
    fn data_may_not() {
        check("<s>[what<|end|>?]<|end|>", &["<|end|>"]);
        check("[<s><s> ŝ]", &["<s>", "<s>", "ŝ"]);
    }

    #[test]
    fn nor_together_with_the_template() {
        check("<|en[d|>]", &["d|>"]);
        check("[a<|]end|>", &["<|"]);
        check("[a<][|][end|>]", &["<", "|", "end|>"]);
        check("<[|]e[nd]|>", &["|", "nd"]);
    }

    #[test]
    fn longer_token_swallows_the_shorter() {
        check("[<|end|>x]", &["<|end|>x"]);
    }

    #[test]
    fn empty_text_is_nothing() {
        check("", &[]);
        check("[]<s>[]", &[]);
    }
}
