//! The command: the work of the spec's fertility stages, asked for or not, as a table.

use super::Args;
use crate::context::Context;
use crate::failure::Failure;
use crate::loader;
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use std::collections::BTreeMap;
use std::process::ExitCode;
use xlt_core::fertility::Fertilities;
use xlt_core::plan::{Plan, Work};
use xlt_core::spec::{Evaluate, Spec, nearest};
use xlt_report::{FertilityTable, fertility_records};
use xlt_run::World;
use xlt_run::fertility::count;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = Context::of(args.spec.as_deref(), &args.overlay)?;
    let reference = reference(args.reference.as_deref(), &context.spec)?;
    context.spec.analyze.get_or_insert_default().fertility = Some(reference);
    let models = measured(&context.world, &context.plan()?)?;
    if models.is_empty() {
        return Err(Failure::sentence("the spec asks no model anything: all its answers come from elsewhere"));
    }
    term::say(&if args.json { as_json(&models) } else { as_table(&models) });
    Ok(ExitCode::SUCCESS)
}

/// The language that is named, else the spec's, else English, else the first.
fn reference(named: Option<&str>, spec: &Spec) -> Result<String, Failure> {
    let Some(Evaluate { languages, .. }) = &spec.evaluate else {
        return Err(Failure::sentence("the spec asks no model anything: it has no `[evaluate]`"));
    };
    let known = |code: &str| languages.iter().any(|language| language == code);
    if let Some(code) = named.filter(|code| !known(code)) {
        let hint = nearest(code, languages.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
        return Err(Failure::sentence(format!("`{code}` is not evaluated{}", hint.unwrap_or_default())));
    }
    let of_spec = spec.analyze.as_ref().and_then(|analyze| analyze.fertility.as_deref());
    let usual = || Some("eng_Latn").filter(|code| known(code)).or(languages.first().map(String::as_str));
    Ok(named.or(of_spec).or_else(usual).unwrap_or_default().to_owned())
}

/// The tokens of every model that is asked something.
fn measured(world: &World, plan: &Plan) -> Result<BTreeMap<String, Fertilities>, Failure> {
    let backend = loader::backend()?;
    let mut models = BTreeMap::new();
    for (_, stage) in plan.ids() {
        let Work::Fertility(work) = &stage.work else { continue };
        let inputs = world
            .artifacts(plan, stage)
            .map_err(|why| Failure::sentence(format!("{why}\n  `xlt run` makes what is missing")))?;
        models.insert(work.model.clone(), count(&backend, work, &inputs).map_err(Failure::sentence)?);
    }
    Ok(models)
}

fn as_table(models: &BTreeMap<String, Fertilities>) -> String {
    let FertilityTable { heads, rows, parity, .. } = FertilityTable::new(models);
    let (numbers, ids) = (2..2 + heads.len(), parity.then(|| "Ids".to_owned()));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Model", "Language"].map(str::to_owned).into_iter().chain(heads).chain(ids));
    for row in rows {
        let ids = row.parity.map(ToString::to_string);
        table.add_row([row.model, row.language].map(str::to_owned).into_iter().chain(row.numbers).chain(ids));
    }
    for column in numbers {
        table.column_mut(column).into_iter().for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
    }
    table.trim_fmt()
}

fn as_json(models: &BTreeMap<String, Fertilities>) -> String {
    fertility_records(models).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
