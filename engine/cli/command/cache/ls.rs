//! `xlt cache ls`: the finished stages.

use super::{bytes, plain_table};
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;
use xlt_cache::Cache;

pub(super) fn run(cache: &Cache, name: Option<&str>) -> Result<ExitCode, Failure> {
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
