//! The prompts of an evaluation as the text of their tokens.

use crate::question::{Asker, Question};
use xlt_core::exact::{self, Exact, Lead, Piece};
use xlt_core::plan::EvaluateWork;
use xlt_llama::{Model, Token};

/// Of all questions, in the given order of their options. An item that says nothing but where its texts stand shows the form; where
/// it cannot be asked (a template that looks into texts, labels that merge with it), prompts are kept whole.
pub(super) fn prompts(
    work: &EvaluateWork,
    asker: &Asker<'_>,
    model: &Model,
    questions: &[Question],
) -> Result<Exact, String> {
    let given = questions.chunk_by(|one, next| one.item.key == next.item.key).map(|orders| &orders[0]);
    let marked = questions.first().map(|question| exact::sentinel(&question.item));
    let marked = marked.as_ref().and_then(|marked| Some((marked, asker.question(marked.clone()).ok()?)));
    let marked = marked.map(|(item, question)| (item, pieces(model, &question.prompt)));
    let prompts = given.map(|question| (&question.item, pieces(model, &question.prompt)));
    let lead = questions.first().map(|question| lead(work, asker, model, question)).transpose()?.flatten();
    Ok(Exact::new(work.prompt.labels.clone(), marked, lead, prompts))
}

/// What leads from reasoning to the answer: it is the same for all questions, since what it is scored against stands behind it.
fn lead(work: &EvaluateWork, asker: &Asker<'_>, model: &Model, question: &Question) -> Result<Option<Lead>, String> {
    let Some(reasoning) = asker.reasoning().filter(|_| work.mode.generates()) else { return Ok(None) };
    let after = |text: &str| asker.lead(text, &question.texts).map(|lead| pieces(model, &lead.tokens));
    Ok(Some(Lead { after_end: after(&reasoning.after_end)?, after_cut: after(&reasoning.after_cut)? }))
}

fn pieces(model: &Model, tokens: &[Token]) -> Vec<Piece> {
    let runs = tokens.chunk_by(|one, next| model.is_special(*one) == model.is_special(*next));
    let piece = |run: &[Token]| {
        let text = model.text(run);
        if model.is_special(run[0]) { Piece::Special(text) } else { Piece::Text(text) }
    };
    runs.map(piece).collect()
}
