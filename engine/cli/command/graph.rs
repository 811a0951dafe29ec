//! `xlt graph`: the plan as a picture.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::process::ExitCode;
use xlt_core::plan::Plan;

/// Print the graph of stages
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let context = args.spec.open()?;
    let plan = context.plan()?;
    term::say(&match args.format {
        Format::Dot => dot(&plan),
        Format::Mermaid => mermaid(&plan),
    });
    Ok(ExitCode::SUCCESS)
}

/// Pairs (from, to), each once.
fn edges(plan: &Plan) -> BTreeSet<(u32, u32)> {
    plan.ids().flat_map(|(id, stage)| stage.producers().map(move |(from, _)| (from.0, id.0))).collect()
}

fn dot(plan: &Plan) -> String {
    let colour = |word: &str| match word {
        "cached" => "palegreen",
        "run" => "lightsalmon",
        _ => "khaki",
    };
    let mut text = String::from(
        "digraph xlt {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n",
    );
    for (id, stage) in plan.ids() {
        let name = serde_json::Value::from(stage.name.as_str());
        text.push_str(&format!(
            "  s{} [label={name}, fillcolor={}];\n",
            id.0,
            colour(plan.verdicts[id.index()].word())
        ));
    }
    edges(plan).iter().for_each(|(from, to)| text.push_str(&format!("  s{from} -> s{to};\n")));
    text + "}\n"
}

fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("graph LR\n");
    for (id, stage) in plan.ids() {
        let name = stage.name.replace('"', "#quot;");
        text.push_str(&format!("  s{}[\"{name}\"]:::{}\n", id.0, plan.verdicts[id.index()].word()));
    }
    edges(plan).iter().for_each(|(from, to)| text.push_str(&format!("  s{from} --> s{to}\n")));
    text + "  classDef cached fill:#c8f7c5\n  classDef run fill:#ffb199\n  classDef maybe fill:#f7e9a0\n"
}
