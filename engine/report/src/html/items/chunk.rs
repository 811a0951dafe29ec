//! What one language's chunk holds: lists rather than objects, so that equal things stand side by side and pack well.

use super::texts::{Limit, cut};
use serde::Serialize;
use std::collections::BTreeMap;
use xlt_core::answers::{Answer, Ended, Generated, Written};
use xlt_core::evidence::{Behind, Sheet};
use xlt_core::exact::{Exact, Piece, Place};

/// A language. Lists of a cell are in the order of the items.
#[derive(Serialize)]
pub(super) struct Chunk<'a> {
    items: Vec<Question<'a>>,
    /// Prompts and forms of prompts, each once.
    prompts: Vec<Vec<Part<'a>>>,
    /// In the order of the columns.
    cells: Vec<Option<Cell<'a>>>,
}

#[derive(Serialize)]
struct Question<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    passage: Option<&'a str>,
    question: &'a str,
    options: &'a [String],
    gold: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: &'a BTreeMap<String, String>,
}

/// A list that is left out is one of nothings.
#[derive(Serialize)]
struct Cell<'a> {
    labels: &'a [Option<String>],
    /// The predicted option; -1: no answer was found; -2: the item was not asked.
    chosen: Vec<i64>,
    /// Log-probability of each option, in thousandths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logprobs: Vec<Vec<Option<i64>>>,
    /// Probability of the labels together, in thousandths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mass: Vec<Option<i64>>,
    /// Tokens, bytes and characters of each option's text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lengths: Vec<Option<Vec<[u32; 3]>>>,
    /// The likeliest token of all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    likeliest: Vec<Option<&'a str>>,
    /// Tokens of the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<u32>,
    /// What each order of the options predicted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    orders: Vec<&'a [usize]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning: Vec<Option<Text<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    generated: Vec<Option<Said<'a>>>,
    /// Number of the form of its prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<usize>,
    /// Numbers of the prompts that are whole, by place of the item.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    whole: BTreeMap<usize, usize>,
    /// Numbers of what leads from reasoning to the answer, where the model ended it and otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead: Option<[usize; 2]>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
    tokens: u32,
    ended: Ended,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    written: Text<'a>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    /// Where the answer was read, in UTF-16 units, as the script counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<[usize; 2]>,
}

/// A piece of a prompt, in the fewest letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part<'a> {
    #[serde(rename = "t")]
    Text(&'a str),
    #[serde(rename = "s")]
    Special(&'a str),
    /// `key`, `passage`, `question`, or the index of an option.
    #[serde(rename = "p")]
    Place(String),
    /// Name of a further field.
    #[serde(rename = "e")]
    Extra(&'a str),
}

/// What is shown of a language.
pub(super) fn chunk<'a>(sheet: &'a Sheet<'a>, limit: Limit) -> Chunk<'a> {
    let mut prompts = Prompts::default();
    let cells = sheet.cells.iter().map(|behind| behind.as_ref().map(|behind| cell(sheet, behind, limit, &mut prompts)));
    let cells = cells.collect();
    let question = |item: &'a xlt_core::items::Item| Question {
        key: &item.key,
        passage: item.passage.as_deref(),
        question: &item.question,
        options: &item.options,
        gold: item.answer,
        extra: &item.extra,
    };
    Chunk { items: sheet.items.iter().map(question).collect(), prompts: prompts.all, cells }
}

fn cell<'a>(sheet: &'a Sheet<'a>, behind: &'a Behind<'a>, limit: Limit, prompts: &mut Prompts<'a>) -> Cell<'a> {
    let answers: Vec<Option<&'a Answer>> = behind.answers.clone();
    let chosen = |answer: &Option<&Answer>| match answer {
        None => -2,
        Some(answer) => answer.prediction.map_or(-1, |option| option as i64),
    };
    let exact = behind.exact.as_ref();
    let whole = exact.filter(|_| limit.prompts).map(|exact| whole(sheet, exact, prompts)).unwrap_or_default();
    let form = exact.filter(|exact| !exact.form.is_empty()).map(|exact| prompts.number(&exact.form));
    let lead = exact.and_then(|exact| exact.lead.as_ref());
    Cell {
        labels: &behind.labels,
        chosen: answers.iter().map(chosen).collect(),
        logprobs: some(
            &answers,
            |answer| answer.logprobs.iter().map(|&number| thousandths(number)).collect(),
            Vec::is_empty,
        ),
        mass: some(&answers, |answer| answer.answer_mass.and_then(thousandths), Option::is_none),
        lengths: some(&answers, lengths, Option::is_none),
        likeliest: some(&answers, |answer| (answer.argmax_token >= 0).then_some(&*answer.argmax_text), Option::is_none),
        tokens: some(&answers, |answer| answer.n_tokens, |&tokens| tokens == 0),
        orders: some(&answers, |answer| &*answer.orders, |orders| orders.is_empty()),
        reasoning: some(&answers, |answer| answer.reasoning.as_ref().map(|text| written(text, limit)), Option::is_none),
        generated: some(&answers, |answer| answer.generated.as_ref().map(|text| said(text, limit)), Option::is_none),
        form,
        whole,
        lead: lead.map(|lead| [prompts.number(&lead.after_end), prompts.number(&lead.after_cut)]),
    }
}

/// Of each answer one thing; nothing at all where all of them are `nothing`.
fn some<'a, T: Default>(
    answers: &[Option<&'a Answer>],
    of: impl Fn(&'a Answer) -> T,
    nothing: impl Fn(&T) -> bool,
) -> Vec<T> {
    let all: Vec<T> = answers.iter().map(|answer| answer.map(&of).unwrap_or_default()).collect();
    if all.iter().all(nothing) { Vec::new() } else { all }
}

/// `None` for a number that is none.
fn thousandths(number: f64) -> Option<i64> {
    number.is_finite().then(|| (number * 1000.0).round() as i64)
}

fn lengths(answer: &Answer) -> Option<Vec<[u32; 3]>> {
    let texts = answer.texts.as_ref()?;
    Some(texts.iter().map(|length| [length.tokens, length.bytes, length.characters]).collect())
}

fn written(written: &Written, limit: Limit) -> Text<'_> {
    let (text, cut) = cut(&written.text, limit.texts);
    Text { text, tokens: written.tokens, ended: written.ended, cut }
}

fn said(generated: &Generated, limit: Limit) -> Said<'_> {
    let Generated { written: whole, extraction } = generated;
    let units = |at: usize| whole.text.get(..at).map(|before| before.encode_utf16().count());
    let span = extraction.span.as_ref().and_then(|span| Some([units(span.start)?, units(span.end)?]));
    let rule = extraction.rule.map(xlt_core::extract::Rule::word);
    Said { written: written(whole, limit), outcome: extraction.outcome.word(), rule, span }
}

fn whole<'a>(sheet: &Sheet<'a>, exact: &'a Exact, prompts: &mut Prompts<'a>) -> BTreeMap<usize, usize> {
    let whole = sheet.items.iter().enumerate();
    whole.filter_map(|(at, item)| Some((at, prompts.number(exact.whole.get(&item.key)?)))).collect()
}

/// Prompts by number, each once.
#[derive(Default)]
struct Prompts<'a> {
    all: Vec<Vec<Part<'a>>>,
    numbers: BTreeMap<&'a [Piece], usize>,
}

impl<'a> Prompts<'a> {
    fn number(&mut self, pieces: &'a [Piece]) -> usize {
        *self.numbers.entry(pieces).or_insert_with(|| {
            self.all.push(pieces.iter().map(part).collect());
            self.all.len() - 1
        })
    }
}

fn part(piece: &Piece) -> Part<'_> {
    match piece {
        Piece::Text(text) => Part::Text(text),
        Piece::Special(text) => Part::Special(text),
        Piece::Place(Place::Key) => Part::Place("key".to_owned()),
        Piece::Place(Place::Passage) => Part::Place("passage".to_owned()),
        Piece::Place(Place::Question) => Part::Place("question".to_owned()),
        Piece::Place(Place::Option(option)) => Part::Place(option.to_string()),
        Piece::Place(Place::Extra(name)) => Part::Extra(name),
    }
}
