//! `[models]`.

use super::{Context, origin, prompts};
use crate::spec::{Chat, Model};

pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<Model> {
    let usual = prompts::preset(cx).map_or(Chat::Model, |preset| preset.chat);
    let models = cx.root.sorted("models").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        Some(Model {
            name: entry.key.clone(),
            file: origin::file(table, cx)?,
            quantize: table.text("quantize"),
            requantize: table.is_true("requantize"),
            slot: table.text("slot"),
            chat: table.word("chat").map_or(Some(usual), |word| Chat::named(word.text))?,
        })
    });
    models.collect()
}
