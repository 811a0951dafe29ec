//! An item as lm-evaluation-harness writes it: the fields of a row, under the names that the data give them.

use super::fault::Fault;
use crate::items::{Item, join};
use crate::spec::{AnswerAs, Data, ROW};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

/// Characters of a text that a message shows.
const SHOWN: usize = 60;

/// An item as a `doc`: what the data's fields hold, all as texts but the answer.
pub(super) fn of(item: &Item, data: &Data) -> Map<String, Value> {
    let mut doc = Map::new();
    let mut say = |field: &str, value: Value| {
        doc.insert(field.to_owned(), value);
    };
    let parts = data.key.iter().zip(cut(&item.key)).chain(data.group.iter().zip(cut(&item.group)));
    parts.filter(|(field, _)| *field != ROW).for_each(|(field, text)| say(field, text.into()));
    data.fields.extra.iter().zip(item.extra.values()).for_each(|((_, field), text)| say(field, text.as_str().into()));
    if let (Some(field), Some(passage)) = (&data.fields.passage, &item.passage) {
        say(field, passage.as_str().into());
    }
    say(&data.fields.question, item.question.as_str().into());
    match data.fields.options.as_slice() {
        [list] => say(list, item.options.clone().into()),
        fields => fields.iter().zip(&item.options).for_each(|(field, option)| say(field, option.as_str().into())),
    }
    say(&data.fields.answer, answer(item, data.fields.answer_as));
    doc
}

/// The gold answer as the data write it.
fn answer(item: &Item, form: AnswerAs) -> Value {
    match form {
        AnswerAs::Number => (item.answer + 1).into(),
        AnswerAs::Index => item.answer.into(),
        AnswerAs::Letter => u8::try_from(item.answer).map_or('?', |at| char::from(b'A' + at)).to_string().into(),
        AnswerAs::Text => item.options[item.answer].as_str().into(),
    }
}

/// The texts that [`join`] made a key of.
fn cut(key: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut characters = key.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            '|' => {
                texts.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(text) = texts.last_mut() {
            text.push(character);
        }
    }
    texts
}

/// Finds the items that docs mean.
pub(super) struct Finder<'a> {
    data: &'a Data,
    by_key: BTreeMap<&'a str, &'a Item>,
    by_question: BTreeMap<&'a str, Vec<&'a Item>>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(items: &'a [Item], data: &'a Data) -> Self {
        let by_key = items.iter().map(|item| (item.key.as_str(), item)).collect();
        let mut by_question: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
        for item in items {
            by_question.entry(&item.question).or_default().push(item);
        }
        Self { data, by_key, by_question }
    }

    /// The item with that key.
    pub(super) fn key(&self, key: &str) -> Result<&'a Item, Fault> {
        self.by_key.get(key).copied().ok_or_else(|| {
            let near = crate::spec::nearest(key, self.by_key.keys().copied());
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Fault::UnknownKey { key: key.to_owned(), near }
        })
    }

    /// The item that a doc is: by the fields of the key, else by its texts. Whatever else the doc says must be as the data
    /// say it, or the model was asked something else.
    pub(super) fn doc(&self, doc: &Map<String, Value>) -> Result<&'a Item, Fault> {
        let key: Option<Vec<String>> = self.data.key.iter().map(|field| plain(doc.get(field)?)).collect();
        let item = match key {
            Some(key) => self.key(&join(key.into_iter()))?,
            None => self.question(doc)?,
        };
        self.same(doc, item)?;
        Ok(item)
    }

    fn question(&self, doc: &Map<String, Value>) -> Result<&'a Item, Fault> {
        let fields = &self.data.fields;
        let question = doc.get(&fields.question).and_then(plain).ok_or_else(|| Fault::OtherFields {
            key: quoted(&self.data.key),
            question: format!("`{}`", fields.question),
            present: quoted(doc.keys()),
        })?;
        let passage = fields.passage.as_ref().and_then(|field| plain(doc.get(field)?));
        let mut found: Vec<&Item> = self.by_question.get(question.as_str()).cloned().unwrap_or_default();
        found.retain(|item| passage.is_none() || item.passage == passage);
        match found.as_slice() {
            [item] => Ok(item),
            [] => Err(Fault::UnknownQuestion { question: start(&question) }),
            several => {
                let (count, key) = (several.len(), quoted(&self.data.key));
                Err(Fault::SeveralItems { count, question: start(&question), key })
            }
        }
    }

    fn same(&self, doc: &Map<String, Value>, item: &Item) -> Result<(), Fault> {
        let fields = &self.data.fields;
        let differs = |field: &str, doc: &str, data: &str| {
            let (doc, data) = (start(doc), start(data));
            Err(Fault::Differs { item: item.key.clone(), field: field.to_owned(), doc, data })
        };
        let passage = fields.passage.iter().zip(&item.passage);
        let options = fields.options.iter().zip(&item.options).filter(|_| fields.options.len() > 1);
        let answer = shown(&answer(item, fields.answer_as));
        let extra = fields.extra.values().zip(item.extra.values());
        let texts = passage.chain([(&fields.question, &item.question)]).chain(options).chain(extra);
        for (field, data) in texts.chain([(&fields.answer, &answer)]) {
            if let Some(value) = doc.get(field)
                && plain(value).as_ref() != Some(data)
            {
                return differs(field, &shown(value), data);
            }
        }
        if let [field] = fields.options.as_slice()
            && let Some(value) = doc.get(field)
        {
            let texts: Option<Vec<String>> = value.as_array().and_then(|list| list.iter().map(plain).collect());
            if texts.as_ref() != Some(&item.options) {
                return differs(field, &shown(value), &Value::from(item.options.clone()).to_string());
            }
        }
        Ok(())
    }
}

/// A text or a whole number as items hold it.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.nfc().collect()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// Names of fields in a sentence.
pub(super) fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn shown(value: &Value) -> String {
    plain(value).unwrap_or_else(|| value.to_string())
}

fn start(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
