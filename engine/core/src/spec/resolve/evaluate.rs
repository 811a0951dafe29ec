//! `[evaluate]`.

use super::adapters::nonempty;
use super::data::{check_languages, check_part, named};
use super::families::Family;
use super::{Context, languages};
use crate::spec::tree::Table;
use crate::spec::{Data, Evaluate, Kv, LanguageGroup};

const MOST_SLOTS: u32 = 64;

pub(super) fn resolve(
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Option<Evaluate> {
    let table = cx.root.table("evaluate")?;
    let languages = table.get("languages").map(|node| (node, languages::codes(node, groups, cx)));
    let rows = table.word("data").and_then(|word| named(word, data, cx));
    if let (Some(rows), Some(part)) = (rows, table.word("part")) {
        check_part(part, rows, cx);
    }
    let (node, languages) = languages?;
    nonempty(node, &languages, cx);
    let rows = rows?;
    let examples = languages::of_examples(families.iter().flat_map(|family| &family.modes)).into_iter();
    let others = examples.filter(|code| !languages.contains(code));
    check_languages(&languages.iter().chain(others).cloned().collect::<Vec<_>>(), rows, cx);
    let usual = if rows.split.is_some() { "test" } else { "all" };
    Some(Evaluate {
        data: rows.name.clone(),
        part: table.text("part").unwrap_or_else(|| usual.to_owned()),
        languages,
        limit: table.integer("limit"),
        context: table.integer("context"),
        unit: table.integer("unit")?,
        kv: Kv::named(table.word("kv")?.text)?,
        slots: slots(table, cx)?,
        probe: table.integer("probe")?,
    })
}

fn slots(table: &Table, cx: &mut Context<'_>) -> Option<u32> {
    let slots = table.integer("slots")?;
    if slots > MOST_SLOTS {
        let node = table.get("slots")?;
        cx.faults
            .at(node.place, format!("{slots} slots are more than {MOST_SLOTS}"))
            .label("too many")
            .help("8 to 32 are fast; each needs cache for a whole text");
    }
    Some(slots)
}
