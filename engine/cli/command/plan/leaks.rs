//! What adapters will be asked of what they will have learned, as far as the data are here.

use crate::context::Context;
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::analysis::Learned;
use xlt_core::asked::Rows;
use xlt_core::plan::{FinetuneWork, InputSource, KnownOutputs, Plan, Stage, Work};
use xlt_core::spec::Data;
use xlt_core::training::Lessons;

/// A line for each adapter that shares questions or passages with what it is asked. Nothing is said of data that are not here yet, or
/// that are named in other ways. Adapters are alike on all models and in all seeds, and so are questions in all modes: each is read once.
pub(super) fn as_text(plan: &Plan, context: &Context) -> String {
    let mut learned = BTreeMap::new();
    for stage in &plan.stages {
        if let Work::Finetune(work) | Work::Rows(work) = &stage.work {
            learned.entry(work.adapter.as_str()).or_insert_with(|| lessons(work, stage, plan, context));
        }
    }
    let (mut asked, mut read): (BTreeMap<&str, Learned>, _) = (BTreeMap::new(), BTreeSet::new());
    for stage in &plan.stages {
        let Work::Evaluate(work) = &stage.work else { continue };
        let Some(adapter) = work.adapter.as_deref() else { continue };
        let Some(Some((data, _))) = learned.get(adapter) else { continue };
        if !data.has_keys_of(&work.data) || !read.insert((adapter, &work.cell.language)) {
            continue;
        }
        if let Some([bytes]) = rows(stage, plan, context).as_deref()
            && let Ok(rows) = Rows::read(bytes, work.asked())
        {
            let Learned { questions, passages } = Learned::from_rows(&rows.asked);
            let all = asked.entry(adapter).or_default();
            all.questions.extend(questions);
            all.passages.extend(passages);
        }
    }
    let told = asked.iter().filter_map(|(adapter, asked)| {
        let (questions, passages) = learned[*adapter].as_ref()?.1.shared_with(asked);
        (questions + passages > 0).then(|| {
            let (of_questions, of_passages) = (asked.questions.len(), asked.passages.len());
            format!(
                "leaks: adapter `{adapter}` learns {questions} of the {of_questions} questions that it is asked, and {passages} of \
                 their {of_passages} passages\n"
            )
        })
    });
    told.collect()
}

/// The data that an adapter learns from, and what of it, where all of them are here.
fn lessons<'p>(work: &'p FinetuneWork, stage: &Stage, plan: &Plan, context: &Context) -> Option<(&'p Data, Learned)> {
    let files = rows(stage, plan, context)?;
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let lessons = Lessons::read(work, &files).ok()?;
    Some((&work.data, Learned::from_rows(&lessons.items)))
}

/// The files of rows that a stage reads, where all of them are in the cache.
fn rows(stage: &Stage, plan: &Plan, context: &Context) -> Option<Vec<Vec<u8>>> {
    let is_rows = |name: &str| name == "rows" || name.starts_with("arm");
    let inputs =
        stage.inputs.iter().filter(|input| is_rows(&input.name) && matches!(input.source, InputSource::Stage(..)));
    inputs.map(|input| std::fs::read(context.world.cache.object_path(&plan.output(input.source)?)).ok()).collect()
}
