//! What adapters will be asked of what they will have learned, as far as the data are here.

use crate::context::Context;
use std::collections::BTreeMap;
use xlt_core::analysis::Learned;
use xlt_core::asked::Rows;
use xlt_core::plan::{InputSource, KnownOutputs, Plan, Stage, Work};
use xlt_core::training::Lessons;

/// A line for each adapter that shares questions or passages with what it is asked. Nothing is said of data that are not here yet, or
/// that are named in other ways.
pub(super) fn as_text(plan: &Plan, context: &Context) -> String {
    let mut learned = BTreeMap::new();
    for stage in &plan.stages {
        if let Work::Finetune(work) = &stage.work
            && !learned.contains_key(&work.adapter)
            && let Some(files) = rows(stage, plan, context)
        {
            let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
            if let Ok(lessons) = Lessons::read(work, &files) {
                learned.insert(work.adapter.clone(), (&work.data, Learned::from_rows(&lessons.items)));
            }
        }
    }
    let mut asked: BTreeMap<&str, Learned> = BTreeMap::new();
    for stage in plan.stages.iter().filter(|_| !learned.is_empty()) {
        let Work::Evaluate(work) = &stage.work else { continue };
        let Some((adapter, (data, _))) = work.adapter.as_ref().and_then(|name| learned.get_key_value(name)) else {
            continue;
        };
        let same = data.file.source == work.data.file.source && data.key == work.data.key;
        if let (true, Some([bytes])) = (same, rows(stage, plan, context).as_deref())
            && let Ok(rows) = Rows::read(bytes, work.asked())
        {
            let Learned { questions, passages } = Learned::from_rows(&rows.asked);
            let all = asked.entry(adapter).or_default();
            all.questions.extend(questions);
            all.passages.extend(passages);
        }
    }
    let told = asked.iter().filter_map(|(adapter, asked)| {
        let (questions, passages) = learned[*adapter].1.shared_with(asked);
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

/// The files of rows that a stage reads, where all of them are in the cache.
fn rows(stage: &Stage, plan: &Plan, context: &Context) -> Option<Vec<Vec<u8>>> {
    let is_rows = |name: &str| name == "rows" || name.starts_with("arm");
    let inputs =
        stage.inputs.iter().filter(|input| is_rows(&input.name) && matches!(input.source, InputSource::Stage(..)));
    inputs.map(|input| std::fs::read(context.world.cache.object_path(&plan.output(input.source)?)).ok()).collect()
}
