//! What adapters learned from, by name, to be held against what is asked.

use super::{Desk, Trouble};
use std::collections::BTreeMap;
use std::fs;
use xlt_core::analysis::Learned;
use xlt_core::plan::{AnalyzeWork, FinetuneWork};
use xlt_core::training::Lessons;

/// By adapter, of the last inputs of an analysis.
pub(super) fn read(work: &AnalyzeWork, desk: &Desk<'_>) -> Result<BTreeMap<String, Learned>, Trouble> {
    let shown = if work.data.is_some() { work.languages.len() + work.prompts.len() } else { 0 };
    let others = work.cells.len() + work.fertility.len() + work.probes.len() + work.trainings.len() + shown;
    let mut inputs = desk.inputs.iter().skip(others);
    let mut all = BTreeMap::new();
    for training in &work.taught {
        let of_adapter = |why: String| Trouble::new(format!("the rows of adapter {}: {why}", training.adapter));
        let files = inputs.by_ref().take(files(training)).map(fs::read).collect::<Result<Vec<_>, _>>();
        let files = files.map_err(|error| of_adapter(error.to_string()))?;
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let lessons = Lessons::read(training, &files).map_err(of_adapter)?;
        all.insert(training.adapter.clone(), Learned::from_rows(&lessons.items));
    }
    Ok(all)
}

/// How many files a training's rows are in: its own, and those of the adapters that it is matched with.
fn files(training: &FinetuneWork) -> usize {
    training.training.train_on.languages.len() + training.arms.iter().map(|arm| arm.languages.len()).sum::<usize>()
}
