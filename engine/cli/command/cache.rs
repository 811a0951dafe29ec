//! `xlt cache`: what the cache holds, whether it is whole, how to make it smaller, and how to share it. A file for each action.

mod du;
mod gc;
mod ls;
mod pull;
mod push;
mod transfer;
mod verify;

use crate::context::open_cache;
use crate::failure::Failure;
use clap::Subcommand;
use comfy_table::{Table, presets};
use std::path::PathBuf;
use std::process::ExitCode;

/// Look at, verify, clean or share the cache
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    /// The cache folder [default: $XLT_CACHE, else $XDG_CACHE_HOME/xlt, else ~/.cache/xlt]
    #[arg(long, value_name = "FOLDER", global = true)]
    cache: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the finished stages, newest last
    Ls {
        /// Only stages whose name contains this
        name: Option<String>,
    },
    /// Count what the cache holds
    Du,
    /// Read every artifact and record again, and say what is damaged
    Verify {
        /// Set aside what is damaged, so that it is made again when it is needed
        #[arg(long)]
        repair: bool,
    },
    /// Remove what no finished stage needs; beside a run, nothing that it needs
    Gc(gc::Args),
    Push(push::Args),
    Pull(pull::Args),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let folder = args.cache.as_deref();
    let (cache, ledger) = open_cache(folder)?;
    match &args.action {
        Action::Ls { name } => ls::run(&cache, name.as_deref()),
        Action::Du => du::run(&cache),
        Action::Verify { repair } => verify::run(&cache, *repair),
        Action::Push(push) => push::run(push, &cache, folder),
        Action::Pull(pull) => pull::run(pull, &cache, &ledger, folder),
        Action::Gc(args) => {
            ledger.flush()?;
            drop(ledger);
            gc::run(folder, &cache, args)
        }
    }
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
