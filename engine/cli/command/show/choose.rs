//! Which evaluations are meant.

use super::Args;
use crate::failure::Failure;
use std::collections::BTreeSet;
use xlt_core::plan::{EvaluateCell, EvaluateWork, FinetuneWork, Plan, StageId, Work};
use xlt_core::spec::nearest;

/// One respect in which a cell has a name.
type Name = fn(&EvaluateCell) -> &str;

/// The evaluate stages that have one of the names asked for in every respect, in the plan's order.
pub(super) fn stages<'a>(args: &Args, plan: &'a Plan) -> Result<Vec<(StageId, &'a EvaluateWork)>, Failure> {
    let mut stages: Vec<(StageId, &EvaluateWork)> = plan
        .ids()
        .filter_map(|(id, stage)| match &stage.work {
            Work::Evaluate(work) => Some((id, work.as_ref())),
            _ => None,
        })
        .collect();
    elsewhere(args, plan)?;
    if stages.is_empty() {
        return Err(Failure::sentence("the spec asks no model anything: it has no `[evaluate]`"));
    }
    let respects: [(&str, &[String], Name); 4] = [
        ("language", &args.language, |cell| &cell.language),
        ("model", &args.model, |cell| &cell.model),
        ("condition", &args.condition, |cell| &cell.condition),
        ("mode", &args.mode, |cell| &cell.mode),
    ];
    for (what, wanted, name) in respects {
        let names: BTreeSet<&str> = stages.iter().map(|(_, work)| name(&work.cell)).collect();
        wanted.iter().try_for_each(|wanted| known(what, wanted, &names))?;
    }
    for (_, wanted, name) in respects {
        stages.retain(|(_, work)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name(&work.cell)));
    }
    if stages.is_empty() {
        return Err(Failure::sentence("no evaluation has all of these; `xlt plan --all` lists them"));
    }
    Ok(stages)
}

/// The trainings that are meant, of each adapter on each model the one with the first seed: the others learn the same rows.
/// None where conditions are named, since no condition is one.
pub(super) fn trainings<'a>(args: &Args, plan: &'a Plan) -> Vec<(StageId, &'a FinetuneWork)> {
    let mut seen = BTreeSet::new();
    let meant = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
    let trainings = plan.ids().filter_map(|(id, stage)| match &stage.work {
        Work::Finetune(work) | Work::Rows(work) => Some((id, work.as_ref())),
        _ => None,
    });
    let shown = trainings.filter(|(_, work)| {
        let taught = meant(&args.model, &work.model) && meant(&args.mode, &work.mode.name);
        taught && args.condition.is_empty() && seen.insert((&work.model, &work.adapter))
    });
    shown.collect()
}

/// Refuses to show what a model elsewhere saw: nobody knows it here.
fn elsewhere(args: &Args, plan: &Plan) -> Result<(), Failure> {
    let imported = plan.ids().filter_map(|(_, stage)| match &stage.work {
        Work::Import(work) => Some(work.cell.model.as_str()),
        _ => None,
    });
    let imported: BTreeSet<&str> = imported.collect();
    let asked = plan.ids().any(|(_, stage)| matches!(stage.work, Work::Evaluate(_)));
    let meant =
        |name: &&&str| if args.model.is_empty() { !asked } else { args.model.iter().any(|model| model == **name) };
    match imported.iter().find(meant) {
        Some(name) => Err(Failure::sentence(format!(
            "the answers of `{name}` are imported, so what it saw is not known here; `xlt items` shows what it said"
        ))),
        None => Ok(()),
    }
}

fn known(what: &str, wanted: &str, names: &BTreeSet<&str>) -> Result<(), Failure> {
    if names.contains(wanted) {
        return Ok(());
    }
    let hint = match nearest(wanted, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Err(Failure::sentence(format!("nothing is evaluated with the {what} `{wanted}`; {hint}")))
}
