//! What an analysis reads beside answers, to show what lies behind them: the rows of each language and the exact prompts.

use super::{Study, part};
use crate::plan::stage::{Input, InputSource, StageId, Work};
use crate::plan::work::EvaluateCell;
use crate::spec::Data;
use std::collections::BTreeSet;

/// Inputs of an analysis, and what they are of.
pub(super) struct Shown {
    /// How rows are read.
    pub(super) data: Option<Data>,
    /// Whose rows: the first of the inputs.
    pub(super) languages: Vec<String>,
    /// Whose prompts: the others.
    pub(super) prompts: Vec<EvaluateCell>,
    /// The inputs.
    pub(super) inputs: Vec<Input>,
}

impl Study<'_, '_> {
    /// Of cells and the stages of their answers. What answered elsewhere has no prompts.
    pub(super) fn shown(&mut self, cells: &[EvaluateCell], answers: &[StageId]) -> Shown {
        let languages: BTreeSet<&String> = cells.iter().map(|cell| &cell.language).collect();
        let languages: Vec<String> = languages.into_iter().cloned().collect();
        let spec = self.spec;
        let named = spec.evaluate.as_ref().map(|evaluate| &evaluate.data);
        let data = named.and_then(|name| spec.data.iter().find(|data| data.name == *name));
        let mut inputs = Vec::new();
        for language in &languages {
            inputs.extend(data.map(|data| part("rows", language, self.data(data, language))));
        }
        let mut prompts = Vec::new();
        for (cell, &stage) in cells.iter().zip(answers) {
            if let Work::Evaluate(_) = self.builder.stage(stage).work {
                let source = InputSource::Stage(stage, 1);
                inputs.push(Input { name: "prompts".into(), part: Some(cell.name().into()), source });
                prompts.push(cell.clone());
            }
        }
        Shown { data: data.cloned(), languages, prompts, inputs }
    }
}
