//! One evaluation, and others that come along, from their questions to their answers.

use super::journal::Journal;
use super::{Along, Companions, Desk, Evaluation, Trouble};
use crate::decode::Decoder;
use crate::generate::Generator;
use crate::protocol::Unit as Counted;
use crate::question::Asker;
use crate::scorer::Scorer;
use std::collections::BTreeMap;
use xlt_core::answers::Answer;
use xlt_core::batch::{Cost, Role, Unit};
use xlt_llama::Model;

pub(super) struct Sitting<'a> {
    desk: &'a Desk<'a>,
    model: &'a Model,
    asker: &'a Asker<'a>,
    main: &'a Evaluation<'a>,
    companions: &'a Companions<'a>,
    decoder: Option<Decoder<'a>>,
    generator: Option<Generator<'a>>,
    /// Questions of the rounds that are finished.
    answered: usize,
    /// Tokens of the prompts answered so far, each taken by itself.
    apart: u64,
    /// Tokens that decoders before the present one have decoded.
    decoded: u64,
}

impl<'a> Sitting<'a> {
    pub(super) fn new(
        desk: &'a Desk<'a>,
        model: &'a Model,
        asker: &'a Asker<'a>,
        main: &'a Evaluation<'a>,
        companions: &'a Companions<'a>,
    ) -> Self {
        Self { desk, model, asker, main, companions, decoder: None, generator: None, answered: 0, apart: 0, decoded: 0 }
    }

    /// The answers in the order of the questions. Rounds that an earlier attempt has finished are taken from its journal.
    pub(super) fn answers(mut self, mut journal: Journal) -> Result<(Vec<Answer>, Cost), Trouble> {
        let main = self.main;
        let todo: Vec<usize> = (0..main.rounds.len()).filter(|&round| !journal.has(round)).collect();
        self.answered = main.size() - todo.iter().map(|&round| main.asks_of(round).count()).sum::<usize>();
        self.say();
        self.progress(0);
        for round in todo {
            let answers = self.round(round)?;
            self.answered += answers.len();
            journal.write(round, answers).map_err(Trouble::new)?;
            self.progress(0);
        }
        let asks = (0..main.rounds.len()).flat_map(|round| main.asks_of(round));
        let mut answers: Vec<(usize, Answer)> = asks.zip(journal.into_answers()).collect();
        answers.sort_by_key(|(ask, _)| *ask);
        let written = self.generator.as_ref().map_or(0, |generator| generator.decoded);
        let decoded = self.decoded + self.decoder.as_ref().map_or(0, |decoder| decoder.decoded) + written;
        let cost = Cost { apart: self.apart + written, decoded };
        self.desk.log.say(&format!("{} tokens asked and written, {} decoded", cost.apart, cost.decoded));
        Ok((answers.into_iter().map(|(_, answer)| answer).collect(), cost))
    }

    fn say(&self) {
        let Evaluation { batches, asks, .. } = self.main;
        let cost = batches.cost(asks);
        let log = &self.desk.log;
        log.say(&format!(
            "{} prompts in {} units: {} tokens, of which {} are to be decoded",
            self.main.size(),
            batches.units.len(),
            cost.apart,
            cost.decoded
        ));
        for along in &self.companions.0 {
            log.say(&format!("mode {} of the same items comes along", along.evaluation.work.cell.mode));
        }
        if self.answered > 0 {
            log.say(&format!("{} items were answered by an earlier attempt", self.answered));
        }
    }

    /// `more`: questions of the present round that are answered.
    fn progress(&self, more: usize) {
        self.desk.worker.progress((self.answered + more) as u64, Some(self.main.size() as u64), Counted::Items);
    }

    /// The answers of a round, in its order.
    fn round(&mut self, round: usize) -> Result<Vec<Answer>, Trouble> {
        let main = self.main;
        let mut answers = Vec::new();
        for number in main.rounds[round].clone() {
            if self.desk.worker.stopped() {
                return Err(Trouble::Stopped);
            }
            let unit = &main.batches.units[number];
            answers.extend(self.unit(number).map_err(|why| {
                let keys: Vec<&str> = unit.asks.iter().map(|&ask| main.questions[ask].item.key.as_str()).collect();
                Trouble::new(format!("{why} (items {}, {})", keys.join(", "), main.work.cell.language))
            })?);
        }
        if let Some(mut generator) = self.generator.take() {
            if !generator.run(true, &|written| self.heed(written)).map_err(Trouble::new)? {
                return Err(Trouble::Stopped);
            }
            answers = generator.take(main.asks_of(round)).map_err(Trouble::new)?;
            self.generator = Some(generator);
        }
        Ok(answers)
    }

    /// The answers to a unit's questions, where they need no writing.
    fn unit(&mut self, number: usize) -> Result<Vec<Answer>, String> {
        let main = self.main;
        let (work, unit) = (main.work, &main.batches.units[number]);
        self.decoder()?.base(unit)?;
        let answers = if work.mode.generates() {
            self.write(unit)?;
            Vec::new()
        } else {
            self.score(main, unit)?
        };
        self.apart += unit.apart(&main.asks);
        for along in &self.companions.0 {
            if along.left.get() || along.journal.borrow().has(number) {
                continue;
            }
            self.decoder()?.forget_own(unit)?;
            if let Err(why) = self.along(along, number) {
                self.desk.log.say(&format!("mode {} comes later: {why}", along.evaluation.work.cell.mode));
                along.left.set(true);
                // What failed may have left the context unusable.
                self.decoded += self.decoder.take().map_or(0, |decoder| decoder.decoded);
                return Ok(answers);
            }
        }
        self.decoder()?.forget();
        Ok(answers)
    }

    /// Answers a unit's questions in a companion's mode, behind the base that is there.
    fn along(&mut self, along: &'a Along<'a>, number: usize) -> Result<(), String> {
        let companion = &along.evaluation;
        let unit = &companion.batches.units[number];
        let answers = self.score(companion, unit)?;
        along.journal.borrow_mut().write(number, answers)?;
        self.apart += unit.apart(&companion.asks);
        self.decoder()?.forget_own(unit)
    }

    fn score(&mut self, of: &'a Evaluation<'a>, unit: &Unit) -> Result<Vec<Answer>, String> {
        let mut scorer = Scorer::new(of.work, self.model, &of.questions);
        self.decoder()?.own(unit, &mut |role, token, logits| scorer.hear(role, token, logits))?;
        scorer.answers(unit)
    }

    /// Decodes the prompts and writes what follows them as far as slots are full.
    fn write(&mut self, unit: &Unit) -> Result<(), String> {
        let mut first: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        let decoder = self.decoder()?;
        decoder.own(unit, &mut |role, _, logits| {
            if let Role::Tail { ask } = role {
                first.insert(ask, logits.to_vec());
            }
            Ok(())
        })?;
        for &ask in &unit.asks {
            let logits = first.remove(&ask).ok_or("a prompt without logits")?;
            let prompt = self.decoder()?.prompt(unit, ask)?;
            let mut generator = self.generator()?;
            generator.push(ask, &logits, prompt)?;
            // A stop is heard again where the round ends.
            generator.run(false, &|written| self.heed(written))?;
            self.generator = Some(generator);
        }
        Ok(())
    }

    /// So many questions of the round are answered by now. Whether to stop.
    fn heed(&self, written: usize) -> bool {
        self.progress(written);
        self.desk.worker.stopped()
    }

    fn decoder(&mut self) -> Result<&mut Decoder<'a>, String> {
        if self.decoder.is_none() {
            let companions = self.companions.0.iter().map(|along| &along.evaluation.batches);
            let modes: Vec<_> = std::iter::once(&self.main.batches).chain(companions).collect();
            let evaluate = &self.main.work.evaluate;
            self.decoder = Some(Decoder::new(self.model, &modes, evaluate.kv, self.desk.job.threads)?);
        }
        self.decoder.as_mut().ok_or_else(|| "there is no decoder".to_owned())
    }

    /// The generator, to be put back.
    fn generator(&mut self) -> Result<Generator<'a>, String> {
        let Evaluation { work, questions, .. } = self.main;
        let threads = self.desk.job.threads;
        let made = self.generator.take();
        made.map_or_else(|| Generator::new(work, self.model, self.asker, questions, threads), Ok)
    }
}
