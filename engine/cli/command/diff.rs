//! `xlt diff`: two runs, cell by cell: which numbers moved, and whether by more than noise.

use crate::context::{Context, Overlay};
use crate::failure::Failure;
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use xlt_core::analysis::{ALPHA, Difference, Moved, difference};
use xlt_core::answers;
use xlt_core::plan::{Plan, Verdict, Work};
use xlt_core::results::{CellId, Column, Evaluations};

/// Compare the answers of two specs, item by item
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first spec
    first: PathBuf,
    /// The second spec; the first one again, where only `--to-profile` or `--to-set` differ
    second: Option<PathBuf>,
    #[command(flatten)]
    overlay: Overlay,
    /// Profile of the second spec
    #[arg(long, value_name = "NAME")]
    to_profile: Option<String>,
    /// Set a value of the second spec, over all else
    #[arg(long, value_name = "KEY.KEY=VALUE")]
    to_set: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (profile, set, cache) = (args.to_profile.clone(), args.to_set.clone(), args.overlay.cache.clone());
    let to = Overlay { profile, set, cache };
    let first = evaluations(&args.first, &args.overlay)?;
    let second = evaluations(args.second.as_deref().unwrap_or(&args.first), &to)?;
    let found = difference(&first, &second);
    if found.cells.is_empty() {
        return Err(Failure::sentence(
            "the two have no cell in common: the same model, condition, seed, mode and language, with answers to the same items",
        ));
    }
    term::say(&if args.json { as_json(&found) } else { as_text(&found) });
    Ok(ExitCode::SUCCESS)
}

/// The answers of a spec that are there.
fn evaluations(spec: &Path, overlay: &Overlay) -> Result<Evaluations, Failure> {
    let context = Context::of(Some(spec), overlay)?;
    let plan: Plan = context.plan()?;
    let mut evaluations = Evaluations::new();
    for (id, stage) in plan.ids() {
        let cell = match &stage.work {
            Work::Evaluate(work) => &work.cell,
            Work::Import(work) => &work.cell,
            _ => continue,
        };
        let Verdict::Cached { outputs, .. } = &plan.verdicts[id.index()] else { continue };
        let Some(output) = outputs.first() else { continue };
        let text = context.world.read_text(&output.digest)?;
        let read = answers::read(&text).map_err(|error| Failure::sentence(format!("{}: {error}", stage.name)))?;
        evaluations.insert(cell.into(), read);
    }
    if evaluations.is_empty() {
        let name = spec.display();
        return Err(Failure::sentence(format!("{name} has no answers as it stands; `xlt run {name}` asks for them")));
    }
    Ok(evaluations)
}

fn as_json(found: &Difference) -> String {
    let cell = |moved: &Moved| {
        json!({
            "cell": name(&moved.id),
            "first": moved.accuracy.0,
            "second": moved.accuracy.1,
            "items": moved.paired.items(),
            "unmatched": moved.unmatched,
            "changed": moved.changed,
            "gained": moved.paired.gained(),
            "lost": moved.paired.lost(),
            "p_adjusted": moved.p,
        })
    };
    let names = |ids: &[CellId]| ids.iter().map(name).collect::<Vec<_>>();
    json!({
        "cells": found.cells.iter().map(cell).collect::<Vec<_>>(),
        "only_first": names(&found.only_first),
        "only_second": names(&found.only_second),
    })
    .to_string()
}

fn as_text(found: &Difference) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["cell", "first", "second", "moved", "gained", "lost", "other answers", "p", ""]);
    let moved: Vec<&Moved> = found.cells.iter().filter(|moved| moved.changed > 0 || moved.unmatched > 0).collect();
    for cell in &moved {
        let (first, second) = cell.accuracy;
        let beyond = if cell.p <= ALPHA { "beyond noise" } else { "" };
        table.add_row([
            name(&cell.id),
            format!("{:.1} %", 100.0 * first),
            format!("{:.1} %", 100.0 * second),
            format!("{:+.1}", 100.0 * (second - first)),
            cell.paired.gained().to_string(),
            cell.paired.lost().to_string(),
            format!("{} of {}", cell.changed, cell.paired.items()),
            format!("{:.3}", cell.p),
            beyond.to_owned(),
        ]);
    }
    for column in 1..8 {
        table.column_mut(column).into_iter().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    }
    let beyond = found.cells.iter().filter(|cell| cell.p <= ALPHA).count();
    let mut text = if moved.is_empty() { String::new() } else { format!("{}\n\n", table.trim_fmt()) };
    text.push_str(&format!(
        "{} cells in common: {} with other answers, {beyond} moved beyond noise (McNemar, exact, corrected over all cells)\n",
        found.cells.len(),
        moved.len()
    ));
    for (which, ids) in [("first", &found.only_first), ("second", &found.only_second)] {
        if !ids.is_empty() {
            text.push_str(&format!("only in the {which}: {}\n", ids.iter().map(name).collect::<Vec<_>>().join(", ")));
        }
    }
    text
}

fn name(CellId { column: Column { model, condition, mode, seed }, language }: &CellId) -> String {
    let seed = seed.map(|seed| format!("/seed{seed}")).unwrap_or_default();
    format!("{model}/{condition}{seed}/{language}/{mode}")
}
