//! `[limits]`: what a run may take of the machine.

use super::Context;
use crate::bytes;
use crate::spec::Limits;
use crate::spec::tree::{Table, Value};

/// Less than this no worker can begin with.
const LEAST: u64 = 64 << 20;

pub(super) fn resolve(cx: &mut Context<'_>) -> Limits {
    let Some(table) = cx.root.table("limits") else { return Limits::default() };
    let memory = memory(table, cx);
    if let (Some(node), Some(0..LEAST)) = (table.get("memory"), memory) {
        cx.faults
            .at(node.place, "too little memory for a worker")
            .label("less than 64 MiB")
            .help("a worker holds a model's cache and what it computes with; leave `limits` out to give it what the machine has");
    }
    Limits { memory }
}

/// An amount of memory, in bytes.
pub(super) fn memory(table: &Table, cx: &mut Context<'_>) -> Option<u64> {
    let node = table.get("memory")?;
    let bytes = match &node.value {
        Value::Integer(bytes) => u64::try_from(*bytes).ok(),
        Value::Text(text) => bytes::parse(text),
        _ => return None,
    };
    if bytes.is_none() {
        cx.faults
            .at(node.place, "not an amount of memory")
            .label("malformed")
            .help("write a number of bytes, or a string such as \"512MB\", \"4GB\" or \"4GiB\"");
    }
    bytes
}
