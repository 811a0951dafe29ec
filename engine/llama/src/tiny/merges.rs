//! Learns a byte-level vocabulary from a text, as published ones were learnt: again and again the two tokens that stand
//! side by side most often become one (Sennrich, Haddow, Birch 2016).

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Merges learnt.
const COUNT: usize = 300;

/// A few sentences in the languages of tests: Latin, Arabic, Hebrew and Ethiopic script.
const TEXT: &str = include_str!("text.txt");

/// The vocabulary of the tiny model, learnt once in a process.
pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::learn(TEXT, COUNT));

/// Tokens without the special ones, and how they come about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Vocabulary {
    /// The bytes, in order, and what they merge to.
    pub(super) tokens: Vec<String>,
    /// Pairs of tokens that merge, in order of preference, with a space between the two.
    pub(super) merges: Vec<String>,
}

impl Vocabulary {
    fn learn(text: &str, count: usize) -> Self {
        let tokens = (0..=u8::MAX).map(|byte| byte_character(byte).to_string()).collect();
        let mut vocabulary = Self { tokens, merges: Vec::new() };
        let mut words = words(text);
        while vocabulary.merges.len() < count {
            let Some((left, right)) = most_frequent(&words) else { break };
            let merged = vocabulary.merge(left, right);
            words.iter_mut().for_each(|(word, _)| replace(word, (left, right), merged));
        }
        vocabulary
    }

    /// The same words as SentencePiece writes them, behind a token for each byte, and their kinds.
    pub(super) fn as_sentence_piece(&self) -> (Vec<String>, Vec<i32>) {
        let mut tokens = vec!["<unk>".to_owned()];
        tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
        let mut kinds = vec![super::BYTE; tokens.len()];
        kinds[0] = super::UNKNOWN;
        let bytes: BTreeMap<char, u8> = (0..=u8::MAX).map(|byte| (byte_character(byte), byte)).collect();
        let words = self.tokens.iter().filter_map(|token| {
            let bytes = token.chars().map(|character| bytes[&character]).collect();
            String::from_utf8(bytes).ok().map(|text| text.replace(' ', "▁"))
        });
        tokens.extend(words);
        kinds.resize(tokens.len(), super::NORMAL);
        (tokens, kinds)
    }

    /// Adds a merge and returns its token, which may be there already: `ab` and `c` spell what `a` and `bc` do.
    fn merge(&mut self, left: usize, right: usize) -> usize {
        let (left, right) = (&self.tokens[left], &self.tokens[right]);
        self.merges.push(format!("{left} {right}"));
        let merged = format!("{left}{right}");
        self.tokens.iter().position(|token| *token == merged).unwrap_or_else(|| {
            self.tokens.push(merged);
            self.tokens.len() - 1
        })
    }
}

/// The words of a text as tokens, a byte each, with the space before them, and how often each stands there. A word is
/// letters, or digits, or neither: roughly what GPT-2's pattern cuts a text into.
fn words(text: &str) -> Vec<(Vec<usize>, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let kind = |character: char| (character.is_alphabetic(), character.is_numeric());
    for word in text.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (index, part) in characters.chunk_by(|one, next| kind(*one) == kind(*next)).enumerate() {
            let space = if index == 0 { " " } else { "" };
            *counts.entry(space.chars().chain(part.iter().copied()).collect()).or_default() += 1;
        }
    }
    counts.into_iter().map(|(word, count)| (word.bytes().map(usize::from).collect(), count)).collect()
}

/// The pair that stands in the words most often; of several, the first by number.
fn most_frequent(words: &[(Vec<usize>, usize)]) -> Option<(usize, usize)> {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (word, count) in words {
        for pair in word.windows(2) {
            *counts.entry((pair[0], pair[1])).or_default() += count;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(pair, _)| pair)
}

/// Puts `merged` wherever the pair stands in the word.
fn replace(word: &mut Vec<usize>, (left, right): (usize, usize), merged: usize) {
    let mut at = 0;
    while at + 1 < word.len() {
        if (word[at], word[at + 1]) == (left, right) {
            word.splice(at..at + 2, [merged]);
        }
        at += 1;
    }
}

/// How byte-level vocabularies write a byte: GPT-2's `bytes_to_unicode`.
fn byte_character(byte: u8) -> char {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|byte| !printable(*byte)).count();
    u32::try_from(256 + before).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(text: &str, merges: &[&str]) {
        assert_eq!(Vocabulary::learn(text, merges.len()).merges, merges, "{text}");
    }

    #[test]
    fn most_frequent_pair_merges_first() {
        check("low low lower", &["Ġ l", "o w", "Ġl ow"]);
        check("blow low slow", &["l o", "lo w", "Ġ b"]);
        check("aaaa", &["a a", "Ġ aa", "Ġaa aa"]);
    }

    #[test]
    fn words_do_not_merge_across_kinds() {
        check("ab1 ab1", &["Ġ a", "Ġa b"]);
        assert_eq!(Vocabulary::learn("ab1 ab1", 9).merges.len(), 2);
    }

    #[test]
    fn every_token_is_there_once() {
        let tokens: BTreeSet<&String> = VOCABULARY.tokens.iter().collect();
        assert_eq!(tokens.len(), VOCABULARY.tokens.len());
        assert_eq!(VOCABULARY.merges.len(), COUNT);
    }
}
