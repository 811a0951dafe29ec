//! Adapters that learned from different languages, by source and target.

use super::{ITEMS_ONLY, interval_head, items_only, seed_note};
use crate::points::{brackets, p_value, points};
use crate::sheet::{Field, Head, Row, Sheet, short};
use xlt_core::analysis::{Source, SourcesByTargets, Target};
use xlt_core::results::{LEVEL, Results};

/// Behind the gain of a target from a source that it is related to.
const RELATED: &str = " •";

/// Nothing with fewer than two such adapters.
pub(crate) fn sources(results: &Results) -> Option<Sheet> {
    let all = &results.analysis.sources;
    let mut conditions: Vec<&Source> = Vec::new();
    for source in all.iter().flat_map(|table| &table.sources) {
        if !conditions.iter().any(|known| known.condition == source.condition) {
            conditions.push(source);
        }
    }
    let words = ["Target", "Model", "Mode"].map(Head::words).into_iter();
    let of_sources = conditions.iter().map(|source| Head::Numbers(format!("{} ({})", source.condition, names(source))));
    (!all.is_empty()).then(|| Sheet {
        title: "Sources by targets",
        about: "Gains over the same items in languages that no adapter learned from, in points: a column for each adapter with the \
                languages that it learned from, • where the target is of their family. The effect of a target is its mean gain less \
                that of all; in the last line of each table stands the same of each source."
            .to_owned(),
        heads: words.chain([Head::numbers("Target effect")]).chain(of_sources).collect(),
        rows: all.iter().flat_map(|table| rows(table, &conditions)).collect(),
        notes: Vec::new(),
    })
}

fn names(source: &Source) -> String {
    source.languages.iter().map(|code| short(code)).collect::<Vec<_>>().join(" and ")
}

fn rows(table: &SourcesByTargets, conditions: &[&Source]) -> Vec<Row> {
    let place = |condition: &&Source| table.sources.iter().position(|source| source.condition == condition.condition);
    let of = |found: &dyn Fn(usize) -> String| -> Vec<String> {
        conditions.iter().map(|condition| place(condition).map(found).unwrap_or_default()).collect()
    };
    let names = || [table.model.clone(), table.mode.clone()].into_iter();
    let row = |target: &Target| {
        let gain = |at: usize| format!("{}{}", points(target.gains[at]), if target.related[at] { RELATED } else { "" });
        Row::of_language(&target.language, names().chain([points(target.effect)]).chain(of(&gain)))
    };
    let effects = names().chain([String::new()]).chain(of(&|at| points(table.sources[at].effect.value)));
    let mut last = Row::new(effects);
    last.fields.insert(0, Field::Text("source effect".to_owned()));
    table.targets.iter().map(row).chain([last]).collect()
}

/// What targets gain more from the source that they are related to; nothing where none is related to one source and not to another.
pub(crate) fn advantage(results: &Results) -> Option<Sheet> {
    let rows: Vec<Row> = results.analysis.sources.iter().flat_map(|table| tests(results, table)).collect();
    let words = ["Model", "Mode", "Sources", "Speaks of"].map(Head::words).into_iter();
    let numbers = ["Advantage", &interval_head(), "p"].map(Head::numbers);
    (!rows.is_empty()).then(|| Sheet {
        title: "The matched source’s advantage",
        about: "How much more a target gains from a source of its family than from the others, beyond what the source does everywhere and \
                the target gains from all: the interaction of the table above, in points. The baseline cancels. Over languages it is \
                held against the spread of the gains beyond sources and targets."
            .to_owned(),
        heads: words.chain(numbers).collect(),
        notes: seed_note(&rows),
        rows,
    })
}

fn tests(results: &Results, table: &SourcesByTargets) -> Vec<Row> {
    let Some(found) = &table.matched else { return Vec::new() };
    let SourcesByTargets { model, mode, sources, .. } = table;
    let listed = sources.iter().map(|source| source.condition.clone()).collect::<Vec<_>>().join(", ");
    let one_seed = sources.iter().any(|source| items_only(results, model, &source.condition));
    let mark = if one_seed { ITEMS_ONLY } else { "" };
    let languages = found.over_languages.map(|found| {
        ["languages".to_owned(), points(found.value), brackets(found.interval(LEVEL)), p_value(found.p())]
    });
    let items = [
        "items".to_owned(),
        points(found.over_items.value),
        format!("{}{mark}", brackets(found.interval)),
        p_value(found.over_items.student().and_then(|found| found.p())),
    ];
    let row = |(at, fields): (usize, [String; 4])| {
        let names = if at > 0 { Default::default() } else { [model.clone(), mode.clone(), listed.clone()] };
        Row { continues: at > 0, ..Row::new(names.into_iter().chain(fields)) }
    };
    languages.into_iter().chain([items]).enumerate().map(row).collect()
}
