//! From the answers of all cells to the results, in every format.

mod evidence;
mod taught;

use super::{Desk, Product, Trouble, folder};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use xlt_core::analysis::{self, Learned, Questions};
use xlt_core::answers;
use xlt_core::fertility::Fertilities;
use xlt_core::plan::{AnalyzeWork, EvaluateCell, TrainedAdapter};
use xlt_core::probe::Probe;
use xlt_core::provenance::Origin;
use xlt_core::results::{CellId, Results, Training, compute};
use xlt_core::training::log;
use xlt_report::Sources;

pub(super) fn run(desk: &Desk<'_>, work: &AnalyzeWork, origins: &[Origin]) -> Result<Product, Trouble> {
    let mut evaluations = BTreeMap::new();
    for (cell, path) in work.cells.iter().zip(desk.inputs) {
        let text = fs::read_to_string(path)
            .map_err(|error| Trouble::new(format!("the answers of {}: {error}", cell.name())))?;
        let read = answers::read(&text).map_err(|error| Trouble::new(format!("{}: {error}", cell.name())))?;
        evaluations.insert(cell.into(), read);
    }
    let computed = compute(&work.study, &evaluations, &work.groups, work.options);
    let (fertility, probes, trainings) = (fertility(work, desk)?, probes(work, desk)?, trainings(work, desk)?);
    let learned = taught::read(work, desk)?;
    let analysis = analysis::analyze(&evaluations, &questions(work, &learned), &computed);
    let weights = work.weights.clone();
    let results = Results { weights, fertility, probes, trainings, analysis, ..computed };
    let sources = Sources { evidence: evidence::read(work, desk, &evaluations)?, origins };
    let files = [
        ("results.md", xlt_report::markdown(&results)),
        ("results.csv", xlt_report::csv(&results)),
        ("results.json", xlt_report::json(&results)),
        ("report.html", xlt_report::html(&results, &sources)),
        ("results.tex", xlt_report::latex(&results)),
        ("gains.csv", xlt_report::gains_csv(&results)),
        ("claims.csv", xlt_report::claims_csv(&results)),
        ("gains.svg", xlt_report::gains_svg(&results)),
    ];
    let mut outputs = Vec::new();
    for (name, text) in files {
        let path = desk.folder.join(name);
        fs::write(&path, text).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
        outputs.push(path);
    }
    Ok(Product { outputs, ..Product::default() })
}

fn questions<'a>(work: &'a AnalyzeWork, learned: &'a BTreeMap<String, Learned>) -> Questions<'a> {
    let AnalyzeWork { analyze, claims, post_hoc, conditions, groups, options, .. } = work;
    Questions { analyze, claims, post_hoc, conditions, groups, options: *options, learned }
}

/// Tokens that were counted, by model.
fn fertility(work: &AnalyzeWork, desk: &Desk<'_>) -> Result<BTreeMap<String, Fertilities>, Trouble> {
    let inputs = desk.inputs.iter().skip(work.cells.len());
    let read = |(model, path): (&String, &PathBuf)| {
        let of_model = |error: &dyn Display| Trouble::new(format!("the tokens of {model}: {error}"));
        let text = fs::read_to_string(path).map_err(|error| of_model(&error))?;
        Ok((model.clone(), Fertilities::read(&text).map_err(|error| of_model(&error))?))
    };
    work.fertility.iter().zip(inputs).map(read).collect()
}

/// What was probed, by cell.
fn probes(work: &AnalyzeWork, desk: &Desk<'_>) -> Result<BTreeMap<CellId, Probe>, Trouble> {
    let inputs = desk.inputs.iter().skip(work.cells.len() + work.fertility.len());
    let read = |(cell, path): (&EvaluateCell, &PathBuf)| {
        let of_cell = |error: &dyn Display| Trouble::new(format!("the probe of {}: {error}", cell.name()));
        let text = fs::read_to_string(path).map_err(|error| of_cell(&error))?;
        Ok((cell.into(), Probe::read(&text).map_err(|error| of_cell(&error))?))
    };
    work.probes.iter().zip(inputs).map(read).collect()
}

/// How adapters were trained, sorted.
fn trainings(work: &AnalyzeWork, desk: &Desk<'_>) -> Result<Vec<Training>, Trouble> {
    let inputs = desk.inputs.iter().skip(work.cells.len() + work.fertility.len() + work.probes.len());
    let read = |(training, path): (&TrainedAdapter, &PathBuf)| {
        let of_training = |error: &dyn Display| Trouble::new(format!("the training of {}: {error}", training.name()));
        let text = fs::read_to_string(path).map_err(|error| of_training(&error))?;
        Ok(Training::new(training.clone(), log::read(&text).map_err(|error| of_training(&error))?))
    };
    work.trainings.iter().zip(inputs).map(read).collect()
}
