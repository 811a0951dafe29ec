//! `[conditions]`.

use super::families::{self, Family};
use super::{ADAPTER, Context};
use crate::spec::Condition;
use crate::spec::suggest::listed;
use crate::spec::tree::{Entry, Table};

const USUAL: &str = "direct";

pub(super) fn resolve(families: &[Family], cx: &mut Context<'_>) -> Vec<Condition> {
    let conditions = cx.root.sorted("conditions").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let adapter = table.word("adapter").filter(|adapter| cx.known(ADAPTER, *adapter));
        Some(Condition {
            name: entry.key.clone(),
            adapter: adapter.map(|word| word.text.to_owned()),
            modes: modes(entry, table, families, cx),
        })
    });
    conditions.collect()
}

fn modes(entry: &Entry, table: &Table, families: &[Family], cx: &mut Context<'_>) -> Vec<String> {
    let known = cx.root.names("modes");
    let Some(node) = table.get("modes") else {
        if let Some(usual) = families.iter().find(|family| family.name == USUAL) {
            return usual.modes.iter().map(|mode| mode.name.clone()).collect();
        }
        // Without any mode the lack of `[modes]` is the fault.
        if !known.is_empty() {
            cx.faults
                .at(entry.node.place, format!("condition `{}` does not say in which modes it is asked", entry.key))
                .label("has no `modes`")
                .help(format!("add `modes`, a list of some of {}", listed(&known)));
        }
        return Vec::new();
    };
    if node.items().is_empty() {
        cx.faults.at(node.place, format!("condition `{}` has no modes", entry.key)).label("empty");
    }
    let mut modes: Vec<String> = Vec::new();
    for word in node.words() {
        let named = families::named(word, families, cx);
        if let Some(mode) = named.iter().find(|mode| modes.contains(mode)) {
            cx.faults.at(word.place, format!("`{mode}` is listed twice")).label("again");
        }
        modes.extend(named);
    }
    modes
}
