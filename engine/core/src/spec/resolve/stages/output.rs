//! `stage:NAME` and `stage:NAME.OUTPUT`: what a command stage writes, wherever it is read.

use crate::spec::StageOutput;
use crate::spec::resolve::Context;
use crate::spec::suggest::{listed, suggest};
use crate::spec::text::Word;
use crate::spec::tree::Table;

/// What comes before the name.
pub(in crate::spec::resolve) const STAGE: &str = "stage:";

/// The output that `word` names: behind [`STAGE`] `NAME` or `NAME.OUTPUT`. Both may have dots, and the longest name of a stage
/// wins. `reader`: the stage that it is an input of, if it is one.
pub(in crate::spec::resolve) fn output(
    word: Word<'_>,
    reader: Option<&str>,
    cx: &mut Context<'_>,
) -> Option<StageOutput> {
    let rest = word.text.strip_prefix(STAGE)?;
    let none = Table::default();
    let stages = cx.root.table("stages").unwrap_or(&none);
    let dots = rest.rmatch_indices('.').map(|(dot, _)| (&rest[..dot], Some(&rest[dot + 1..])));
    let found = [(rest, None)].into_iter().chain(dots).find(|(name, _)| stages.get(name).is_some());
    let place = |text: &str| {
        let start = text.as_ptr() as usize - word.text.as_ptr() as usize;
        cx.texts.inside(word.place, word.text, start..start + text.len())
    };
    let Some((stage, output)) = found else {
        cx.faults.at(place(rest), format!("unknown stage `{rest}`")).label("not in `[stages]`").help(suggest(
            rest,
            "stages",
            &cx.root.names("stages"),
        ));
        return None;
    };
    if reader == Some(stage) {
        cx.faults
            .at(place(stage), format!("stage `{stage}` reads its own output"))
            .label("itself")
            .help("an input comes from a file or from another stage");
        return None;
    }
    let outputs = stages.table(stage)?.names("outputs");
    match (output, outputs.as_slice()) {
        (Some(output), known) if known.contains(&output) => {
            Some(StageOutput { stage: stage.to_owned(), output: output.to_owned() })
        }
        (Some(output), known) => {
            cx.faults
                .at(place(output), format!("stage `{stage}` has no output `{output}`"))
                .label("unknown output")
                .help(suggest(output, "its outputs", known));
            None
        }
        (None, [only]) => Some(StageOutput { stage: stage.to_owned(), output: (*only).to_owned() }),
        (None, []) => {
            cx.faults
                .at(place(stage), format!("stage `{stage}` has no outputs"))
                .label("nothing to read")
                .help(format!("declare what it writes: `[stages.{stage}.outputs]`"));
            None
        }
        (None, several) => {
            cx.faults
                .at(place(stage), format!("stage `{stage}` has several outputs"))
                .label("which one?")
                .help(format!("write `{STAGE}{stage}.OUTPUT` with one of {}", listed(several)));
            None
        }
    }
}
