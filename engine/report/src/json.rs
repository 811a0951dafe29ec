//! JSON: everything, for programs.

use serde_json::{Map, Value, json};
use xlt_core::results::{Cell, Column, FORMAT_FAILURE_BELOW, GroupMean, LEVEL, NormalizedScore, Results};

/// Version of the layout; a change that a reader must know of raises it.
const FORMAT: u32 = 2;

/// The results as indented JSON with a line feed at the end. Rates are 0 to 1.
#[must_use]
pub fn json(results: &Results) -> String {
    let value = json!({
        "format": FORMAT,
        "study": results.study,
        "n_options": results.n_options,
        "chance": results.chance(),
        "confidence_level": LEVEL,
        "format_failure_below": FORMAT_FAILURE_BELOW,
        "cells": results.cells.iter().map(cell).collect::<Vec<_>>(),
        "group_means": results.group_means.iter().map(group_mean).collect::<Vec<_>>(),
        "notes": results.notes,
        "not_computed": results.not_computed,
    });
    format!("{value:#}\n")
}

fn cell(cell: &Cell) -> Value {
    let Column { model, condition, mode, seed } = &cell.id.column;
    json!({
        "model": model,
        "condition": condition,
        "mode": mode,
        "seed": seed,
        "language": cell.id.language,
        "n": cell.score.trials(),
        "correct": cell.score.successes(),
        "accuracy": cell.score.rate(),
        "low": cell.interval.low,
        "high": cell.interval.high,
        "median_answer_mass": cell.median_answer_mass,
        "by_normalization": by_normalization(cell),
        "mean_prompt_tokens": cell.mean_prompt_tokens,
        "format_failure": cell.format_failure(),
        "wanted": { "text": cell.wanted.text, "count": cell.wanted.count },
    })
}

/// By name of the normalization; `null` where answers are no texts.
fn by_normalization(cell: &Cell) -> Value {
    let entry = |by: &NormalizedScore| {
        let value = json!({ "correct": by.score.successes(), "accuracy": by.score.rate() });
        (by.normalize.word().to_owned(), value)
    };
    let scores: Map<String, Value> = cell.by_normalization.iter().map(entry).collect();
    if scores.is_empty() { Value::Null } else { Value::Object(scores) }
}

fn group_mean(mean: &GroupMean) -> Value {
    let Column { model, condition, mode, seed } = &mean.column;
    json!({
        "group": mean.group,
        "model": model,
        "condition": condition,
        "mode": mode,
        "seed": seed,
        "accuracy": mean.accuracy,
        "languages": mean.languages,
        "format_failures": mean.format_failures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn everything_is_in_it() {
        let text = json(&fixture::results());
        assert!(text.starts_with("{\n  \"format\": 2,\n  \"study\": \"demo\","));
        assert!(text.ends_with("}\n"));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["chance"], 0.25);
        assert_eq!(value["cells"][0]["language"], "heb_Hebr");
        assert_eq!(value["cells"][0]["seed"], Value::Null);
        assert_eq!(value["cells"][1]["correct"], 0);
        assert_eq!(value["cells"][1]["format_failure"], true);
        assert_eq!(value["cells"][1]["wanted"], json!({ "text": "The", "count": 3 }));
        assert_eq!(value["cells"][1]["mean_prompt_tokens"], 100.0);
        assert_eq!(value["cells"][1]["by_normalization"], Value::Null);
        assert_eq!(value["group_means"][0]["languages"], 2);
        assert_eq!(value["group_means"][0]["format_failures"], 1);
        assert_eq!(value["notes"].as_array().map(Vec::len), Some(1));
        assert_eq!(value["not_computed"], json!(["the gain of `tuned`"]));
    }

    #[test]
    fn of_texts_there_are_normalizations_and_no_mass() {
        let value: Value = serde_json::from_str(&json(&fixture::texts())).expect("JSON");
        let cell = &value["cells"][0];
        assert_eq!((&cell["median_answer_mass"], &cell["format_failure"]), (&Value::Null, &json!(false)));
        assert_eq!(cell["by_normalization"]["byte"], json!({ "correct": 2, "accuracy": 1.0 }));
        assert_eq!(cell["by_normalization"]["character"], json!({ "correct": 0, "accuracy": 0.0 }));
    }
}
