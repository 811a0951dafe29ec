//! `[conditions]`.

use super::{ADAPTER, Context, MODE};
use crate::spec::Condition;
use crate::spec::suggest::listed;
use crate::spec::tree::{Entry, Table};

const USUAL: &str = "direct";

pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<Condition> {
    let conditions = cx.root.sorted("conditions").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let adapter = table.word("adapter").filter(|adapter| cx.known(ADAPTER, *adapter));
        Some(Condition {
            name: entry.key.clone(),
            adapter: adapter.map(|word| word.text.to_owned()),
            modes: modes(entry, table, cx),
        })
    });
    conditions.collect()
}

fn modes(entry: &Entry, table: &Table, cx: &mut Context<'_>) -> Vec<String> {
    let known = cx.root.names("modes");
    let Some(node) = table.get("modes") else {
        if known.contains(&USUAL) {
            return vec![USUAL.to_owned()];
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
        if !cx.known(MODE, word) {
            continue;
        }
        if modes.iter().any(|mode| mode == word.text) {
            cx.faults.at(word.place, format!("`{}` is listed twice", word.text)).label("again");
        }
        modes.push(word.text.to_owned());
    }
    modes
}
