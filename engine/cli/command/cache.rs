//! `xlt cache`: what the cache holds, whether it is whole, and how to make it smaller.

use crate::context::open_cache;
use crate::failure::{Failure, STAGE_FAILED};
use crate::term;
use clap::Subcommand;
use comfy_table::{CellAlignment, Table, presets};
use std::path::PathBuf;
use std::process::ExitCode;
use xlt_cache::{Cache, Gc, Tally};

/// Look at, verify or clean the cache
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
    /// Read every artifact again; set aside what is damaged
    Verify,
    /// Remove what no finished stage needs
    Gc {
        /// Also remove stages that no run has used for so many days
        #[arg(long, value_name = "DAYS")]
        unused_for: Option<u32>,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (cache, ledger) = open_cache(args.cache.as_deref())?;
    match &args.action {
        Action::Ls { name } => list(&cache, name.as_deref()),
        Action::Du => usage(&cache),
        Action::Verify => verify(&cache),
        Action::Gc { unused_for, dry_run } => {
            ledger.flush()?;
            drop(ledger);
            clean(&cache, &Gc { unused_for_days: *unused_for, dry_run: *dry_run, ..Gc::default() })
        }
    }
}

fn list(cache: &Cache, name: Option<&str>) -> Result<ExitCode, Failure> {
    let mut records = cache.records()?.collect::<Result<Vec<_>, _>>()?;
    records.retain(|(record, _)| name.is_none_or(|name| record.stage.contains(name)));
    records.sort_by(|(a, at), (b, bt)| at.cmp(bt).then_with(|| a.stage.cmp(&b.stage)));
    let mut table = plain_table();
    table.set_header(["key", "size", "study", "stage"]);
    for (record, _) in &records {
        let size: u64 = record.outputs.iter().map(|output| output.size).sum();
        table.add_row([
            record.key.to_string()[..12].to_owned(),
            bytes(size),
            record.study.clone(),
            record.stage.clone(),
        ]);
    }
    term::say(&table.trim_fmt());
    Ok(ExitCode::SUCCESS)
}

fn usage(cache: &Cache) -> Result<ExitCode, Failure> {
    let usage = cache.usage()?;
    let mut table = plain_table();
    for (what, tally) in [
        ("artifacts", usage.objects),
        ("records", usage.records),
        ("unfinished work", usage.partials),
        ("logs", usage.logs),
        ("quarantine", usage.quarantine),
    ] {
        table.add_row([what.to_owned(), tally.count.to_string(), bytes(tally.bytes)]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    term::say(&format!("{}\n{}", cache.root().display(), table.trim_fmt()));
    Ok(ExitCode::SUCCESS)
}

fn verify(cache: &Cache) -> Result<ExitCode, Failure> {
    let report = cache.verify(&mut |_| {})?;
    let mut text = format!(
        "{} artifacts ({}) are whole, {} records\n",
        report.intact.count,
        bytes(report.intact.bytes),
        report.records
    );
    for digest in &report.damaged {
        text.push_str(&format!("damaged, set aside: artifact {digest}\n"));
    }
    if report.bad_records > 0 {
        text.push_str(&format!("damaged, set aside: {} records\n", report.bad_records));
    }
    for record in &report.incomplete {
        text.push_str(&format!("gone: {} of {}\n", record.outputs.join(", "), record.stage));
    }
    let whole = report.damaged.is_empty() && report.bad_records == 0;
    if !whole || !report.incomplete.is_empty() {
        text.push_str("whatever a run needs of these is made again\n");
    }
    term::say(&text);
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(STAGE_FAILED) })
}

fn clean(cache: &Cache, options: &Gc) -> Result<ExitCode, Failure> {
    let report = cache.gc(options)?;
    let word = if options.dry_run { "would remove" } else { "removed" };
    let mut text = format!("{word} {}\n", bytes(report.bytes()));
    for (what, Tally { count, bytes: size }) in [
        ("artifacts", report.objects),
        ("records", report.records),
        ("unfinished stages", report.partials),
        ("logs", report.logs),
        ("damaged things", report.quarantine),
    ] {
        if count > 0 {
            text.push_str(&format!("  {count} {what}, {}\n", bytes(size)));
        }
    }
    term::say(&text);
    Ok(ExitCode::SUCCESS)
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
