//! `xlt report`: the page of a study's results.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use std::process::{Command, ExitCode, Stdio};

/// Say where the report of a study is, or open it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// Open it in a browser
    #[arg(long)]
    open: bool,
}

/// Name of the page in the results folder.
const PAGE: &str = "report.html";

/// What opens a file as its user would, on different systems.
const OPENERS: [&str; 3] = ["xdg-open", "open", "wslview"];

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let context = args.spec.open()?;
    let page = context.world.result(PAGE);
    if !page.is_file() {
        return Err(Failure::sentence(format!("there is no {}; `xlt run` makes it", page.display())));
    }
    let plan = context.plan()?;
    let stale = plan.ids().any(|(id, stage)| {
        stage.outputs().any(|output| output == PAGE) && plan.verdicts[id.index()].word() != "cached"
    });
    if stale {
        term::tell("note: the spec or its inputs have changed since; `xlt run` brings the report up to date");
    }
    term::say(&page.display().to_string());
    if args.open {
        let opens = |opener: &&str| {
            let mut command = Command::new(opener);
            command.arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if !OPENERS.iter().any(opens) {
            return Err(Failure::sentence(format!(
                "none of {} opens it; open that file in a browser",
                OPENERS.join(", ")
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}
