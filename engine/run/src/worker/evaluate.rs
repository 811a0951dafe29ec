//! Asks a model: items, prompts, tokens, logits, scores, in units of a fixed composition.

mod exact;
mod journal;
mod probe;
mod sitting;

use super::loaded::of_model;
use super::offload::{self, Offload};
use super::{Desk, Product, Trouble, folder, llama};
use crate::model_file;
use crate::protocol::Companion;
use crate::question::{self, Asker, Question};
use journal::Journal;
pub(super) use probe::run as probe;
use sitting::Sitting;
use std::cell::{Cell, RefCell};
use std::fs;
use std::ops::Range;
use std::path::Path;
use xlt_cache::StageLock;
use xlt_core::answers::{self, Answer};
use xlt_core::batch::{self, Ask, Batches, Cost, Recipe};
use xlt_core::items::Item;
use xlt_core::key::Key;
use xlt_core::orders;
use xlt_core::plan::EvaluateWork;
use xlt_llama::Model;

pub(super) fn run(desk: &Desk<'_>, work: &EvaluateWork, companions: &[Companion]) -> Result<Product, Trouble> {
    with_model(desk, work, |model, asker, items, class| {
        let main = Evaluation::new(work, asker, model, items).map_err(Trouble::new)?;
        let prompts = exact::prompts(work, asker, model, &main.questions).map_err(Trouble::new)?;
        let journal = main.journal(desk.partial, class).map_err(Trouble::new)?;
        let companions = Companions::of(desk, companions, &main, model, class);
        let (answers, cost) = Sitting::new(desk, model, asker, &main, &companions).answers(journal)?;
        let answers = if work.mode.rotate { folded(work, &answers)? } else { answers };
        product(desk, &[("answers.jsonl", answers::write(&answers)), ("prompts.json", prompts.write())], class, cost)
    })
}

/// Makes a model ready to be asked: loads it, unless it is there, and reads what it is asked. `desk` has the inputs of an
/// evaluation. `then`: takes the model, what makes questions of items, the items, and the class of the kernels.
fn with_model<T>(
    desk: &Desk<'_>,
    work: &EvaluateWork,
    then: impl FnOnce(&Model, &Asker<'_>, Vec<Item>, &str) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let [model_path, .., rows] = desk.inputs else { return Err(Trouble::new("it needs a model and rows")) };
    let examples = question::examples(work, desk.inputs).map_err(Trouble::new)?;
    let items = question::items(work.asked(), rows).map_err(Trouble::new)?;
    let path = model_file(model_path);
    let mut loaded = desk.worker.llama.borrow_mut();
    let llama = llama::start(desk)?;
    let Offload { options, .. } = offload::for_asking(desk, &path, work, &items, &examples)
        .map_err(|error| of_model(&work.cell.model, &path, &error))?;
    let model = loaded.model(desk, &llama.backend, &path, work, options)?;
    let class = model.kernel_class(&llama.backend);
    let asker = Asker::new(work, model, &examples).map_err(Trouble::new)?;
    then(model, &asker, items, &class)
}

/// Writes the outputs of a stage that asked a model.
fn product(desk: &Desk<'_>, files: &[(&str, String)], class: &str, cost: Cost) -> Result<Product, Trouble> {
    let write = |(name, text): &(&str, String)| {
        let path = desk.folder.join(name);
        fs::write(&path, text).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
        Ok(path)
    };
    let outputs = files.iter().map(write).collect::<Result<_, Trouble>>()?;
    Ok(Product { outputs, kernel_class: Some(class.to_owned()), cost: Some(cost), ..Product::default() })
}

/// One answer of those to all orders of an item's options.
fn folded(work: &EvaluateWork, answers: &[Answer]) -> Result<Vec<Answer>, Trouble> {
    let fold = |orders: &[Answer]| {
        orders::fold(orders, &work.prompt.labels, work.mode.normalize)
            .ok_or_else(|| Trouble::new(format!("item {}: not every order of its options was scored", orders[0].key)))
    };
    answers.chunk_by(|one, next| one.key == next.key).map(fold).collect()
}

/// What one stage asks a model.
struct Evaluation<'a> {
    work: &'a EvaluateWork,
    questions: Vec<Question>,
    asks: Vec<Ask>,
    batches: Batches,
    /// Units that are finished together: what is resumed. One each, but runs of them where texts are written side by side.
    rounds: Vec<Range<usize>>,
}

impl<'a> Evaluation<'a> {
    fn new(work: &'a EvaluateWork, asker: &Asker<'_>, model: &Model, items: Vec<Item>) -> Result<Self, String> {
        Ok(Self::planned(work, asker.questions(items)?, model, batch::plan))
    }

    /// With units as `plan` makes them.
    fn planned(
        work: &'a EvaluateWork,
        questions: Vec<Question>,
        model: &Model,
        plan: impl FnOnce(&[Ask], &Recipe) -> Batches,
    ) -> Self {
        let asks: Vec<Ask> = questions.iter().map(|question| question.ask(&work.mode)).collect();
        let recipe = Recipe { unit: work.evaluate.unit as usize, vocabulary: model.vocab_size(), heads: model.heads() };
        let batches = plan(&asks, &recipe);
        let slots = if work.mode.generates() { work.evaluate.slots as usize } else { 0 };
        let rounds = batches.rounds(slots);
        Self { work, questions, asks, batches, rounds }
    }

    /// How many questions are asked.
    fn size(&self) -> usize {
        self.batches.units.iter().map(|unit| unit.asks.len()).sum()
    }

    /// Its items, in the given order of their options. The same rows may be those of another language, too.
    fn items_in(&self, language: &str) -> Vec<Item> {
        let given = self.questions.chunk_by(|one, next| one.item.key == next.item.key).map(|orders| &orders[0].item);
        given.map(|item| Item { language: language.to_owned(), ..item.clone() }).collect()
    }

    /// What an earlier attempt has finished.
    fn journal(&self, partial: &Path, class: &str) -> Result<Journal, String> {
        let size = |round: &Range<usize>| self.batches.units[round.clone()].iter().map(|unit| unit.asks.len()).sum();
        Journal::open(partial, class, &self.rounds.iter().map(size).collect::<Vec<usize>>())
    }

    /// Numbers of the questions of a round, in its order.
    fn asks_of(&self, round: usize) -> impl Iterator<Item = usize> + '_ {
        self.batches.units[self.rounds[round].clone()].iter().flat_map(|unit| unit.asks.iter().copied())
    }
}

/// Evaluations of the same items in other modes that wait for their turn: what they share with this one is decoded once. What
/// they are answered here stands in their own journals, from which they go on as if they had been stopped.
struct Companions<'a>(Vec<Along<'a>>);

struct Along<'a> {
    evaluation: Evaluation<'a>,
    journal: RefCell<Journal>,
    /// Whether something went wrong with it: it comes later, by itself, and says so then.
    left: Cell<bool>,
    _lock: StageLock,
}

impl<'a> Companions<'a> {
    /// Those that share the base of every unit, and that nobody else works on. What cannot come along comes later, by itself.
    fn of(desk: &Desk<'_>, companions: &'a [Companion], main: &Evaluation<'_>, model: &Model, class: &str) -> Self {
        let cache = &desk.worker.cache;
        let join = |companion: &'a Companion| {
            let key: Key = companion.key.parse().ok()?;
            // Its examples stand before what would be shared.
            if companion.work.mode.shots.is_some() {
                return None;
            }
            let asker = Asker::new(&companion.work, model, &[]).ok()?;
            let items = main.items_in(&companion.work.cell.language);
            let evaluation = Evaluation::new(&companion.work, &asker, model, items).ok()?;
            if companion.work.mode.generates() || !shares(main, &evaluation) {
                return None;
            }
            let lock = cache.try_lock(&key).ok()??;
            if cache.read_record(&key).ok()?.is_some() {
                return None;
            }
            let journal = evaluation.journal(&cache.partial(&key), class).ok()?;
            Some(Along { evaluation, journal: journal.into(), left: Cell::new(false), _lock: lock })
        };
        Self(companions.iter().filter_map(join).collect())
    }
}

/// Whether two evaluations have the same prelude and the same bases.
fn shares(one: &Evaluation<'_>, other: &Evaluation<'_>) -> bool {
    let (one, other) = (&one.batches, &other.batches);
    one.prelude == other.prelude
        && one.call == other.call
        && one.units.len() == other.units.len()
        && one.units.iter().zip(&other.units).all(|(one, other)| one.base > 0 && one.same_base(other))
}
