//! Decodes units of questions, and turns logits into answers.

use crate::question::Question;
use std::collections::BTreeMap;
use xlt_core::answers::{Answer, TextLength, likeliest};
use xlt_core::batch::{Batches, Call, Role, Unit};
use xlt_core::plan::EvaluateWork;
use xlt_core::score;
use xlt_core::spec::{Kv, Score};
use xlt_llama::{Context, ContextOptions, KvType, Model, Piece, Token};

/// A context that holds the prelude, and what is to be made of what it computes.
#[derive(Debug)]
pub struct Decoder<'a> {
    work: &'a EvaluateWork,
    model: &'a Model,
    questions: &'a [Question],
    context: Context<'a>,
}

/// What the logits of one question say.
#[derive(Debug)]
struct Heard {
    /// Log-probability of each label; log-likelihood of each option's text.
    logprobs: Vec<f64>,
    /// Number of the likeliest label.
    prediction: usize,
    answer_mass: f64,
    argmax: i32,
}

/// A row of logits: after which token of which strand.
struct Row {
    strand: usize,
    token: usize,
}

impl<'a> Decoder<'a> {
    /// Makes a context of the size that the units need, and decodes what all of them begin with.
    ///
    /// # Errors
    /// A sentence: too little memory, a model whose output is not a number.
    pub fn new(
        work: &'a EvaluateWork,
        model: &'a Model,
        questions: &'a [Question],
        batches: &Batches,
        threads: u32,
    ) -> Result<Self, String> {
        let options = options(batches, work.evaluate.kv, threads);
        let mut context = Context::new(model, &options).map_err(|error| error.to_string())?;
        let prelude = tokens(model, &batches.prelude);
        for tokens in prelude.chunks(options.n_batch as usize) {
            context.decode(&[Piece { sequence: 0, tokens, quiet: tokens.len() }]).map_err(|error| error.to_string())?;
        }
        Ok(Self { work, model, questions, context })
    }

    /// The answers to a unit's questions, in its order.
    ///
    /// # Errors
    /// A sentence that names the unit's items.
    pub fn unit(&mut self, unit: &Unit) -> Result<Vec<Answer>, String> {
        let mut heard: BTreeMap<usize, Heard> = BTreeMap::new();
        for call in &unit.calls {
            self.call(unit, call, &mut heard).map_err(|why| {
                let keys: Vec<&str> = unit.asks.iter().map(|&ask| self.questions[ask].item.key.as_str()).collect();
                format!("{why} (items {}, {})", keys.join(", "), self.work.cell.language)
            })?;
        }
        self.context.keep_first();
        let answer = |&ask: &usize| match heard.remove(&ask) {
            Some(heard) => self.answer(ask, heard),
            None => Err(format!("item {}: its unit has no logits for it", self.questions[ask].item.key)),
        };
        unit.asks.iter().map(answer).collect()
    }

    fn call(&mut self, unit: &Unit, call: &Call, heard: &mut BTreeMap<usize, Heard>) -> Result<(), String> {
        let strands: Vec<Vec<Token>> = call
            .pieces
            .iter()
            .map(|piece| tokens(self.model, &unit.strands[piece.strand].tokens[piece.tokens.clone()]))
            .collect();
        let (mut pieces, mut wanted) = (Vec::new(), Vec::new());
        for (piece, tokens) in call.pieces.iter().zip(&strands) {
            let strand = &unit.strands[piece.strand];
            if piece.tokens.start == 0 {
                let parent = strand.parent.map_or(0, |parent| parent + 1);
                self.context.fork(parent, piece.strand + 1).map_err(|error| error.to_string())?;
            }
            let rows = piece.tokens.clone().filter(|&token| strand.wants(token));
            let before = wanted.len();
            wanted.extend(rows.map(|token| Row { strand: piece.strand, token }));
            pieces.push(Piece { sequence: piece.strand + 1, tokens, quiet: tokens.len() - (wanted.len() - before) });
        }
        let rows = self.context.decode(&pieces).map_err(|error| error.to_string())?;
        for (Row { strand, token }, logits) in wanted.into_iter().zip(rows) {
            let wrong = |error: score::ScoreError| error.to_string();
            match unit.strands[strand].role {
                Role::Trunk => {}
                Role::Tail { ask } => {
                    let first: Vec<i32> = self.questions[ask].answers.iter().map(|answer| id(answer[0])).collect();
                    let score = score::labels(logits, &first).map_err(wrong)?;
                    let score::LabelScore { logprobs, prediction, answer_mass, argmax_token: argmax } = score;
                    heard.insert(ask, Heard { logprobs, prediction, answer_mass, argmax });
                }
                Role::Option { ask, option } => {
                    let next = id(self.questions[ask].answers[option][token + 1]);
                    let score = score::labels(logits, &[next]).map_err(wrong)?;
                    if let Some(heard) = heard.get_mut(&ask) {
                        heard.logprobs[option] += score.logprobs[0];
                    }
                }
            }
        }
        Ok(())
    }

    fn answer(&self, ask: usize, heard: Heard) -> Result<Answer, String> {
        let Question { item, prompt, answers } = &self.questions[ask];
        let texts = (self.work.mode.score == Score::Texts).then(|| lengths(&item.options, answers));
        let normalize = self.work.mode.normalize;
        let prediction = match &texts {
            Some(texts) => likeliest(&heard.logprobs, texts, normalize),
            None => Some(heard.prediction),
        };
        let prediction = prediction.ok_or_else(|| format!("item {}: nothing was scored", item.key))?;
        let argmax = u32::try_from(heard.argmax).ok().and_then(|id| self.model.token(id));
        Ok(Answer {
            key: item.key.clone(),
            group: item.group.clone(),
            language: item.language.clone(),
            prediction,
            predicted_label: self.work.prompt.labels[prediction].clone(),
            gold: item.answer,
            gold_label: self.work.prompt.labels[item.answer].clone(),
            answer_mass: texts.is_none().then_some(heard.answer_mass),
            logprobs: heard.logprobs,
            texts,
            argmax_token: heard.argmax,
            argmax_text: argmax.map(|token| self.model.token_text(token)).unwrap_or_default(),
            n_tokens: u32::try_from(prompt.len()).unwrap_or(u32::MAX),
        })
    }
}

fn options(batches: &Batches, kv: Kv, threads: u32) -> ContextOptions {
    let needs = batches.needs();
    let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ContextOptions {
        n_ctx: fit(needs.cells.next_multiple_of(256)),
        n_batch: fit(batches.call),
        sequences: fit(needs.sequences),
        outputs: fit(needs.outputs),
        kv: match kv {
            Kv::F16 => KvType::F16,
            Kv::F32 => KvType::F32,
        },
        threads,
    }
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

fn tokens(model: &Model, ids: &[i32]) -> Vec<Token> {
    // They come from this vocabulary.
    ids.iter().filter_map(|&id| model.token(id.cast_unsigned())).collect()
}
