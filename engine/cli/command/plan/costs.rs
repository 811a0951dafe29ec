//! What a plan takes, as a table and in JSON.

use crate::watch::duration;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use xlt_core::cost::{Amount, Costs, ModelCost, Shortage};

/// A line for each model, one for the data and one for all, then what does not fit and what would.
pub(super) fn as_text(costs: &Costs) -> String {
    if costs.models.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "download", "disk", "memory to ask", "to train", "time here"]);
    let mut by_size: Vec<&ModelCost> = costs.models.iter().collect();
    by_size.sort_by(|one, other| one.load.at_least().total_cmp(&other.load.at_least()));
    for model in by_size {
        let train = model.train.map_or_else(|| "–".to_owned(), |train| train.to_string());
        let [download, disk, load] = [model.download, model.disk, model.load].map(|amount| amount.to_string());
        table.add_row([model.model.clone(), download, disk, load, train, time(model.seconds, model.left)]);
    }
    let data = costs.data.to_string();
    table.add_row(["data", &data, &data]);
    let left = costs.models.iter().map(|model| model.left).sum();
    table.add_row([
        "in all".to_owned(),
        costs.download.to_string(),
        costs.disk.to_string(),
        String::new(),
        String::new(),
        time(costs.seconds, left),
    ]);
    for column in 1..6 {
        table.column_mut(column).into_iter().for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
    }
    let mut text = format!("{}\n{}\n", table.trim_fmt(), machine(costs));
    for shortage in &costs.shortages {
        text.push_str(&told(shortage));
    }
    text
}

/// `~` says that an amount is estimated, `?` that nobody knows.
fn time(seconds: Option<f64>, left: usize) -> String {
    match seconds {
        _ if left == 0 => "–".to_owned(),
        None => "?".to_owned(),
        Some(seconds) if seconds >= 48.0 * 3600.0 => format!("~{:.0} days", seconds / 86_400.0),
        Some(seconds) => format!("~{}", duration(seconds)),
    }
}

fn machine(costs: &Costs) -> String {
    let memory = Amount::exactly(costs.means.memory);
    let disk = costs.means.disk.map(|disk| format!(", {} free on the cache's disk", Amount::exactly(disk)));
    let cores = costs.means.cores;
    let rate = if costs.seconds.is_none() && costs.models.iter().any(|model| model.left > 0) {
        "\n  how fast it computes is known after a first run, or with `--calibrate`"
    } else {
        ""
    };
    format!("this machine: {cores} cores, {memory} of memory{}{rate}", disk.unwrap_or_default())
}

fn told(shortage: &Shortage) -> String {
    let Shortage { model, what, needed, there, advice } = shortage;
    let there = Amount::exactly(*there);
    match (model, *what) {
        (Some(model), "train") => format!("does not fit: training {model} takes {needed} of memory: {advice}\n"),
        (Some(model), _) => format!("does not fit: {model} takes {needed} of memory: {advice}\n"),
        (None, _) => format!("does not fit: all models take {needed} of disk, and {there} are free: {advice}\n"),
    }
}

/// Amounts in bytes; `null` where they are not known in full.
pub(super) fn as_json(costs: &Costs) -> Value {
    let model = |cost: &ModelCost| {
        let operations: serde_json::Map<String, Value> =
            cost.operations.iter().map(|(pace, number)| (pace.name().to_owned(), json!(number))).collect();
        json!({
            "model": cost.model,
            "download": amount(cost.download),
            "disk": amount(cost.disk),
            "memory_to_ask": amount(cost.load),
            "memory_to_train": cost.train.map(amount),
            "operations": operations,
            "seconds": cost.seconds,
            "stages": cost.left,
        })
    };
    let shortage = |shortage: &Shortage| {
        json!({
            "model": shortage.model,
            "what": shortage.what,
            "needed": amount(shortage.needed),
            "there": shortage.there,
            "advice": shortage.advice,
        })
    };
    json!({
        "models": costs.models.iter().map(model).collect::<Vec<_>>(),
        "data": amount(costs.data),
        "download": amount(costs.download),
        "disk": amount(costs.disk),
        "seconds": costs.seconds,
        "machine": { "memory": costs.means.memory, "disk": costs.means.disk, "cores": costs.means.cores },
        "shortages": costs.shortages.iter().map(shortage).collect::<Vec<_>>(),
    })
}

fn amount(amount: Amount) -> Value {
    json!({ "bytes": amount.bytes(), "estimated": !amount.is_exact() })
}
