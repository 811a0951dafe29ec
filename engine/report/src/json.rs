//! JSON: everything, for programs.

mod analysis;

use crate::fertility::fertility_records;
use crate::probe::probe_records;
use crate::training::training_records;
use serde_json::{Map, Value, json};
use xlt_core::results::{
    CUT_OFF_ABOVE, Cell, Change, Column, FORMAT_FAILURE_BELOW, Generation, GroupMean, LEVEL, NormalizedScore,
    Reasoning, Results, Rotation, Weights,
};
use xlt_core::script::ScriptShare;
use xlt_core::stats::Proportion;

/// Version of the layout; a change that a reader must know of raises it.
const FORMAT: u32 = 4;

/// The results as indented JSON with a line feed at the end. Rates are 0 to 1. `fertility` is there where tokens were counted, `probe`
/// where cells were probed, `trainings` where adapters were trained. `weights` has the type of each model's
/// weights, as far as the spec tells it. `interval_covers` is `items` where the condition's adapter has one
/// seed, so that no interval says how far another training would have come out; else `null`. `analysis` has what the answers say of effects:
/// numbers are shares of 1 with twelve significant digits, p-values and coefficients as they are.
#[must_use]
pub fn json(results: &Results) -> String {
    let mut value = json!({
        "format": FORMAT,
        "study": results.study,
        "n_options": results.n_options,
        "chance": results.chance(),
        "confidence_level": LEVEL,
        "format_failure_below": FORMAT_FAILURE_BELOW,
        "cut_off_above": CUT_OFF_ABOVE,
        "cells": results.cells.iter().map(cell).collect::<Vec<_>>(),
        "group_means": results.group_means.iter().map(group_mean).collect::<Vec<_>>(),
        "analysis": analysis::analysis(results),
        "notes": results.notes,
        "weights": results.weights.iter().map(weights).collect::<Map<_, _>>(),
    });
    if !results.fertility.is_empty() {
        value["fertility"] = fertility_records(&results.fertility).into();
    }
    if !results.probes.is_empty() {
        value["probe"] = probe_records(&results.probes).into();
    }
    if !results.trainings.is_empty() {
        value["trainings"] = training_records(&results.trainings).into();
    }
    format!("{value:#}\n")
}

/// A model's type of weights, and how it is known.
fn weights((model, weights): (&String, &Weights)) -> (String, Value) {
    (model.clone(), json!({ "type": weights.name(), "known_by": weights.known_by() }))
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
        "interval_covers": cell.items_only.then_some("items"),
        "median_answer_mass": cell.median_answer_mass,
        "by_normalization": by_normalization(cell),
        "mean_prompt_tokens": cell.mean_prompt_tokens,
        "format_failure": cell.format_failure(),
        "wanted": { "text": cell.wanted.text, "count": cell.wanted.count },
        "cut_off": cell.cut_off.map(Proportion::successes),
        "cannot_tell": cell.cannot_tell(),
        "reasoning": cell.reasoning.as_ref().map(reasoning),
        "generation": cell.generation.as_ref().map(generation),
        "rotation": cell.rotation.as_ref().map(rotation),
    })
}

/// `budget` is the most tokens of a text that was cut off: `null` where none was, or where tokens are not known.
fn reasoning(reasoning: &Reasoning) -> Value {
    let script = |ScriptShare { script, letters }: &ScriptShare| json!({ "script": script, "letters": letters.successes(), "share": letters.rate() });
    json!({
        "cut_off": reasoning.cut.items.successes(),
        "cut_off_share": reasoning.cut.items.rate(),
        "budget": reasoning.cut.budget,
        "next_budget": reasoning.cut.next_budget(),
        "mean_tokens": reasoning.mean_tokens,
        "script": reasoning.script().map(|share| share.script),
        "script_share": reasoning.script().map(|share| share.letters.rate()),
        "scripts": reasoning.scripts.iter().map(script).collect::<Vec<_>>(),
        "change": reasoning.change.as_ref().map(change),
    })
}

fn change(change: &Change) -> Value {
    json!({
        "against": change.against,
        "n": change.items,
        "changed": change.changed,
        "wrong_to_right": change.to_right,
        "right_to_wrong": change.to_wrong,
        "cannot_tell": change.cannot_tell,
    })
}

fn generation(generation: &Generation) -> Value {
    let interval = generation.interval();
    let rules: Map<String, Value> =
        generation.rules.iter().map(|(rule, count)| (rule.word().to_owned(), json!(count))).collect();
    json!({
        "cut_off": generation.cut.items.successes(),
        "cut_off_share": generation.cut.items.rate(),
        "budget": generation.cut.budget,
        "next_budget": generation.cut.next_budget(),
        "parsed": generation.parsed,
        "unparsed": generation.unparsed,
        "truncated": generation.truncated,
        "refused": generation.refused,
        "correct": generation.of_parsed.map(Proportion::successes),
        "accuracy_of_parsed": generation.of_parsed.map(Proportion::rate),
        "low": interval.map(|interval| interval.low),
        "high": interval.map(|interval| interval.high),
        "rules": rules,
    })
}

fn rotation(rotation: &Rotation) -> Value {
    json!({
        "orders": rotation.by_order.len(),
        "agree": rotation.agree.successes(),
        "right_in_all": rotation.always_right.successes(),
        "correct_by_order": rotation.by_order.iter().map(|order| order.successes()).collect::<Vec<_>>(),
        "predicted_by_place": rotation.places,
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
        "cannot_tell": mean.cannot_tell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn everything_is_in_it() {
        let text = json(&fixture::results());
        assert!(text.starts_with("{\n  \"format\": 4,\n  \"study\": \"demo\","));
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
    }

    #[test]
    fn tokens_are_in_it_where_they_were_counted() {
        let value: Value = serde_json::from_str(&json(&fixture::counted())).expect("JSON");
        let [hebrew, maltese] = [0, 1].map(|index| &value["fertility"][index]);
        assert_eq!((&hebrew["model"], &hebrew["language"]), (&json!("m"), &json!("heb_Hebr")));
        let numbers =
            ["passages", "tokens", "characters", "bytes", "tokens_per_passage", "premium", "parallel_passages"];
        let numbers = numbers.map(|key| maltese[key].as_f64());
        assert_eq!(numbers, [2.0, 14.0, 6.0, 12.0, 7.0, 1.75, 2.0].map(Some));
        assert_eq!(maltese["reference"], "heb_Hebr");
        assert_eq!(hebrew["parity"], json!({ "texts": 14, "differing": 0, "first": null }));
        let first = json!({
            "key": "p|1", "field": "option 2", "position": 4, "model": { "id": 17, "text": " כ" }, "tokenizer": null,
        });
        assert_eq!(maltese["parity"]["first"], first);
        let plain: Value = serde_json::from_str(&json(&fixture::results())).expect("JSON");
        assert_eq!(plain.get("fertility"), None);
    }

    #[test]
    fn the_noise_floor_is_in_it_where_cells_were_probed() {
        let value: Value = serde_json::from_str(&json(&fixture::probed())).expect("JSON");
        let place = json!({ "key": "p|1", "option": "2", "between": ["alone", "doubled"] });
        let hebrew = json!({
            "model": "m", "condition": "base", "mode": "direct", "seed": null, "language": "heb_Hebr", "items": 8,
            "greatest_difference": 0.00123, "where": place, "flips": 1, "flips_per_100": 12.5, "flipped": ["p|1"],
        });
        assert_eq!(value["probe"][0], hebrew);
        let maltese = &value["probe"][1];
        assert_eq!(
            (&maltese["language"], &maltese["where"], &maltese["flips"]),
            (&json!("mlt_Latn"), &Value::Null, &json!(0))
        );
        let plain: Value = serde_json::from_str(&json(&fixture::results())).expect("JSON");
        assert_eq!(plain.get("probe"), None);
    }

    #[test]
    fn trainings_are_in_it_with_every_step() {
        let value: Value = serde_json::from_str(&json(&fixture::trained())).expect("JSON");
        let mut training = value["trainings"][0].clone();
        let curve = training.as_object_mut().and_then(|training| training.remove("curve")).expect("a curve");
        let expected = json!({
            "model": "m", "adapter": "arabic", "seed": 17, "steps": 3, "examples": 40, "window": 512, "padding": 0.125,
            "trainable": 3072, "parameters": 1_000_000, "share": 0.003_072, "targets": ["blk.0.attn_q.weight"],
            "tokens": 2700, "answer_tokens": 24, "first_loss": 3.0, "last_loss": 0.5,
            "smoothed_loss": curve["smoothed"][2], "lowest_loss": 0.5, "lowest_step": 2, "highest_lr": 2e-4,
            "greatest_gradient_norm": 0.5,
        });
        assert_eq!(training, expected);
        assert!((curve["smoothed"][1].as_f64().expect("a number") - 3.7 / 1.9).abs() < 1e-12, "{curve}");
        let steps = json!({
            "step": [0, 1, 2], "epoch": [0, 0, 0], "loss": [3.0, 1.0, 0.5], "smoothed": curve["smoothed"],
            "lr": [0.0, 2e-4, 1e-4], "gradient_norm": [0.5, 0.5, 0.5], "tokens": [900, 900, 900],
            "answer_tokens": [8, 8, 8], "examples": [4, 4, 4],
        });
        assert_eq!(curve, steps);
        assert_eq!((&value["trainings"][2]["steps"], &value["trainings"][2]["last_loss"]), (&json!(0), &Value::Null));
        let plain: Value = serde_json::from_str(&json(&fixture::results())).expect("JSON");
        assert_eq!(plain.get("trainings"), None);
    }

    #[test]
    fn an_interval_of_one_seed_covers_items() {
        let value: Value = serde_json::from_str(&json(&fixture::trained())).expect("JSON");
        let covers = [0, 1].map(|cell| &value["cells"][cell]["interval_covers"]);
        assert_eq!(covers, [&Value::Null, &json!("items")]);
    }

    #[test]
    fn of_texts_there_are_normalizations_and_no_mass() {
        let value: Value = serde_json::from_str(&json(&fixture::texts())).expect("JSON");
        let cell = &value["cells"][0];
        assert_eq!((&cell["median_answer_mass"], &cell["format_failure"]), (&Value::Null, &json!(false)));
        assert_eq!(cell["by_normalization"]["byte"], json!({ "correct": 2, "accuracy": 1.0 }));
        assert_eq!(cell["by_normalization"]["character"], json!({ "correct": 0, "accuracy": 0.0 }));
    }

    #[test]
    fn what_was_written_is_in_it() {
        let value: Value = serde_json::from_str(&json(&fixture::written())).expect("JSON");
        let [cot, direct, free] = [0, 1, 2].map(|index| &value["cells"][index]);
        let scripts = json!([
            { "script": "Latn", "letters": 30, "share": 0.75 },
            { "script": "Hebr", "letters": 10, "share": 0.25 },
        ]);
        let change = json!({
            "against": "direct", "n": 4, "changed": 3, "wrong_to_right": 2, "right_to_wrong": 1, "cannot_tell": true,
        });
        let reasoning = json!({
            "cut_off": 1, "cut_off_share": 0.25, "budget": 1500, "next_budget": 4096, "mean_tokens": 750.0,
            "script": "Latn", "script_share": 0.75, "scripts": scripts, "change": change,
        });
        assert_eq!((&cot["reasoning"], &cot["generation"]), (&reasoning, &Value::Null));
        assert_eq!((&cot["cut_off"], &cot["cannot_tell"]), (&json!(1), &json!(true)));
        assert_eq!((&direct["reasoning"], &direct["generation"]), (&Value::Null, &Value::Null));
        assert_eq!((&direct["cut_off"], &direct["cannot_tell"]), (&Value::Null, &json!(false)));
        let generation = &free["generation"];
        let counts = ["cut_off", "budget", "next_budget", "parsed", "unparsed", "truncated", "refused", "correct"];
        assert_eq!(counts.map(|key| generation[key].as_u64()), [1, 16, 32, 2, 0, 1, 1, 1].map(Some));
        assert_eq!((&generation["accuracy_of_parsed"], &free["accuracy"]), (&json!(0.5), &json!(0.25)));
        assert_eq!(generation["rules"], json!({ "cue": 1, "boxed": 1 }));
        let means: Vec<_> = (0..3).map(|index| value["group_means"][index]["cannot_tell"].as_u64()).collect();
        assert_eq!((means, &value["cut_off_above"]), (vec![Some(1), Some(0), Some(1)], &json!(0.05)));
    }
}
