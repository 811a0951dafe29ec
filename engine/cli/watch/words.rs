//! How a run is told in words.

use std::path::Path;
use std::time::Duration;
use xlt_core::batch::Cost;
use xlt_core::schedule::Tally;
use xlt_run::{Learning, RunEvent, Unit};

/// What a person should read of an event whatever shows the progress; `None` for what progress itself shows.
pub(super) fn message(event: &RunEvent<'_>) -> Option<String> {
    match event {
        RunEvent::Failed { stage, message, tail, log } => Some(failure(&stage.name, message, tail, *log)),
        RunEvent::Skipped { .. } | RunEvent::Planned { .. } | RunEvent::Started { .. } | RunEvent::Progress { .. } => {
            None
        }
        RunEvent::Finished { .. } => None,
        RunEvent::Waiting { stage } => Some(format!("waits: {} is being made by another run", stage.name)),
        RunEvent::Damaged { stage, what } => Some(format!("repairs: {}: {what}; it is made again", stage.name)),
        RunEvent::Exported { .. } => None,
        RunEvent::Note(text) => Some((*text).to_owned()),
        RunEvent::Stopping { running: 0 } => Some("stopping".to_owned()),
        RunEvent::Stopping { running } => {
            let what =
                if *running == 1 { "the stage that runs".to_owned() } else { format!("the {running} stages that run") };
            Some(format!("stopping after {what}; Ctrl-C again stops at once"))
        }
        RunEvent::RunFinished { tally, seconds, interrupted, cost, results } => {
            Some(summary(tally, *seconds, *interrupted, *cost, *results))
        }
    }
}

fn failure(stage: &str, message: &str, tail: &[String], log: Option<&Path>) -> String {
    let mut text = format!("failed: {stage}\n  {}", message.replace('\n', "\n  "));
    for line in tail {
        text.push_str(&format!("\n  | {line}"));
    }
    if let Some(log) = log {
        text.push_str(&format!("\n  log: {}", log.display()));
    }
    text
}

fn summary(tally: &Tally, seconds: f64, interrupted: bool, cost: Cost, results: Option<&Path>) -> String {
    let mut text = format!("ran {}, cached {}", tally.ran, tally.cached);
    for (count, word) in
        [(tally.failed, "failed"), (tally.skipped, "skipped because of that"), (tally.left, "not reached")]
    {
        if count > 0 {
            text.push_str(&format!(", {word} {count}"));
        }
    }
    text.push_str(&format!(" in {}", duration(seconds)));
    if interrupted {
        text.push_str("; interrupted, run again to go on");
    }
    if cost.apart > 0 {
        text.push_str(&format!("\ntokens: {}", tokens(cost)));
    }
    if let Some(results) = results {
        text.push_str(&format!("\nresults: {}", results.display()));
    }
    text
}

/// `56,766, of which 31,204 had to be decoded`: what sharing passages has saved.
pub(super) fn tokens(cost: Cost) -> String {
    format!("{}, of which {} had to be decoded", thousands(cost.apart), thousands(cost.decoded))
}

/// `56,766`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// `0.2 s`, `12 s`, `3 min 5 s`, `2 h 4 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `12/24 items`, `3.1/92.0 MB`.
pub(super) fn amount(done: u64, total: Option<u64>, unit: Unit) -> String {
    let number = |count: u64| match unit {
        Unit::Bytes => format!("{:.1}", count as f64 / 1e6),
        Unit::Items | Unit::Tensors | Unit::Steps => count.to_string(),
    };
    let word = match unit {
        Unit::Bytes => "MB",
        Unit::Items => "items",
        Unit::Tensors => "tensors",
        Unit::Steps => "steps",
    };
    match total {
        Some(total) => format!("{}/{} {word}", number(done), number(total)),
        None => format!("{} {word}", number(done)),
    }
}

/// `loss 1.234  950 tokens/s`.
pub(super) fn learning(learning: Learning) -> String {
    format!("loss {:.3}  {:.0} tokens/s", learning.loss, learning.tokens_per_second)
}
