//! A part of a plan: the stages that are wanted, and what these read.

use super::{Export, InputSource, Stage, StageId};

/// The stages that are wanted and all that these read, numbered anew in the same order, with the exports of those that stay.
pub(super) fn only(
    stages: Vec<Stage>,
    exports: Vec<Export>,
    wanted: &dyn Fn(&Stage) -> bool,
) -> (Vec<Stage>, Vec<Export>) {
    let numbers = numbers(&needed(&stages, wanted));
    let kept = stages.into_iter().zip(&numbers).filter(|(_, number)| number.is_some());
    let stages = kept.map(|(stage, _)| renumbered(stage, &numbers)).collect();
    let exports =
        exports.into_iter().filter_map(|export| Some(Export { stage: numbers[export.stage.index()]?, ..export }));
    (stages, exports.collect())
}

/// Of each stage whether it is wanted or read by one that is. Readers come after what they read.
fn needed(stages: &[Stage], wanted: &dyn Fn(&Stage) -> bool) -> Vec<bool> {
    let mut needed: Vec<bool> = stages.iter().map(wanted).collect();
    for at in (0..stages.len()).rev() {
        if needed[at] {
            stages[at].producers().for_each(|(id, _)| needed[id.index()] = true);
        }
    }
    needed
}

/// New numbers, by the old ones.
fn numbers(kept: &[bool]) -> Vec<Option<StageId>> {
    let mut next = 0;
    let number = |&kept: &bool| {
        let number = StageId(next);
        next += u32::from(kept);
        kept.then_some(number)
    };
    kept.iter().map(number).collect()
}

fn renumbered(mut stage: Stage, numbers: &[Option<StageId>]) -> Stage {
    for input in &mut stage.inputs {
        if let InputSource::Stage(id, _) = &mut input.source
            && let Some(number) = numbers[id.index()]
        {
            *id = number;
        }
    }
    stage
}
