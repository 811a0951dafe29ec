//! `[models]`.

use super::{Context, origin};
use crate::spec::{Chat, Model};

pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<Model> {
    let models = cx.root.sorted("models").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        Some(Model {
            name: entry.key.clone(),
            file: origin::file(table, cx)?,
            quantize: table.text("quantize"),
            requantize: table.is_true("requantize"),
            slot: table.text("slot"),
            chat: Chat::named(table.word("chat")?.text)?,
        })
    });
    models.collect()
}
