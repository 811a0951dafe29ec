//! `[analyze]`.

use super::{CONDITION, Context, languages};
use crate::spec::languages::name_of;
use crate::spec::suggest::{listed, nearest};
use crate::spec::text::Word;
use crate::spec::tree::Table;
use crate::spec::{Ablation, Analyze, Cell, Condition, Drawn, Evaluate, Gain, LanguageGroup};

pub(super) fn resolve(
    conditions: &[Condition],
    evaluate: Option<&Evaluate>,
    groups: &[LanguageGroup],
    cx: &mut Context<'_>,
) -> Option<Analyze> {
    let table = cx.root.table("analyze")?;
    Some(Analyze {
        gain: table.table("gain").and_then(|table| gain(table, conditions, cx)),
        as_published: table.text("as_published"),
        ablation: table.table("ablation").and_then(|table| ablation(table, conditions, cx)),
        fertility: table.word("fertility").and_then(|word| reference(word, evaluate, groups, cx)),
    })
}

/// The language that premiums are over: one that is evaluated, since it takes its texts.
fn reference(
    word: Word<'_>,
    evaluate: Option<&Evaluate>,
    groups: &[LanguageGroup],
    cx: &mut Context<'_>,
) -> Option<String> {
    if groups.iter().any(|group| group.name == word.text) {
        cx.faults
            .at(word.place, format!("`{}` is a language group", word.text))
            .label("premiums are over one language")
            .help("name one of its codes");
        return None;
    }
    if name_of(word.text).is_none() {
        languages::unknown(word, &[], cx);
        return None;
    }
    let evaluated = evaluate.map(|evaluate| evaluate.languages.as_slice()).unwrap_or_default();
    if !evaluated.is_empty() && !evaluated.iter().any(|code| code == word.text) {
        cx.faults
            .at(word.place, format!("`{}` is not evaluated", word.text))
            .label("not among `evaluate.languages`")
            .help(format!("add it there, or name another language: {}", listed_owned(evaluated)));
    }
    Some(word.text.to_owned())
}

fn gain(table: &Table, conditions: &[Condition], cx: &mut Context<'_>) -> Option<Gain> {
    let mut condition = |key| {
        let word = table.word(key).filter(|word| cx.known(CONDITION, *word))?;
        Some((word, conditions.iter().find(|condition| condition.name == word.text)?))
    };
    let (of, over) = (condition("of"), condition("over"));
    if let (Some((word, of)), Some((_, over))) = (of, over) {
        if of.name == over.name {
            cx.faults
                .at(word.place, format!("the gain of `{}` over itself is zero", of.name))
                .label("the same condition");
        } else if !of.modes.iter().any(|mode| over.modes.contains(mode))
            && !of.modes.is_empty()
            && !over.modes.is_empty()
        {
            cx.faults
                .at(word.place, format!("`{}` and `{}` have no mode in common", of.name, over.name))
                .label("a gain is taken within a mode")
                .help(format!("give `{}` one of {}", over.name, listed_owned(&of.modes)));
        }
    }
    Some(Gain {
        of: of?.1.name.clone(),
        over: over?.1.name.clone(),
        test: table.text("test")?,
        interval: Drawn::named(table.word("interval")?.text)?,
    })
}

fn ablation(table: &Table, conditions: &[Condition], cx: &mut Context<'_>) -> Option<Ablation> {
    let words = table.get("compare").map(|node| node.words().collect::<Vec<_>>()).unwrap_or_default();
    let compare = words.into_iter().filter_map(|word| cell(word, conditions, cx)).collect();
    Some(Ablation { compare, over: cell(table.word("over")?, conditions, cx)? })
}

/// `CONDITION/MODE`.
fn cell(word: Word<'_>, conditions: &[Condition], cx: &mut Context<'_>) -> Option<Cell> {
    let Some((condition, mode)) = word.text.split_once('/') else {
        cx.faults
            .at(word.place, format!("`{}` is not a cell", word.text))
            .label("has no `/`")
            .help("a cell is a condition and a mode, `CONDITION/MODE`");
        return None;
    };
    let place = cx.texts.inside(word.place, word.text, 0..condition.len());
    if !cx.known(CONDITION, Word { text: condition, place }) {
        return None;
    }
    let found = conditions.iter().find(|known| known.name == condition)?;
    if !found.modes.iter().any(|known| known == mode) {
        let range = condition.len() + 1..word.text.len();
        let fault = cx.faults.at(
            cx.texts.inside(word.place, word.text, range),
            format!("condition `{condition}` is not asked in mode `{mode}`"),
        );
        fault.label("not one of its modes");
        match nearest(mode, found.modes.iter().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{condition}/{near}`?")),
            None => fault.help(format!("its modes: {}", listed_owned(&found.modes))),
        };
        return None;
    }
    Some(Cell { condition: condition.to_owned(), mode: mode.to_owned() })
}

fn listed_owned(names: &[String]) -> String {
    listed(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
