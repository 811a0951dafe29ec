//! `xlt cache du`: what the cache holds, counted.

use super::{bytes, plain_table};
use crate::failure::Failure;
use crate::term;
use comfy_table::CellAlignment;
use std::process::ExitCode;
use xlt_cache::Cache;

pub(super) fn run(cache: &Cache) -> Result<ExitCode, Failure> {
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
