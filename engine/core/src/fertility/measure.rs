//! What one model's vocabulary makes of the languages of a data set.

use super::parity::{Difference, Parity, Seen, position};
use super::{Fertility, Passages, Premium};
use crate::items::Item;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whatever makes ids of texts.
pub trait Tokenize {
    /// Ids of a text by itself: no token is added, and what spells a special token stays text.
    ///
    /// # Errors
    /// A sentence.
    fn ids(&self, text: &str) -> Result<Vec<u32>, String>;

    /// What a token adds to a text.
    fn text(&self, id: u32) -> String;
}

/// What a model's vocabulary makes of the languages: the artifact of a fertility stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fertilities {
    /// Language that premiums are over.
    pub reference: Option<String>,
    /// Sorted by language code.
    pub languages: Vec<LanguageFertility>,
}

/// What it makes of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageFertility {
    /// Language code.
    pub language: String,
    /// Tokens that it needs.
    pub fertility: Fertility,
    /// These beside the reference's; `None` without a reference, and where no passage is parallel.
    pub premium: Option<Premium>,
    /// Ids beside those of the model's own tokenizer, where that is named.
    pub parity: Option<Parity>,
}

/// Counts the tokens of the passages, each once (of data without passages: of the questions), and, beside a tokenizer, compares
/// the ids of all passages, questions and options.
///
/// # Errors
/// A sentence: a text that cannot be tokenized, with its place; a language without any text.
pub fn measure(
    rows: &[(String, Vec<Item>)],
    vocabulary: &dyn Tokenize,
    tokenizer: Option<&dyn Tokenize>,
    reference: Option<&str>,
) -> Result<Fertilities, String> {
    let mut rows: Vec<(&str, Vec<&Item>)> =
        rows.iter().map(|(language, items)| (language.as_str(), items.iter().collect())).collect();
    rows.sort_by_key(|(language, _)| *language);
    rows.iter_mut().for_each(|(_, items)| items.sort_by_key(|item| &item.key));
    let counted: Vec<Passages> = rows.iter().map(|(_, items)| passages(items, vocabulary)).collect::<Result<_, _>>()?;
    let over = rows.iter().position(|(language, _)| Some(*language) == reference).map(|at| &counted[at]);
    let language = |((language, items), passages): (&(&str, Vec<&Item>), &Passages)| {
        Ok(LanguageFertility {
            language: (*language).to_owned(),
            fertility: passages.fertility().ok_or_else(|| format!("the rows of {language} have no text"))?,
            premium: over.and_then(|reference| passages.premium_over(reference)),
            parity: tokenizer.map(|tokenizer| parity(items, vocabulary, tokenizer)).transpose()?,
        })
    };
    let languages = rows.iter().zip(&counted).map(language).collect::<Result<_, String>>()?;
    Ok(Fertilities { reference: reference.map(str::to_owned), languages })
}

fn passages(items: &[&Item], vocabulary: &dyn Tokenize) -> Result<Passages, String> {
    let mut passages = Passages::default();
    for item in items {
        let (key, field, text) = match &item.passage {
            Some(passage) => (&item.group, "passage", passage),
            None => (&item.key, "question", &item.question),
        };
        if !passages.has(key) {
            passages.add(key, text, ids(vocabulary, item, field, text)?.len());
        }
    }
    Ok(passages)
}

/// Each text once, however many items have it.
fn parity(items: &[&Item], vocabulary: &dyn Tokenize, tokenizer: &dyn Tokenize) -> Result<Parity, String> {
    let mut parity = Parity::default();
    let mut seen = BTreeSet::new();
    for item in items {
        for (field, text) in texts(item).filter(|(_, text)| seen.insert(*text)) {
            let (model, own) = (ids(vocabulary, item, &field, text)?, ids(tokenizer, item, &field, text)?);
            parity.texts += 1;
            let Some(position) = position(&model, &own) else { continue };
            parity.differing += 1;
            parity.first.get_or_insert_with(|| Difference {
                key: item.key.clone(),
                field,
                position,
                model: token(vocabulary, &model, position),
                tokenizer: token(tokenizer, &own, position),
            });
        }
    }
    Ok(parity)
}

/// The texts of an item, and what each is of it.
fn texts(item: &Item) -> impl Iterator<Item = (String, &str)> {
    let passage = item.passage.iter().map(|text| ("passage".to_owned(), text.as_str()));
    let options = (1..).zip(&item.options).map(|(number, text)| (format!("option {number}"), text.as_str()));
    passage.chain([("question".to_owned(), item.question.as_str())]).chain(options)
}

/// Ids of a text of an item.
fn ids(of: &dyn Tokenize, item: &Item, field: &str, text: &str) -> Result<Vec<u32>, String> {
    of.ids(text).map_err(|error| format!("{field} of item {} in {}: {error}", item.key, item.language))
}

fn token(of: &dyn Tokenize, ids: &[u32], position: usize) -> Option<Seen> {
    ids.get(position).map(|&id| Seen { id, text: of.text(id) })
}

impl Fertilities {
    /// As the bytes of an artifact: indented JSON with a line feed at the end.
    ///
    /// # Errors
    /// Never: no value of it is one that JSON does not have.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// From the bytes of an artifact.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token a character, but some pairs of characters are one.
    struct Pairs(&'static [&'static str]);

    impl Tokenize for Pairs {
        fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
            let mut ids = Vec::new();
            let mut rest = text;
            while let Some(first) = rest.chars().next() {
                let pair = (0..).zip(self.0).find(|(_, pair)| rest.starts_with(**pair));
                let (id, length) = pair.map_or((u32::from(first), first.len_utf8()), |(id, pair)| (id, pair.len()));
                ids.push(id);
                rest = &rest[length..];
            }
            if text.contains('!') { Err("no `!`".to_owned()) } else { Ok(ids) }
        }

        fn text(&self, id: u32) -> String {
            let pair = self.0.get(id as usize).map(|&pair| pair.to_owned());
            pair.or_else(|| char::from_u32(id).map(String::from)).unwrap_or_default()
        }
    }

    fn item(key: &str, group: &str, passage: Option<&str>, question: &str) -> Item {
        Item {
            extra: std::collections::BTreeMap::new(),
            key: key.to_owned(),
            group: group.to_owned(),
            language: "l".to_owned(),
            passage: passage.map(str::to_owned),
            question: question.to_owned(),
            options: vec!["o".to_owned(), "abo".to_owned()],
            answer: 0,
            part: None,
        }
    }

    fn rows() -> Vec<(String, Vec<Item>)> {
        let hebrew = vec![item("p2|1", "p2", Some("abab"), "q"), item("p1|1", "p1", Some("ab"), "q")];
        let english = vec![item("p1|1", "p1", Some("xaby"), "q"), item("p1|2", "p1", Some("xaby"), "aba")];
        vec![("heb_Hebr".to_owned(), hebrew), ("eng_Latn".to_owned(), english)]
    }

    #[test]
    fn passages_count_once_and_languages_are_sorted() {
        let measured = measure(&rows(), &Pairs(&["ab"]), None, Some("heb_Hebr")).expect("tokens");
        let [english, hebrew] = measured.languages.as_slice() else { panic!("two languages") };
        assert_eq!((english.language.as_str(), english.fertility.passages), ("eng_Latn", 1));
        assert_eq!((english.fertility.per_passage(), hebrew.fertility.per_passage()), (3.0, 1.5));
        assert_eq!(english.premium, Some(Premium { passages: 1, tokens: 3, reference_tokens: 1 }));
        assert_eq!((measured.reference.as_deref(), &english.parity), (Some("heb_Hebr"), &None));
        assert_eq!(measure(&rows(), &Pairs(&[]), None, None).expect("tokens").languages[0].premium, None);
    }

    #[test]
    fn without_passages_questions_count() {
        let rows = [("l".to_owned(), vec![item("1", "1", None, "abc"), item("2", "2", None, "ab")])];
        let measured = measure(&rows, &Pairs(&["ab"]), None, None).expect("tokens");
        assert_eq!((measured.languages[0].fertility.passages, measured.languages[0].fertility.per_passage()), (2, 1.5));
    }

    #[test]
    fn ids_are_compared_and_the_first_text_that_differs_is_the_first_by_key() {
        let parity = |own| {
            let measured = measure(&rows(), &Pairs(&["ab"]), Some(&own as &dyn Tokenize), None).expect("tokens");
            measured.languages.into_iter().map(|language| language.parity.expect("compared")).collect::<Vec<_>>()
        };
        let same = Parity { texts: 5, differing: 0, first: None };
        assert_eq!(parity(Pairs(&["ab"])), [same.clone(), same]);
        // As many tokens of `xaby`, and others.
        let [english, hebrew] = parity(Pairs(&["ba", "ab"])).try_into().expect("two languages");
        assert_eq!((english.texts, english.differing, hebrew.differing), (5, 3, 3));
        let first = english.first.expect("a difference");
        assert_eq!((first.key.as_str(), first.field.as_str(), first.position), ("p1|1", "passage", 1));
        let tokens = (first.model.expect("a token"), first.tokenizer.expect("a token"));
        assert_eq!((tokens.0.id, tokens.0.text.as_str(), tokens.1.id, tokens.1.text.as_str()), (0, "ab", 1, "ab"));
        assert_eq!(hebrew.first.expect("a difference").key, "p1|1");
        // Only an option.
        let [english, _] = parity(Pairs(&["ab", "bo"])).try_into().expect("two languages");
        assert_eq!((english.differing, english.first), (0, None));
        let [english, _] = parity(Pairs(&["ab", "o"])).try_into().expect("two languages");
        let first = english.first.expect("a difference");
        assert_eq!((english.differing, first.field.as_str(), first.position), (2, "option 1", 0));
    }

    #[test]
    fn what_cannot_be_tokenized_is_told() {
        let rows = [("l".to_owned(), vec![item("1", "1", None, "a!")])];
        assert_eq!(measure(&rows, &Pairs(&[]), None, None), Err("question of item 1 in l: no `!`".to_owned()));
        assert!(measure(&[("l".to_owned(), vec![])], &Pairs(&[]), None, None).is_err());
    }

    #[test]
    fn it_is_written_and_read() {
        let measured = measure(&rows(), &Pairs(&["ab"]), Some(&Pairs(&[])), Some("eng_Latn")).expect("tokens");
        let text = measured.write().expect("JSON");
        assert_eq!(Fertilities::read(&text).expect("JSON"), measured);
        assert_eq!(text, measured.write().expect("JSON"));
    }
}
