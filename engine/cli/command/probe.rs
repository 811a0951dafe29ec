//! `xlt probe`: how far scores depend on what is decoded beside an item.

use super::run::{How, Limits, run_plan};
use crate::context::{Context, SpecArgs};
use crate::failure::Failure;
use crate::term;
use crate::watch;
use comfy_table::{CellAlignment, Table, presets};
use std::collections::BTreeMap;
use std::process::ExitCode;
use xlt_core::plan::{Kind, Plan, Verdict, Work};
use xlt_core::probe::Probe;
use xlt_core::results::{CellId, Column};
use xlt_report::{ProbeTable, probe_records};
use xlt_run::World;

/// Score some items of every cell again in other company, and show how far that changes scores
///
/// Each of these items is scored alone, as the evaluation answered it, and in units twice as large. What differs between the
/// three is arithmetic and not the model: the noise floor of every gain. Evaluates what is probed and is not in the cache yet;
/// analyzes nothing. Modes that write texts, rotated options and answers from elsewhere are not probed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// Items of each cell [default: `evaluate.probe` of the spec, else 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    items: Option<u32>,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON object for each cell, each on a line
    #[arg(long)]
    json: bool,
}

/// Items of a cell where nobody says how many.
const USUAL: u32 = 20;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = args.spec.open()?;
    ask_for(args.items, &mut context)?;
    if probes(&context)?.stages.is_empty() {
        return Err(Failure::sentence(
            "no cell of the spec can be probed: all write texts, rotate their options, or come from elsewhere",
        ));
    }
    let code = run_plan(&mut context, How::here(&args.limits), watch::observer(false), probes)?;
    let found = found(&context.world, &probes(&context)?)?;
    term::say(&if args.json { as_json(&found) } else { as_table(&found) });
    Ok(code)
}

/// Sets how many items are probed: so many as are asked for, else as the spec has it.
fn ask_for(items: Option<u32>, context: &mut Context) -> Result<(), Failure> {
    let evaluate = context.spec.evaluate.as_mut();
    let evaluate =
        evaluate.ok_or_else(|| Failure::sentence("the spec asks no model anything: it has no `[evaluate]`"))?;
    let of_spec = Some(evaluate.probe).filter(|&items| items > 0);
    evaluate.probe = items.or(of_spec).unwrap_or(USUAL);
    Ok(())
}

fn probes(context: &Context) -> Result<Plan, Failure> {
    context.plan_only(&|stage| stage.kind() == Kind::Probe)
}

/// What the probes found that are done.
fn found(world: &World, plan: &Plan) -> Result<BTreeMap<CellId, Probe>, Failure> {
    let mut found = BTreeMap::new();
    for (stage, verdict) in plan.stages.iter().zip(&plan.verdicts) {
        let (Work::Probe(work), Verdict::Cached { outputs, .. }) = (&stage.work, verdict) else { continue };
        let [output] = outputs.as_slice() else { continue };
        let probe = Probe::read(&world.read_text(&output.digest)?)
            .map_err(|error| Failure::sentence(format!("what {} made cannot be read: {error}", stage.name)))?;
        found.insert(CellId::from(&work.evaluation.cell), probe);
    }
    Ok(found)
}

fn as_table(found: &BTreeMap<CellId, Probe>) -> String {
    let ProbeTable { heads, rows } = ProbeTable::new(found);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Model", "Condition", "Language", "Mode"].into_iter().chain(heads));
    for row in rows {
        let CellId { column: Column { model, condition, mode, seed }, language } = row.cell;
        let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
        let names = [model.clone(), format!("{condition}{seed}"), language.clone(), mode.clone()];
        table.add_row(names.into_iter().chain(row.numbers));
    }
    for column in 4..4 + heads.len() {
        table.column_mut(column).into_iter().for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
    }
    table.trim_fmt()
}

fn as_json(found: &BTreeMap<CellId, Probe>) -> String {
    probe_records(found).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
