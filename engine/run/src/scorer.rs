//! From logits to answers: under `labels` and `texts`.

use crate::question::Question;
use std::collections::BTreeMap;
use xlt_core::answers::{Answer, TextLength, Written, likeliest};
use xlt_core::batch::{Role, Unit};
use xlt_core::plan::EvaluateWork;
use xlt_core::score::{self, LabelScore};
use xlt_core::spec::Score;
use xlt_llama::{Model, Token};

/// Hears the logits of a unit.
pub struct Scorer<'a> {
    work: &'a EvaluateWork,
    model: &'a Model,
    questions: &'a [Question],
    heard: BTreeMap<usize, Heard>,
}

/// What the logits of one question say.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Log-probability of each label; log-likelihood of each option's text.
    pub(crate) logprobs: Vec<f64>,
    /// Number of the likeliest label.
    prediction: usize,
    answer_mass: f64,
    pub(crate) argmax: i32,
}

impl<'a> Scorer<'a> {
    /// For a model and its questions.
    #[must_use]
    pub fn new(work: &'a EvaluateWork, model: &'a Model, questions: &'a [Question]) -> Self {
        Self { work, model, questions, heard: BTreeMap::new() }
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// A sentence: logits that cannot be scored.
    pub fn hear(&mut self, role: Role, token: usize, logits: &[f32]) -> Result<(), String> {
        match role {
            Role::Trunk | Role::Stem => {}
            Role::Tail { ask } => {
                let heard = Heard::at_slot(logits, &self.questions[ask].answers)?;
                self.heard.insert(ask, heard);
            }
            Role::Option { ask, option } => {
                let next = self.questions[ask].answers[option][token + 1];
                if let Some(heard) = self.heard.get_mut(&ask) {
                    heard.logprobs[option] += logprob(logits, next)?;
                }
            }
        }
        Ok(())
    }

    /// The answers to a unit's questions, in its order.
    ///
    /// # Errors
    /// A sentence that names the item.
    pub fn answers(&mut self, unit: &Unit) -> Result<Vec<Answer>, String> {
        let answer = |&ask: &usize| match self.heard.remove(&ask) {
            Some(heard) => {
                heard.answer(self.work, self.model, &self.questions[ask], None, &self.questions[ask].answers)
            }
            None => Err(format!("item {}: its unit has no logits for it", self.questions[ask].item.key)),
        };
        unit.asks.iter().map(answer).collect()
    }
}

impl Heard {
    /// What the logits at the answer slot say of the first tokens of all answers.
    pub(crate) fn at_slot(logits: &[f32], answers: &[Vec<Token>]) -> Result<Self, String> {
        let first: Vec<i32> = answers.iter().map(|answer| id(answer[0])).collect();
        let LabelScore { logprobs, prediction, answer_mass, argmax_token: argmax } =
            score::labels(logits, &first).map_err(|error| error.to_string())?;
        Ok(Self { logprobs, prediction, answer_mass, argmax })
    }

    /// The answer to a question. `answers`: the tokens that were scored.
    pub(crate) fn answer(
        self,
        work: &EvaluateWork,
        model: &Model,
        question: &Question,
        reasoning: Option<Written>,
        answers: &[Vec<Token>],
    ) -> Result<Answer, String> {
        let Question { item, .. } = question;
        let texts = (work.mode.score == Score::Texts).then(|| lengths(&item.options, answers));
        let prediction = match &texts {
            Some(texts) => likeliest(&self.logprobs, texts, work.mode.normalize),
            None => Some(self.prediction),
        };
        let prediction = prediction.ok_or_else(|| format!("item {}: nothing was scored", item.key))?;
        Ok(Answer {
            answer_mass: texts.is_none().then_some(self.answer_mass),
            logprobs: self.logprobs,
            texts,
            reasoning,
            ..predicted(work, model, question, Some(prediction), self.argmax)
        })
    }
}

/// An answer of which the prediction is known, and what the model was likeliest to say.
pub(crate) fn predicted(
    work: &EvaluateWork,
    model: &Model,
    question: &Question,
    prediction: Option<usize>,
    argmax: i32,
) -> Answer {
    let Question { item, prompt, .. } = question;
    let token = u32::try_from(argmax).ok().and_then(|id| model.token(id));
    Answer {
        argmax_token: argmax,
        argmax_text: token.map(|token| model.token_text(token)).unwrap_or_default(),
        n_tokens: u32::try_from(prompt.len()).unwrap_or(u32::MAX),
        ..Answer::predicted(item, &work.prompt.labels, prediction)
    }
}

/// Log-probability of one token.
pub(crate) fn logprob(logits: &[f32], token: Token) -> Result<f64, String> {
    let score = score::labels(logits, &[id(token)]).map_err(|error| error.to_string())?;
    Ok(score.logprobs[0])
}

/// Lengths of the options' texts, without the delimiter except in tokens.
fn lengths(options: &[String], answers: &[Vec<Token>]) -> Vec<TextLength> {
    let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let length = |(text, tokens): (&String, &Vec<Token>)| TextLength {
        tokens: fit(tokens.len()),
        bytes: fit(text.len()),
        characters: fit(text.chars().count()),
    };
    options.iter().zip(answers).map(length).collect()
}

fn id(token: Token) -> i32 {
    token.id().cast_signed()
}
