//! What is shown of one stage: the question in the model's tokens, and the answer if there is one.

use crate::loader::Loader;
use std::path::PathBuf;
use xlt_core::answers::{self, Answer};
use xlt_core::items::Item;
use xlt_core::plan::{EvaluateWork, Plan, Stage, StageId, Verdict};
use xlt_llama::{Model, Token};
use xlt_run::question::{self, Asker};
use xlt_run::{World, model_file};

/// A stage whose model and rows are in the cache.
pub(super) struct Asks<'a> {
    stage: &'a Stage,
    work: &'a EvaluateWork,
    verdict: &'a Verdict,
    model: PathBuf,
    examples: Vec<Item>,
    pub(super) items: Vec<Item>,
}

/// One question of one stage.
pub(super) struct Exhibit<'a> {
    pub(super) stage: &'a str,
    pub(super) work: &'a EvaluateWork,
    pub(super) item: Item,
    /// The question, or a sentence why it cannot be asked.
    pub(super) question: Result<Words, String>,
    /// The answer, or why there is none.
    pub(super) answer: Result<Answer, &'static str>,
}

/// A question in the model's words.
pub(super) struct Words {
    /// The prompt up to the answer slot.
    pub(super) prompt: Vec<Word>,
    /// What leads from reasoning to the answer, where the model reasons.
    pub(super) lead: Option<String>,
    /// What is scored there, in the order of the labels.
    pub(super) answers: Vec<Vec<Word>>,
}

/// A token, as it is shown.
pub(super) struct Word {
    pub(super) id: u32,
    /// What it adds to the text: half a character, maybe.
    pub(super) bytes: Vec<u8>,
    /// Whether it is one that data never becomes.
    pub(super) special: bool,
}

impl<'a> Asks<'a> {
    /// Looks for a stage's model and items, or says what is missing.
    pub(super) fn read(world: &World, plan: &'a Plan, id: StageId, work: &'a EvaluateWork) -> Result<Self, String> {
        let stage = plan.stage(id);
        let inputs = world.artifacts(plan, stage)?;
        let [model, .., rows] = inputs.as_slice() else { return Err(format!("{} reads nothing", stage.name)) };
        let (model, items) = (model_file(model), question::items(work.asked(), rows)?);
        let examples = question::examples(work, &inputs)?;
        Ok(Self { stage, work, verdict: &plan.verdicts[id.index()], model, examples, items })
    }

    /// The item of that key.
    pub(super) fn item(&self, key: &str) -> Option<Item> {
        self.items.iter().find(|item| item.key == key).cloned()
    }

    fn answer(&self, world: &World, key: &str) -> Result<Answer, &'static str> {
        let Verdict::Cached { outputs, .. } = self.verdict else { return Err("not run yet") };
        let text = outputs.first().and_then(|output| world.read_text(&output.digest).ok());
        let text = text.ok_or("its answers are no longer in the cache")?;
        let answers = answers::read(&text).map_err(|_| "its answers cannot be read")?;
        answers.into_iter().find(|answer| answer.key == key).ok_or("it did not answer this item")
    }
}

/// What the stage makes of one of its items.
pub(super) fn exhibit<'a>(loader: &mut Loader, world: &World, asks: &Asks<'a>, item: Item) -> Exhibit<'a> {
    let (stage, work) = (asks.stage, asks.work);
    let answer = asks.answer(world, &item.key);
    let question =
        loader.model(&asks.model, &work.cell.model).and_then(|model| words(work, model, &asks.examples, item.clone()));
    Exhibit { stage: &stage.name, work, item, question, answer }
}

fn words(work: &EvaluateWork, model: &Model, examples: &[Item], item: Item) -> Result<Words, String> {
    let asker = Asker::new(work, model, examples)?;
    let question = asker.question(item)?;
    let words = |tokens: &Vec<Token>| tokens.iter().map(|&token| Word::of(model, token)).collect();
    let lead = asker.lead_text().map(str::to_owned);
    Ok(Words { lead, prompt: words(&question.prompt), answers: question.answers.iter().map(words).collect() })
}

impl Word {
    pub(super) fn of(model: &Model, token: Token) -> Self {
        Self { id: token.id(), bytes: model.token_bytes(token), special: model.is_special(token) }
    }
}

impl Words {
    pub(super) fn text(words: &[Word]) -> String {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.bytes.iter().copied()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
