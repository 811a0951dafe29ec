//! `xlt cache verify`: reads everything again and says what is damaged; with `--repair`, sets that aside.

use super::bytes;
use crate::failure::{Failure, STAGE_FAILED};
use crate::term;
use crate::watch::Moving;
use std::process::ExitCode;
use xlt_cache::{Cache, VerifyReport};

pub(super) fn run(cache: &Cache, repair: bool) -> Result<ExitCode, Failure> {
    let moving = Moving::new();
    let report = cache.verify(repair, &mut |progress| moving.reach(progress.done.bytes, progress.total.bytes));
    moving.end();
    let report = report?;
    let whole = report.damaged.is_empty() && report.bad_records.is_empty();
    term::say(&text(&report, whole, repair));
    Ok(if whole || repair { ExitCode::SUCCESS } else { ExitCode::from(STAGE_FAILED) })
}

fn text(report: &VerifyReport, whole: bool, repair: bool) -> String {
    let mut text = format!(
        "{} artifacts ({}) are whole, {} records\n",
        report.intact.count,
        bytes(report.intact.bytes),
        report.records
    );
    let word = if repair { "damaged, set aside" } else { "damaged" };
    for damaged in &report.damaged {
        let made_by = match damaged.made_by.as_slice() {
            [] => "which no record names".to_owned(),
            stages => stages.join(", "),
        };
        text.push_str(&format!("{word}: artifact {}, {made_by}\n", damaged.digest));
    }
    for key in &report.bad_records {
        text.push_str(&format!("{word}: record {key}\n"));
    }
    for record in &report.incomplete {
        text.push_str(&format!("gone: {} of {}\n", record.outputs.join(", "), record.stage));
    }
    if !whole && !repair {
        text.push_str("`xlt cache verify --repair` sets aside what is damaged\n");
    }
    if !whole || !report.incomplete.is_empty() {
        text.push_str("whatever a run needs of these is made again\n");
    }
    text
}
