//! `xlt plan`: what a run would do, why, and what it would take.

mod costs;
mod leaks;

use super::cluster::{self, Jobs, Where};
use crate::context::{Context, Selection, SpecArgs};
use crate::failure::Failure;
use crate::term;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use xlt_core::analysis::{DEVIATION, DISCORDANT, Outlook, outlooks};
use xlt_core::cost::{Costs, costs};
use xlt_core::plan::{Plan, StageId};
use xlt_core::spec::{ExecutorKind, Spec};
use xlt_run::{Reckoning, calibrated};

/// Show what a run would do, why, and what it would take
///
/// Fetches nothing: what is not here is estimated from the lock file, and marked ~.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    selection: Selection,
    /// List every stage, the cached ones too
    #[arg(long)]
    all: bool,
    /// Measure for a second or two how fast this machine computes, in place of past rates
    #[arg(long)]
    calibrate: bool,
    /// Fetch nothing, as a plan never does
    #[arg(long)]
    offline: bool,
    /// Where stages would run: here, or as jobs of a Slurm cluster, whose scripts are then shown
    #[arg(long, value_enum)]
    executor: Option<Where>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Stages listed without `--all`.
const SHOWN: usize = 40;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = args.spec.open()?;
    args.selection.apply(&mut context)?;
    cluster::choose(args.executor, &mut context);
    let plan = args.selection.plan(&context)?;
    let measured = if args.calibrate { calibrated().map_err(Failure::sentence)? } else { BTreeMap::new() };
    let costs = costs(&context.spec, &plan, &Reckoning::of(&context.world, measured));
    let jobs = match context.spec.executor.kind {
        ExecutorKind::Local => Vec::new(),
        ExecutorKind::Slurm => cluster::jobs(&context, &plan, &args.selection, &args.spec.overlay)?,
    };
    term::say(&if args.json {
        as_json(&plan, &costs, &context, &jobs)
    } else {
        as_text(&plan, &costs, &context, args.all) + &cluster::as_text(&jobs)
    });
    if let Err(error) = context.world.ledger.flush() {
        term::tell(&format!("note: failed to {error}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(plan: &Plan, costs: &Costs, context: &Context, jobs: &[Jobs]) -> String {
    let stages = plan.ids().map(|(id, stage)| {
        let verdict = &plan.verdicts[id.index()];
        json!({
            "name": stage.name,
            "kind": stage.kind().name(),
            "key": verdict.key().map(ToString::to_string),
            "verdict": verdict.word(),
            "reason": plan.reason(id, &context.world),
        })
    });
    let costs = self::costs::as_json(costs);
    let jobs = jobs.iter().map(|jobs| json!({ "stages": jobs.stages, "most": jobs.most, "script": jobs.script }));
    let jobs: Vec<_> = jobs.collect();
    json!({ "study": plan.study, "stages": stages.collect::<Vec<_>>(), "costs": costs, "jobs": jobs }).to_string()
}

fn as_text(plan: &Plan, costs: &Costs, context: &Context, all: bool) -> String {
    let listed: Vec<StageId> =
        plan.ids().map(|(id, _)| id).filter(|id| all || plan.verdicts[id.index()].word() != "cached").collect();
    let shown = if all { listed.len() } else { listed.len().min(SHOWN) };
    let width = listed[..shown].iter().map(|&id| plan.stage(id).name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for &id in &listed[..shown] {
        let (name, verdict) = (&plan.stage(id).name, plan.verdicts[id.index()].word());
        text.push_str(&format!("{verdict:<6}  {name:<width$}  {}\n", plan.reason(id, &context.world)));
    }
    if shown < listed.len() {
        text.push_str(&format!("... and {} more (`--all` lists them)\n", listed.len() - shown));
    }
    let count = |word: &str| plan.verdicts.iter().filter(|verdict| verdict.word() == word).count();
    let (cached, run, maybe) = (count("cached"), count("run"), count("maybe"));
    text.push_str(&format!("{} stages: {cached} cached, {run} to run, {maybe} that may have to\n", plan.stages.len()));
    text.push_str(&self::costs::as_text(costs));
    text.push_str(&leaks::as_text(plan, context));
    text.push_str(&claims(plan, &context.spec));
    text
}

/// What can be expected of each claim, before anything is asked.
fn claims(plan: &Plan, spec: &Spec) -> String {
    let mut text = String::new();
    for (outlook, claim) in outlooks(spec).iter().zip(&spec.claims) {
        let digest = claim.digest();
        let late = plan.new_claims.iter().any(|new| new.post_hoc && new.digest == digest);
        let late = if late { " [post hoc: there are answers already]" } else { "" };
        text.push_str(&format!("claim \"{}\"{late}\n  {}\n", outlook.text, expected(outlook)));
    }
    text
}

fn expected(outlook: &Outlook) -> String {
    let points = |share: f64| format!("{:.1} points", 100.0 * share);
    let assumed =
        format!("if {:.0} % of the answers change and languages differ by {}", 100.0 * DISCORDANT, points(DEVIATION));
    match (&outlook.detectable, outlook.margin) {
        (Err(why), _) => format!("no verdict but \"cannot tell\" for now: {why}"),
        (Ok(seen), Some(margin)) if *seen > margin => format!(
            "would most likely be \"cannot tell\", even if there is no effect at all: its margin is {}, what can be told is {} \
             ({assumed}); more items, more languages or a wider margin help",
            points(margin),
            points(*seen)
        ),
        (Ok(seen), _) => format!("can be told {} from its bound ({assumed})", points(*seen)),
    }
}
