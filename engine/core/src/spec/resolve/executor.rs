//! `[executor]`: where stages run.

use super::Context;
use super::limits::memory;
use crate::duration;
use crate::spec::tree::{Node, Table};
use crate::spec::{Executor, ExecutorKind};

pub(super) fn resolve(cx: &mut Context<'_>) -> Executor {
    let Some(table) = cx.root.table("executor") else { return Executor::default() };
    let usual = Executor::default();
    gres(table, cx);
    one_line(table, cx);
    Executor {
        kind: table.word("kind").and_then(|word| ExecutorKind::named(word.text)).unwrap_or(usual.kind),
        partition: table.text("partition"),
        account: table.text("account"),
        time: seconds(table, "time", cx).unwrap_or(usual.time),
        gres: table.text("gres").unwrap_or(usual.gres),
        cores: table.integer("cores").unwrap_or(usual.cores),
        memory: memory(table, cx).unwrap_or(usual.memory),
        tasks: table.integer("tasks").unwrap_or(usual.tasks),
        idle: seconds(table, "idle", cx).unwrap_or(usual.idle),
        modules: table.texts("modules"),
        container: table.texts("container"),
        program: table.text("program"),
        options: table.texts("options"),
    }
}

/// What `[executor]` says where it is left out, or says less.
impl Default for Executor {
    fn default() -> Self {
        Self {
            kind: ExecutorKind::Local,
            partition: None,
            account: None,
            time: 4 * 60 * 60,
            gres: "gpu:{gpus}".to_owned(),
            cores: 4,
            memory: 4_000_000_000,
            tasks: 8,
            idle: 120,
            modules: Vec::new(),
            container: Vec::new(),
            program: None,
            options: Vec::new(),
        }
    }
}

fn seconds(table: &Table, key: &str, cx: &mut Context<'_>) -> Option<u64> {
    let word = table.word(key)?;
    let seconds = duration::parse(word.text).filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        cx.faults
            .at(word.place, "not a length of time")
            .label("malformed")
            .help("write a number and a unit: \"30s\", \"90m\", \"4h\" or \"2d\"");
    }
    seconds
}

/// What stands in a script stays in its line.
fn one_line(table: &Table, cx: &mut Context<'_>) {
    for node in table.entries.iter().map(|entry| &entry.node) {
        let words = node.word().into_iter().chain(node.items().iter().filter_map(Node::word));
        for word in words.filter(|word| word.text.chars().any(char::is_control)) {
            cx.faults
                .at(word.place, "a line break, or another control character, in a line of a script")
                .label("not printable")
                .help("write each option and each word by itself, on one line");
        }
    }
}

fn gres(table: &Table, cx: &mut Context<'_>) {
    if let Some(word) = table.word("gres").filter(|word| !word.text.contains("{gpus}")) {
        cx.faults
            .at(word.place, "`gres` does not say how many GPUs")
            .label("without `{gpus}`")
            .help("write `{gpus}` where the number of GPUs of a job belongs, as in \"gpu:{gpus}\"");
    }
}
