//! Everything that happens, one JSON object a line on standard output.

use crate::term;
use serde_json::{Value, json};
use xlt_run::{Learning, Observer, RunEvent, Unit};

/// Prints events.
#[derive(Debug)]
pub(super) struct Json;

impl Observer for Json {
    fn event(&mut self, event: &RunEvent<'_>) {
        term::say(&object(event).to_string());
    }
}

fn object(event: &RunEvent<'_>) -> Value {
    match event {
        RunEvent::Planned { stages, cached } => json!({ "event": "planned", "stages": stages, "cached": cached }),
        RunEvent::Started { stage, key } => json!({
            "event": "stage_started", "stage": stage.name, "kind": stage.kind().name(), "key": key.map(|key| key.to_string()),
        }),
        RunEvent::Progress { stage, done, total, unit, learning } => {
            let unit = match unit {
                Unit::Bytes => "bytes",
                Unit::Items => "items",
                Unit::Tensors => "tensors",
                Unit::Steps => "steps",
            };
            let mut object =
                json!({ "event": "progress", "stage": stage.name, "done": done, "total": total, "unit": unit });
            if let Some(Learning { loss, tokens_per_second }) = learning {
                (object["loss"], object["tokens_per_second"]) = ((*loss).into(), (*tokens_per_second).into());
            }
            object
        }
        RunEvent::Waiting { stage } => json!({ "event": "stage_waiting", "stage": stage.name }),
        RunEvent::Finished { stage, ran, seconds, cost } => json!({
            "event": "stage_finished", "stage": stage.name, "ran": ran, "seconds": seconds,
            "tokens_asked": cost.map(|cost| cost.apart), "tokens_decoded": cost.map(|cost| cost.decoded),
        }),
        RunEvent::Failed { stage, message, tail, log } => {
            json!({ "event": "stage_failed", "stage": stage.name, "message": message, "tail": tail, "log": log })
        }
        RunEvent::Skipped { stage, because } => {
            json!({ "event": "stage_skipped", "stage": stage.name, "because": because.name })
        }
        RunEvent::Damaged { stage, what } => json!({ "event": "artifact_damaged", "stage": stage.name, "what": what }),
        RunEvent::Exported { path } => json!({ "event": "result_written", "path": path }),
        RunEvent::Note(text) => json!({ "event": "note", "text": text }),
        RunEvent::Stopping { running } => json!({ "event": "stopping", "running": running }),
        RunEvent::RunFinished { tally, seconds, interrupted, cost, results } => json!({
            "event": "run_finished", "ran": tally.ran, "cached": tally.cached, "failed": tally.failed, "skipped": tally.skipped,
            "not_reached": tally.left, "interrupted": interrupted, "seconds": seconds, "results": results,
            "tokens_asked": cost.apart, "tokens_decoded": cost.decoded,
        }),
    }
}
