//! Whether adapters are asked what they have learned.

use super::Context;
use crate::spec::{Data, Evaluate, Spec, TrainOn};
use crate::split::ALL;

/// Refuses adapters that learn the very questions that they are asked, unless the spec says that they shall. Of adapters that no
/// condition applies nothing is asked.
pub(super) fn fit(spec: &Spec, cx: &mut Context<'_>) {
    let Some(evaluate) = &spec.evaluate else { return };
    let data = |name: &str| spec.data.iter().find(|data| data.name == name);
    let Some(asked) = data(&evaluate.data) else { return };
    for adapter in &spec.adapters {
        let applied = spec.conditions.iter().any(|condition| condition.adapter.as_ref() == Some(&adapter.name));
        let Some(training) = adapter.training().filter(|_| applied) else { continue };
        let table = cx.root.table("adapters").and_then(|all| all.table(&adapter.name)?.table("train_on"));
        let (Some(table), Some(learned)) = (table, data(&training.train_on.data)) else { continue };
        let Some(part) = table.get("part").or_else(|| table.get("data")) else { continue };
        if table.is_true("allow_shared_items") || !shares_items(learned, &training.train_on, asked, evaluate) {
            continue;
        }
        cx.faults
            .at(part.place, format!("adapter `{}` would learn the questions that it is asked", adapter.name))
            .label(format!("part `{}`, of which `{}` is evaluated", training.train_on.part, evaluate.part))
            .help(
                "train on another part (`[data.NAME.split]` makes them); or say that this is meant, with \
                 `train_on.allow_shared_items = true`",
            );
    }
}

/// Whether two parts of the same files, in whatever languages, have questions in common.
fn shares_items(learned: &Data, train_on: &TrainOn, asked: &Data, evaluate: &Evaluate) -> bool {
    let parts = [train_on.part.as_str(), evaluate.part.as_str()];
    learned.has_questions_of(asked) && (parts[0] == parts[1] || parts.contains(&ALL))
}
