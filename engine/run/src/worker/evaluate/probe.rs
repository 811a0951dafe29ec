//! Asks some items of an evaluation again, alone and in larger units, and compares the answers.

use super::super::{Desk, Product, Trouble};
use super::{Companions, Evaluation, Sitting, product, with_model};
use crate::question::{Asker, Question};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use xlt_core::answers::{self, Answer};
use xlt_core::batch::{self, Ask, Batches, Cost, Recipe};
use xlt_core::plan::ProbeWork;
use xlt_core::probe::{Ways, compare, sample};
use xlt_llama::Model;

pub(in crate::worker) fn run(desk: &Desk<'_>, work: &ProbeWork) -> Result<Product, Trouble> {
    let [inputs @ .., stored] = desk.inputs else { return Err(Trouble::new("it needs the evaluation's answers")) };
    let desk = &Desk { inputs, ..*desk };
    with_model(desk, &work.evaluation, |model, asker, items, class| {
        let sampled = sample(items.iter().map(|item| item.key.as_str()), work.items as usize);
        let questions = asker.questions(items).map_err(Trouble::new)?;
        let probe = Probe { desk, work, model, asker, class, questions: &questions, sampled: &sampled };
        let (alone, first) = probe.answers("alone", batch::plan_alone)?;
        let (doubled, second) = probe.answers("doubled", plan_doubled)?;
        let answered = answered(stored, &sampled)?;
        let ways = Ways { alone: &alone, answered: &answered, doubled: &doubled };
        let found = compare(ways, &work.evaluation.prompt.labels).map_err(Trouble::new)?;
        let cost = Cost { apart: first.apart + second.apart, decoded: first.decoded + second.decoded };
        product(desk, &[("probe.json", found.write().map_err(Trouble::new)?)], class, cost)
    })
}

fn plan_doubled(asks: &[Ask], recipe: &Recipe) -> Batches {
    batch::plan(asks, &Recipe { unit: recipe.unit * 2, ..*recipe })
}

/// What the evaluation answered to the sampled items, sorted by key as the items are.
fn answered(path: &Path, sampled: &BTreeSet<String>) -> Result<Vec<Answer>, Trouble> {
    let text = fs::read_to_string(path).map_err(|error| Trouble::new(format!("the evaluation's answers: {error}")))?;
    let mut answers = answers::read(&text).map_err(Trouble::new)?;
    answers.retain(|answer| sampled.contains(&answer.key));
    Ok(answers)
}

struct Probe<'a> {
    desk: &'a Desk<'a>,
    work: &'a ProbeWork,
    model: &'a Model,
    asker: &'a Asker<'a>,
    class: &'a str,
    /// Of all items: what all of them begin with is read once, as in the evaluation.
    questions: &'a [Question],
    sampled: &'a BTreeSet<String>,
}

impl Probe<'_> {
    /// The answers to the sampled items in units as `plan` makes them. `way` names the folder of what is finished.
    fn answers(&self, way: &str, plan: fn(&[Ask], &Recipe) -> Batches) -> Result<(Vec<Answer>, Cost), Trouble> {
        let is_sampled = |ask: usize| self.sampled.contains(&self.questions[ask].item.key);
        let evaluation =
            Evaluation::planned(&self.work.evaluation, self.questions.to_vec(), self.model, |asks, recipe| {
                let mut batches = plan(asks, recipe);
                batches.keep(is_sampled);
                batches
            });
        let journal = evaluation.journal(&self.desk.partial.join(way), self.class).map_err(Trouble::new)?;
        let nobody = Companions(Vec::new());
        let sitting = Sitting::new(self.desk, self.model, self.asker, &evaluation, &nobody);
        let (mut answers, cost) = sitting.answers(journal)?;
        answers.retain(|answer| self.sampled.contains(&answer.key));
        Ok((answers, cost))
    }
}
