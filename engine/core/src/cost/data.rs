//! How many questions there are, and how many tokens they have, as far as that can be known before they are here.

use super::Books;
use crate::plan::{InputSource, Stage, Verdict};
use crate::spec::{Data, Split, SplitBy};

/// Tokens of a question with its passage, options and the words around them, where the rows are not here: Belebele's 110 words in
/// a language of which a word takes three tokens and a half.
const TOKENS: f64 = 400.0;
/// Bytes of UTF-8 in a token: between what English (4 to 5) and Amharic (2 to 3) come to in today's vocabularies.
const BYTES: f64 = 3.5;
/// Bytes of a row that are no text of the question: names of fields, keys.
const AROUND: f64 = 250.0;
/// Tokens that the prompt puts around a question.
const PROMPT: f64 = 60.0;
/// Questions on a passage, where nobody can tell: Belebele has 900 on 488.
pub(crate) const ON_A_PASSAGE: f64 = 900.0 / 488.0;

/// Questions of a language, and tokens of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Questions {
    /// How many; `None` where nobody can tell.
    pub(super) number: Option<f64>,
    pub(super) tokens: f64,
}

impl Books<'_> {
    /// The questions of a part of the data, of which `stage` reads the rows.
    pub(super) fn questions(&self, data: &Data, part: &str, limit: Option<u64>, stage: &Stage) -> Questions {
        let rows = self.rows(stage);
        let there = rows.map(|(lines, _)| lines as f64);
        let tokens = rows
            .map_or(TOKENS, |(lines, bytes)| (bytes as f64 / lines.max(1) as f64 - AROUND).max(0.0) / BYTES + PROMPT);
        let drawn = match &data.split {
            None => there,
            Some(Split::Field { .. }) => there.map(|rows| rows / 2.0),
            Some(Split::Drawn { by, train, test, .. }) => {
                let passages = *by == SplitBy::Passage && !data.group.is_empty();
                let number = if part == "train" { *train } else { *test } as f64;
                Some(if passages { number * ON_A_PASSAGE } else { number })
            }
        };
        let bound = limit.map(|limit| limit as f64);
        let number = match (drawn, bound) {
            (Some(drawn), Some(bound)) => Some(drawn.min(bound)),
            (drawn, bound) => drawn.or(bound),
        };
        Questions { number, tokens }
    }

    /// Lines and bytes of the first file of rows that a stage reads, where it is in the cache.
    fn rows(&self, stage: &Stage) -> Option<(u64, u64)> {
        let rows = stage.inputs.iter().find(|input| *input.name == *"rows")?;
        let InputSource::Stage(id, output) = rows.source else { return None };
        let Verdict::Cached { outputs, .. } = &self.plan.verdicts[id.index()] else { return None };
        self.facts.rows(&outputs.get(usize::from(output))?.digest)
    }
}
