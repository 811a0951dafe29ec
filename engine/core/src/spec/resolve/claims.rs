//! `[[claims]]`.

use std::ops::Range;

use super::estimate::{self, Expected};
use super::languages::{RESERVED, unknown};
use super::{CONDITION, Context};
use crate::spec::languages::name_of;
use crate::spec::text::Word;
use crate::spec::tree::{Entry, Node, Table};
use crate::spec::{Claim, Estimate, Evaluate, Expect, LanguageGroup, Population, Quantity, Term};

pub(super) fn resolve(evaluate: Option<&Evaluate>, groups: &[LanguageGroup], cx: &mut Context<'_>) -> Vec<Claim> {
    let Some(list) = cx.root.get("claims") else { return Vec::new() };
    if cx.root.get("evaluate").is_none() && !list.items().is_empty() {
        cx.faults
            .at(list.items()[0].place, "claims without `[evaluate]`")
            .label("nothing is measured")
            .help("add `[evaluate]`, or leave the claims out");
    }
    let claims = list.items().iter().filter_map(|node| {
        let table = node.table()?;
        let estimate = table.word("estimate").and_then(|word| read(word, evaluate, groups, cx));
        let expect = table.get("expect").and_then(|node| expect(node, cx));
        Some(Claim {
            text: table.text("text")?,
            estimate: estimate?,
            expect: expect?,
            over: Population::named(table.word("over")?.text)?,
        })
    });
    claims.collect()
}

fn read(
    word: Word<'_>,
    evaluate: Option<&Evaluate>,
    groups: &[LanguageGroup],
    cx: &mut Context<'_>,
) -> Option<Estimate> {
    let terms = match estimate::parse(word.text) {
        Ok(terms) => terms,
        Err(Expected { at, what }) => {
            cx.faults
                .at(cx.texts.inside(word.place, word.text, at), "malformed estimate")
                .label(format!("expected {what}"))
                .help("write for example `gain(tuned, relatives) - gain(tuned, controls)`");
            return None;
        }
    };
    for term in &terms {
        let place = |range: &Range<usize>| cx.texts.inside(word.place, word.text, range.clone());
        let condition = Word { text: term.condition.0, place: place(&term.condition.1) };
        let languages = Word { text: term.languages.0, place: place(&term.languages.1) };
        let whole = place(&term.span);
        cx.known(CONDITION, condition);
        check_languages(languages, evaluate, groups, cx);
        let gain = cx.root.table("analyze").and_then(|analyze| analyze.get("gain"));
        if term.quantity == Quantity::Gain && gain.is_none() {
            cx.faults
                .at(whole, "a gain over what?")
                .label("needs a baseline")
                .help("add `gain = { of = \"CONDITION\", over = \"CONDITION\" }` to `[analyze]`");
        }
    }
    let terms = terms.into_iter().map(|term| Term {
        negative: term.negative,
        quantity: term.quantity,
        condition: term.condition.0.to_owned(),
        languages: term.languages.0.to_owned(),
    });
    Some(Estimate { terms: terms.collect() })
}

/// A group, a code or a reserved word, of which something is evaluated.
fn check_languages(word: Word<'_>, evaluate: Option<&Evaluate>, groups: &[LanguageGroup], cx: &mut Context<'_>) {
    if RESERVED.contains(&word.text) {
        let trains = |entry: &Entry| entry.node.table().is_some_and(|table| table.get("train_on").is_some());
        if word.text != "all" && !cx.root.sorted("adapters").into_iter().any(trains) {
            cx.faults
                .at(word.place, format!("`{}` of what?", word.text))
                .label("relatedness is to the languages that an adapter is trained on")
                .help("without an adapter that is trained here, name a language group");
        }
        return;
    }
    let codes: &[String] = match groups.iter().find(|group| group.name == word.text) {
        Some(group) => &group.codes,
        None if name_of(word.text).is_some() => &[word.text.to_owned()],
        None => return unknown(word, groups, cx),
    };
    if let Some(evaluate) = evaluate
        && !codes.is_empty()
        && !codes.iter().any(|code| evaluate.languages.contains(code))
    {
        cx.faults
            .at(word.place, format!("`{}` is not evaluated", word.text))
            .label("not among `evaluate.languages`")
            .help("add it there, or name another group");
    }
}

fn expect(node: &Node, cx: &mut Context<'_>) -> Option<Expect> {
    let table: &Table = node.table()?;
    let forms = [
        table.number("below").map(Expect::Below),
        table.number("above").map(Expect::Above),
        table.number("within").map(Expect::Within),
    ];
    let mut found = forms.into_iter().flatten();
    let first = found.next();
    if table.entries.is_empty() || found.next().is_some() {
        cx.faults
            .at(node.place, "`expect` needs one of `below`, `above` and `within`")
            .label(if first.is_some() { "more than one" } else { "none of them" })
            .help("two bounds around zero are `within`; two other bounds are two claims");
    }
    first
}
