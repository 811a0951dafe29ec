//! Texts that a model writes, several side by side: reasoning, and answers in its own words.
//!
//! A *slot* holds one text. Texts start in the order in which they come, each in the first slot that is free, and only where
//! the round asks for it: so what stands beside what depends on the texts of the round alone. Every slot has cells of its own;
//! it begins with a copy of what the prompt left in the context that decoded it. Where no text waits for a slot that has become
//! free, the last one moves there: slots without gaps are computed at once.

use crate::decode::kv_type;
use crate::question::{Asker, Lead, Question};
use crate::scorer::{Heard, logprob, predicted};
use std::collections::{BTreeMap, VecDeque};
use xlt_core::answers::{Answer, Ended, Generated, NOT_KNOWN, Written};
use xlt_core::extract::{Choices, extract};
use xlt_core::plan::EvaluateWork;
use xlt_core::sample::{choose, draw};
use xlt_core::score::likeliest;
use xlt_core::spec::{Sampling, Score};
use xlt_llama::{Context, ContextOptions, Model, Piece, Saved, Token};

/// The texts of one evaluation.
pub struct Generator<'a> {
    work: &'a EvaluateWork,
    model: &'a Model,
    asker: &'a Asker<'a>,
    questions: &'a [Question],
    context: Context<'a>,
    batch: usize,
    slots: Vec<Option<Text>>,
    queue: VecDeque<(Text, Saved<'a>)>,
    answers: BTreeMap<usize, Answer>,
    /// Tokens decoded so far.
    pub decoded: u64,
}

/// A text under way.
struct Text {
    ask: usize,
    part: Part,
    /// Tokens of this part.
    tokens: Vec<Token>,
    bytes: Vec<u8>,
    /// Tokens chosen in all parts.
    step: u32,
    /// The likeliest token where the part begins.
    argmax: i32,
    reasoning: Option<Written>,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Reasoning,
    Answer,
}

/// How a part came to its end: by one of its texts, where there was one, which may be the model's own mark.
struct End {
    ended: Ended,
    /// Bytes of the text before what ended it.
    kept: usize,
    /// Whether the model closed its channel itself.
    closed: bool,
}

impl<'a> Generator<'a> {
    /// Makes a context in which so many texts as the spec has slots are written side by side.
    ///
    /// # Errors
    /// A sentence: too little memory.
    pub fn new(
        work: &'a EvaluateWork,
        model: &'a Model,
        asker: &'a Asker<'a>,
        questions: &'a [Question],
        threads: u32,
    ) -> Result<Self, String> {
        let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let longest = questions.iter().map(|question| question.length).max().unwrap_or(1);
        let slots = (work.evaluate.slots as usize).min(questions.len()).max(1);
        let batch = slots.max(64);
        let options = ContextOptions {
            n_ctx: fit(longest.next_multiple_of(256) * slots),
            n_batch: fit(batch),
            sequences: fit(slots),
            separate: true,
            outputs: fit(batch),
            kv: kv_type(work.evaluate.kv),
            threads,
        };
        let context = Context::new(model, &options).map_err(|error| {
            format!("{error}\n  {slots} texts of up to {longest} tokens are written side by side: fewer `slots` in `[evaluate]`, or a smaller `max_tokens` of the mode, need less")
        })?;
        let slots = (0..slots).map(|_| None).collect();
        let (queue, answers) = (VecDeque::new(), BTreeMap::new());
        Ok(Self { work, model, asker, questions, context, batch, slots, queue, answers, decoded: 0 })
    }

    /// A prompt has been decoded: its text waits for a slot.
    ///
    /// # Errors
    /// A sentence: logits of which none can be chosen.
    pub fn push(&mut self, ask: usize, logits: &[f32], prompt: Saved<'a>) -> Result<(), String> {
        let part = if self.work.mode.reasons().is_some() { Part::Reasoning } else { Part::Answer };
        let mut text = Text::new(ask, part);
        self.begin(&mut text, logits)?;
        self.queue.push_back((text, prompt));
        Ok(())
    }

    /// Writes while every slot is taken; `all`: until no text is left. `stop` hears before every token how many texts are
    /// finished. Says whether it came so far, and not to a stop.
    ///
    /// # Errors
    /// A sentence that names the item.
    pub fn run(&mut self, all: bool, stop: &dyn Fn(usize) -> bool) -> Result<bool, String> {
        loop {
            if stop(self.answers.len()) {
                return Ok(false);
            }
            self.fill()?;
            let taken = self.slots.iter().flatten().count();
            if taken == 0 || !all && taken < self.slots.len() {
                return Ok(true);
            }
            self.step()?;
        }
    }

    /// The answers to these questions, which are all that were asked; forgets everything.
    ///
    /// # Errors
    /// A sentence.
    pub fn take(&mut self, asks: impl Iterator<Item = usize>) -> Result<Vec<Answer>, String> {
        self.context.clear();
        let answer = |ask: usize| {
            let lost = || format!("item {}: its text was lost", self.questions[ask].item.key);
            self.answers.remove(&ask).ok_or_else(lost)
        };
        asks.map(answer).collect()
    }

    /// Gives free slots to the texts that wait. A text may be at its end with its first token.
    fn fill(&mut self) -> Result<(), String> {
        while let Some(slot) = self.slots.iter().position(Option::is_none) {
            let Some((text, prompt)) = self.queue.pop_front() else { return Ok(()) };
            self.context.copy_in(slot, &prompt).map_err(|error| error.to_string())?;
            self.settle(slot, text)?;
        }
        Ok(())
    }

    /// Decodes one token of every text under way, and chooses the next.
    fn step(&mut self) -> Result<(), String> {
        self.close_ranks()?;
        let mut texts: Vec<Text> = self.slots.iter_mut().filter_map(Option::take).collect();
        let last: Vec<[Token; 1]> = texts.iter().filter_map(|text| text.tokens.last().map(|&token| [token])).collect();
        let pieces = last.iter().enumerate().map(|(sequence, tokens)| Piece { sequence, tokens, quiet: 0 });
        let pieces: Vec<Piece<'_>> = pieces.collect();
        self.decoded += pieces.len() as u64;
        let rows = self.context.decode(&pieces).map_err(|error| error.to_string())?;
        let (work, questions) = (self.work, self.questions);
        for (text, logits) in texts.iter_mut().zip(rows) {
            let token = choose_for(work, &questions[text.ask], self.model, text, logits)?;
            text.tokens.push(token);
        }
        texts.into_iter().enumerate().try_for_each(|(slot, text)| self.settle(slot, text))
    }

    /// Moves the last texts into free slots before them.
    fn close_ranks(&mut self) -> Result<(), String> {
        while let Some(free) = self.slots.iter().position(Option::is_none)
            && let Some(last) = self.slots.iter().rposition(Option::is_some)
            && free < last
        {
            self.context.relocate(last, free).map_err(|error| error.to_string())?;
            self.slots.swap(free, last);
        }
        Ok(())
    }

    /// A text has got another token: it goes on in its slot, or its part is at an end.
    fn settle(&mut self, slot: usize, mut text: Text) -> Result<(), String> {
        loop {
            let Some(end) = self.end(&mut text) else {
                self.slots[slot] = Some(text);
                return Ok(());
            };
            let tokens = u32::try_from(text.tokens.len()).unwrap_or(u32::MAX);
            let words = String::from_utf8_lossy(&text.bytes[..end.kept]).into_owned();
            let written = Written { text: words, tokens, ended: end.ended };
            match text.part {
                Part::Answer => {
                    self.answered(&text, written);
                    return self.free(slot);
                }
                Part::Reasoning if self.work.mode.score == Score::Generate => {
                    let (lead, _) = self.lead(&text, &end)?;
                    let logits = self.follow(slot, &lead)?;
                    text = Text { step: text.step, reasoning: Some(written), ..Text::new(text.ask, Part::Answer) };
                    self.begin(&mut text, &logits)?;
                }
                Part::Reasoning => {
                    let (lead, answers) = self.lead(&text, &end)?;
                    let heard = self.score(slot, &lead, &answers)?;
                    let question = &self.questions[text.ask];
                    let answer = heard.answer(self.work, self.model, question, Some(written), &answers)?;
                    self.answers.insert(text.ask, answer);
                    return self.free(slot);
                }
            }
        }
    }

    /// Whether the last token ends the part.
    fn end(&self, text: &mut Text) -> Option<End> {
        let &last = text.tokens.last()?;
        let before = text.bytes.len();
        if self.model.ends_turn(last) {
            let closes = self.ends(text.part).0.iter().any(|end| self.model.token_text(last) == *end);
            return Some(End { ended: Ended::Model, kept: before, closed: closes });
        }
        text.bytes.extend(self.model.token_bytes(last));
        let (ends, ended) = self.ends(text.part);
        let found = ends.iter().filter_map(|end| {
            // It may begin in an earlier token, and others may follow in this one.
            let from = before.saturating_sub(end.len());
            let at = text.bytes[from..].windows(end.len().max(1)).position(|part| part == end.as_bytes())?;
            Some(from + at)
        });
        if let Some(kept) = found.min() {
            return Some(End { ended, kept, closed: text.part == Part::Reasoning });
        }
        let budget = match (text.part, self.work.mode.reasons()) {
            (Part::Reasoning, Some(reason)) => reason.max_tokens,
            _ => self.work.mode.generate.max_tokens,
        };
        let kept = text.bytes.len();
        (text.tokens.len() >= budget as usize).then_some(End { ended: Ended::Budget, kept, closed: false })
    }

    /// Texts that end a part, and what it is then ended by.
    fn ends(&self, part: Part) -> (&[String], Ended) {
        match part {
            Part::Reasoning => (self.asker.reasoning().map_or(&[], |reasoning| &reasoning.ends), Ended::Model),
            Part::Answer => (&self.work.mode.generate.stop, Ended::Stop),
        }
    }

    /// What leads on from reasoning: its last token, if the model is to have read it, and the way to the answer; and what is
    /// scored there.
    fn lead(&self, text: &Text, end: &End) -> Result<(Vec<Token>, Vec<Vec<Token>>), String> {
        let reasoning = self.asker.reasoning().ok_or("reasoning without an end")?;
        let after = if end.closed { &reasoning.after_end } else { &reasoning.after_cut };
        let Question { item, texts, .. } = &self.questions[text.ask];
        let Lead { tokens, answers } =
            self.asker.lead(after, texts).map_err(|error| format!("item {} ({}): {error}", item.key, item.language))?;
        let last = text.tokens.last().filter(|&&last| end.closed || !self.model.ends_turn(last));
        Ok((last.into_iter().copied().chain(tokens).collect(), answers))
    }

    /// Decodes tokens in a slot; the logits after the last.
    fn follow(&mut self, slot: usize, tokens: &[Token]) -> Result<Vec<f32>, String> {
        let mut logits = Vec::new();
        self.decoded += tokens.len() as u64;
        for tokens in tokens.chunks(self.batch) {
            let piece = Piece { sequence: slot, tokens, quiet: tokens.len() - 1 };
            let rows = self.context.decode(&[piece]).map_err(|error| error.to_string())?;
            logits = rows.first().map(|row| row.to_vec()).unwrap_or_default();
        }
        Ok(logits)
    }

    /// Scores answers behind a lead.
    fn score(&mut self, slot: usize, lead: &[Token], answers: &[Vec<Token>]) -> Result<Heard, String> {
        let logits = self.follow(slot, lead)?;
        let mut heard = Heard::at_slot(&logits, answers)?;
        if self.work.mode.score == Score::Texts {
            let slot_length = self.context.length(slot);
            for (answer, sum) in answers.iter().zip(&mut heard.logprobs) {
                for pair in answer.windows(2) {
                    let piece = Piece { sequence: slot, tokens: &pair[..1], quiet: 0 };
                    self.decoded += 1;
                    let rows = self.context.decode(&[piece]).map_err(|error| error.to_string())?;
                    *sum += rows.first().map_or(Ok(0.0), |row| logprob(row, pair[1]))?;
                }
                self.context.truncate(slot, slot_length).map_err(|error| error.to_string())?;
            }
        }
        Ok(heard)
    }

    fn answered(&mut self, text: &Text, written: Written) {
        let question = &self.questions[text.ask];
        let choices = Choices { labels: &self.work.prompt.labels, options: &question.item.options };
        let truncated = written.ended == Ended::Budget;
        let extraction = extract(&written.text, &choices, truncated, self.work.mode.generate.extract);
        let answer = Answer {
            reasoning: text.reasoning.clone(),
            ..predicted(self.work, self.model, question, extraction.option, text.argmax)
        };
        self.answers.insert(text.ask, Answer { generated: Some(Generated { written, extraction }), ..answer });
    }

    fn free(&mut self, slot: usize) -> Result<(), String> {
        self.context.truncate(slot, 0).map_err(|error| error.to_string())
    }

    /// The first token of a part.
    fn begin(&self, text: &mut Text, logits: &[f32]) -> Result<(), String> {
        text.argmax = likeliest(logits).and_then(|token| i32::try_from(token).ok()).unwrap_or(NOT_KNOWN);
        let token = choose_for(self.work, &self.questions[text.ask], self.model, text, logits)?;
        text.tokens.push(token);
        Ok(())
    }
}

impl Text {
    fn new(ask: usize, part: Part) -> Self {
        let (tokens, bytes) = (Vec::new(), Vec::new());
        Self { ask, part, tokens, bytes, step: 0, argmax: NOT_KNOWN, reasoning: None }
    }
}

/// The next token of a text.
fn choose_for(
    work: &EvaluateWork,
    question: &Question,
    model: &Model,
    text: &mut Text,
    logits: &[f32],
) -> Result<Token, String> {
    let item = &question.item;
    let sampling = work.mode.reasons().map_or(Sampling::Greedy, |reason| reason.sampling);
    let at = match sampling {
        Sampling::Greedy => 0.0,
        Sampling::Drawn { seed, .. } => draw(seed, &item.key, &item.language, text.step),
    };
    text.step += 1;
    let token = choose(logits, sampling, at).and_then(|token| u32::try_from(token).ok()).and_then(|id| model.token(id));
    token.ok_or_else(|| format!("item {} ({}): no token can follow", item.key, item.language))
}
