//! From the files that a fine-tune reads to the rows that are learned: read, made equal with the other arms, answers dealt anew.

use super::balance::{self, Offer};
use super::shuffle::{Question, shuffled};
use crate::asked::{Asked, Rows};
use crate::items::Item;
use crate::plan::FinetuneWork;
use crate::spec::{Gold, Lesson};

/// What is learned, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lessons {
    /// The rows, by language and key; where answers are shuffled, with the answer that is taught.
    pub items: Vec<Item>,
    /// Steps of the optimizer.
    pub steps: u64,
}

impl Lessons {
    /// Reads the rows of a stage. `files` are the contents of its inputs behind the model, in their order: a file for each
    /// language of its own, then for each of every arm's.
    ///
    /// # Errors
    /// A sentence: rows that are no items, a part that is not there, nothing left to learn, answers that cannot be shuffled.
    pub fn read(work: &FinetuneWork, files: &[&[u8]]) -> Result<Self, String> {
        let mut files = files.iter().copied();
        let languages = &work.training.train_on.languages;
        let own = languages.iter().map(|language| read(work.asked(language), &mut files));
        let own: Vec<Item> = own.collect::<Result<Vec<_>, _>>()?.concat();
        let mut arms = Vec::new();
        for arm in &work.arms {
            let items = arm.languages.iter().map(|language| read(arm.asked(language), &mut files));
            let items: Vec<Item> = items
                .collect::<Result<Vec<_>, _>>()
                .map_err(|why| format!("adapter `{}`: {why}", arm.adapter))?
                .concat();
            arms.push((arm, items));
        }
        let training = &work.training;
        let offer = Offer::of(&work.adapter, &own, training.train_on.limit, training.pace);
        let others = arms.iter().map(|(arm, items)| Offer::of(&arm.adapter, items, arm.limit, arm.pace));
        let share = balance::share(&offer, &others.collect::<Vec<_>>(), training.matched);
        let share = share.map_err(|error| error.to_string())?;
        let mut items: Vec<Item> = own.iter().filter(|item| share.holds(item)).cloned().collect();
        items.sort_by(|a, b| (&a.language, &a.key).cmp(&(&b.language, &b.key)));
        let steps = share.steps;
        if let Lesson::Answer { gold: Gold::Shuffled, .. } = training.train_on.lesson {
            shuffle(&mut items)?;
        }
        Ok(Self { items, steps })
    }
}

fn read<'f>(asked: Asked<'_>, files: &mut impl Iterator<Item = &'f [u8]>) -> Result<Vec<Item>, String> {
    let bytes = files.next().ok_or_else(|| format!("it needs the rows of `data.{}`", asked.data.name))?;
    Ok(Rows::read(bytes, asked)?.asked)
}

fn shuffle(items: &mut [Item]) -> Result<(), String> {
    let dealt = shuffled(items.iter().map(Question::from)).map_err(|error| error.to_string())?;
    let answers: Vec<Option<usize>> = items.iter().map(|item| dealt.get(item.key.as_str()).copied()).collect();
    items.iter_mut().zip(answers).for_each(|(item, answer)| item.answer = answer.unwrap_or(item.answer));
    Ok(())
}
