//! Asks a model: items, prompts, tokens, logits, scores, in units of a fixed composition.

mod journal;
mod loaded;

use super::{Desk, Product, Trouble, folder, llama};
use crate::decode::Decoder;
use crate::model_file;
use crate::protocol::Unit;
use crate::question::{self, Asker, Question};
use journal::Journal;
pub(super) use loaded::Loaded;
use std::fs;
use xlt_core::answers;
use xlt_core::batch::{self, Ask, Batches, Recipe};
use xlt_core::plan::EvaluateWork;
use xlt_llama::{Model, kernel_class};

pub(super) fn run(desk: &Desk<'_>, work: &EvaluateWork) -> Result<Product, Trouble> {
    let [model_path, .., rows] = desk.inputs else { return Err(Trouble::new("it needs a model and rows")) };
    let items = question::items(work, rows).map_err(Trouble::new)?;
    let mut loaded = desk.worker.llama.borrow_mut();
    let llama = llama::start(desk)?;
    let model = loaded.model(desk, &llama.backend, &model_file(model_path), &work.cell.model)?;
    let class = kernel_class(&llama.backend);
    let questions = Asker::new(work, model).questions(items).map_err(Trouble::new)?;
    let asks: Vec<Ask> = questions.iter().map(|question| question.ask(work.mode.score)).collect();
    let recipe = Recipe { unit: work.evaluate.unit as usize, vocabulary: model.vocab_size(), heads: model.heads() };
    let batches = batch::plan(&asks, &recipe);
    let evaluation = Evaluation { desk, work, model, questions: &questions, batches: &batches };
    let journal = evaluation.journal(&class)?;
    let cost = batches.cost(&asks, |unit| !journal.has(unit));
    desk.log.say(&format!(
        "{} prompts in {} units: {} tokens, {} are decoded",
        asks.len(),
        batches.units.len(),
        cost.apart,
        cost.decoded
    ));
    let answers = evaluation.answers(journal)?;
    let path = desk.folder.join("answers.jsonl");
    fs::write(&path, answers::write(&answers)).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
    Ok(Product { outputs: vec![path], fetched: None, kernel_class: Some(class), cost: Some(cost) })
}

struct Evaluation<'a> {
    desk: &'a Desk<'a>,
    work: &'a EvaluateWork,
    model: &'a Model,
    questions: &'a [Question],
    batches: &'a Batches,
}

impl Evaluation<'_> {
    /// What an earlier attempt has finished.
    fn journal(&self, class: &str) -> Result<Journal, Trouble> {
        let sizes: Vec<usize> = self.batches.units.iter().map(|unit| unit.asks.len()).collect();
        Journal::open(self.desk.partial, class, &sizes).map_err(Trouble::new)
    }

    /// The answers in the order of the questions. Units that an earlier attempt has finished are taken from its journal.
    fn answers(&self, mut journal: Journal) -> Result<Vec<answers::Answer>, Trouble> {
        let units = &self.batches.units;
        let todo: Vec<usize> = (0..units.len()).filter(|&number| !journal.has(number)).collect();
        let mut answered = self.questions.len() - todo.iter().map(|&number| units[number].asks.len()).sum::<usize>();
        if answered > 0 {
            self.desk.log.say(&format!("{answered} items were answered by an earlier attempt"));
        }
        let progress = |answered| {
            self.desk.worker.progress(answered as u64, Some(self.questions.len() as u64), Unit::Items);
        };
        progress(answered);
        let mut decoder = None;
        for number in todo {
            if self.desk.worker.stopped() {
                return Err(Trouble::Stopped);
            }
            let decoder = match &mut decoder {
                Some(decoder) => decoder,
                none => none.insert(self.decoder().map_err(Trouble::new)?),
            };
            journal.write(number, decoder.unit(&units[number]).map_err(Trouble::new)?).map_err(Trouble::new)?;
            answered += units[number].asks.len();
            progress(answered);
        }
        let asks = units.iter().flat_map(|unit| &unit.asks);
        let mut answers: Vec<(usize, answers::Answer)> = asks.copied().zip(journal.into_answers()).collect();
        answers.sort_by_key(|(ask, _)| *ask);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    fn decoder(&self) -> Result<Decoder<'_>, String> {
        Decoder::new(self.work, self.model, self.questions, self.batches, self.desk.job.threads)
    }
}
