//! Rows and prompts, for the part of the report that shows what lies behind the numbers.

use super::{Desk, Trouble};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use xlt_core::evidence::Evidence;
use xlt_core::exact::Exact;
use xlt_core::items::{self, Item};
use xlt_core::plan::{AnalyzeWork, EvaluateCell};
use xlt_core::results::{CellId, Evaluations};

/// Of the inputs of an analysis behind its trainings: the rows of its languages, then the prompts of its cells.
pub(super) fn read<'a>(
    work: &AnalyzeWork,
    desk: &Desk<'_>,
    evaluations: &'a Evaluations,
) -> Result<Evidence<'a>, Trouble> {
    let Some(data) = &work.data else { return Ok(Evidence::default()) };
    let others = work.cells.len() + work.fertility.len() + work.probes.len() + work.trainings.len();
    let inputs = desk.inputs.get(others..).unwrap_or_default();
    let rows = |(language, path): (&String, &PathBuf)| {
        let of_language = |error: &dyn Display| Trouble::new(format!("the rows of {language}: {error}"));
        let bytes = fs::read(path).map_err(|error| of_language(&error))?;
        let name = items::called(&data.source_in(language));
        let items = items::read(&name, &bytes, data, language, work.options).map_err(|error| of_language(&error))?;
        Ok::<(String, Vec<Item>), Trouble>((language.clone(), items))
    };
    let exact = |(cell, path): (&EvaluateCell, &PathBuf)| {
        let of_cell = |error: &dyn Display| Trouble::new(format!("the prompts of {}: {error}", cell.name()));
        let text = fs::read_to_string(path).map_err(|error| of_cell(&error))?;
        Ok((cell.into(), Exact::read(&text).map_err(|error| of_cell(&error))?))
    };
    let prompts = work.prompts.iter().zip(inputs.iter().skip(work.languages.len()));
    let exact: BTreeMap<CellId, Exact> = prompts.map(exact).collect::<Result<_, Trouble>>()?;
    Evidence::new(evaluations, work.languages.iter().zip(inputs).map(rows), exact)
}
