//! Which tokens are decoded when: prompts that share their beginnings become units of a fixed composition.
//!
//! On quantized weights a token's logits depend, in their last digits and now and then in a prediction, on what is
//! decoded beside it. So what stands beside what is worked out here, from the prompts and the recipe alone: never from
//! the order of rows, from threads, from the device, from what was done before or is done elsewhere.
//!
//! What all prompts of a stage begin with is the *prelude*, decoded once and kept. Questions on one passage are a group;
//! what all of its prompts begin with is its *trunk*. The *stem* of a prompt goes on to where the mode's own words begin.
//! A *unit* is a run of groups, held in memory together and decoded in phases: the trunks, the stems, then the *tails* of
//! the prompts, then the texts of options where those are scored. Trunks and stems are the unit's *base*: it does not
//! depend on the mode, so evaluations in several modes that run together decode it once, and one alone decodes the
//! same. The unit is what can be resumed: nothing of one reaches another.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Tokens of one call of the decoder, at most.
pub const BATCH: usize = 512;
/// Sequences that llama.cpp can tell apart. It reserves a row of logits for each, so large vocabularies get fewer.
const SEQUENCES: Range<usize> = 32..256;
/// Bytes of logits that one call may leave.
const LOGITS: usize = 64 << 20;
/// Bytes of attention scores that one call may take in a layer: tokens of the call x cells of the cache x heads x 4. For
/// a long passage on a model with many heads calls get shorter.
const ATTENTION: usize = 128 << 20;

/// One question to a model, in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Passage that it is on: questions of one group share what their prompts begin with.
    pub group: String,
    /// The prompt up to the answer slot, at least one token.
    pub prompt: Vec<i32>,
    /// How many of its first tokens are the same in every mode; 0: nothing of it can be shared with other modes.
    pub stem: usize,
    /// Texts that are scored after it, at least one token each; none where labels are scored.
    pub options: Vec<Vec<i32>>,
}

/// How much is decoded together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Tokens of a unit. A group that is longer alone is cut by questions, so that their stems have at most so many:
    /// of prompts without one, what follows the trunk.
    pub unit: usize,
    /// Tokens of the vocabulary: rows of logits are as long, and few long ones fit.
    pub vocabulary: usize,
    /// Attention heads of the model.
    pub heads: usize,
}

/// Everything that a stage decodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    /// What all prompts begin with; sequence 0.
    pub prelude: Vec<i32>,
    /// Tokens of one call of the decoder, at most.
    pub call: usize,
    /// The units, in the order of the groups' names.
    pub units: Vec<Unit>,
}

/// Groups that are decoded together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Numbers of its questions.
    pub asks: Vec<usize>,
    /// Its token runs, those of the base first; parents stand before their children. Number `i` is sequence `i + 1`.
    pub strands: Vec<Strand>,
    /// How many of the strands are the base.
    pub base: usize,
    /// The calls of the decoder for the base, in order.
    pub base_calls: Vec<Call>,
    /// The calls for what follows it.
    pub calls: Vec<Call>,
}

/// A run of tokens that follows another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strand {
    /// The strand that it follows; `None`: the prelude.
    pub parent: Option<usize>,
    /// Its tokens, never none.
    pub tokens: Vec<i32>,
    /// What it is.
    pub role: Role,
}

/// What a strand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The shared beginning of a group's prompts. No logits are wanted.
    Trunk,
    /// The rest of a prompt that is the same in every mode. No logits are wanted.
    Stem,
    /// The rest of the prompt of that question. Logits are wanted after its last token.
    Tail {
        /// Number of the question.
        ask: usize,
    },
    /// An option's text without its last token. Logits are wanted after each of its tokens.
    Option {
        /// Number of the question.
        ask: usize,
        /// Number of the option.
        option: usize,
    },
}

/// One call of the decoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A part of a strand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of the strand in its unit.
    pub strand: usize,
    /// Which of the strand's tokens.
    pub tokens: Range<usize>,
}

/// What decoding takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Cells of the KV cache.
    pub cells: usize,
    /// Sequences.
    pub sequences: usize,
    /// Rows of logits of one call.
    pub outputs: usize,
}

/// Tokens, to see what sharing saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Tokens if every prompt (and under `texts` every option after its prompt) were decoded for itself.
    pub apart: u64,
    /// Tokens that are decoded.
    pub decoded: u64,
}

impl Strand {
    /// Whether logits are wanted after its token of that number.
    #[must_use]
    pub fn wants(&self, token: usize) -> bool {
        match self.role {
            Role::Trunk | Role::Stem => false,
            Role::Tail { .. } => token + 1 == self.tokens.len(),
            Role::Option { .. } => true,
        }
    }
}

impl Call {
    fn tokens(&self) -> usize {
        self.pieces.iter().map(|piece| piece.tokens.len()).sum()
    }
}

/// Works out the units. Prompts must not be empty.
#[must_use]
pub fn plan(asks: &[Ask], recipe: &Recipe) -> Batches {
    planned(asks, recipe, Planner::group)
}

/// As [`plan`], but every question is a unit by itself: nothing but the prelude is read with others.
#[must_use]
pub fn plan_alone(asks: &[Ask], recipe: &Recipe) -> Batches {
    planned(asks, recipe, Planner::alone)
}

fn planned<'a>(asks: &'a [Ask], recipe: &'a Recipe, add: fn(&mut Planner<'a>, &[usize])) -> Batches {
    let prelude = shared(asks.iter().map(Ask::common));
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, ask) in asks.iter().enumerate() {
        groups.entry(&ask.group).or_default().push(number);
    }
    let sequences = rows(recipe.vocabulary).clamp(SEQUENCES.start, SEQUENCES.end);
    let mut planner = Planner { asks, recipe, skip: prelude, sequences, units: Vec::new(), open: Vec::new() };
    for group in groups.values() {
        add(&mut planner, group);
    }
    planner.close();
    let cells = prelude + planner.units.iter().map(Unit::tokens).max().unwrap_or(0);
    let call = recipe.call(cells);
    for unit in &mut planner.units {
        unit.plan_calls(call, rows(recipe.vocabulary));
    }
    let prelude = asks.first().map(|ask| ask.prompt[..prelude].to_vec()).unwrap_or_default();
    Batches { prelude, call, units: planner.units }
}

/// How many tokens all prompts begin with, leaving each its last one: after that one logits are wanted.
fn shared<'a>(mut prompts: impl Iterator<Item = &'a [i32]>) -> usize {
    let whole = |prompt: &[i32]| prompt.len().saturating_sub(1);
    let Some(first) = prompts.next() else { return 0 };
    prompts.fold(whole(first), |length, prompt| {
        let common = first.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        length.min(common).min(whole(prompt))
    })
}

struct Planner<'a> {
    asks: &'a [Ask],
    recipe: &'a Recipe,
    /// Tokens of the prelude.
    skip: usize,
    /// Sequences of a unit, with the prelude's.
    sequences: usize,
    units: Vec<Unit>,
    /// What the unit under way holds.
    open: Vec<Portion>,
}

/// Questions of one group in one unit.
struct Portion {
    questions: Vec<usize>,
    /// Tokens of the trunk, from the start of the prompt.
    trunk: usize,
}

impl Planner<'_> {
    /// Adds a group, whole or in portions; each decodes the trunk again.
    fn group(&mut self, group: &[usize]) {
        let trunk = match group {
            [_] => self.skip,
            _ => shared(group.iter().map(|&ask| self.asks[ask].common())).max(self.skip),
        };
        let mut rest = group;
        while !rest.is_empty() {
            let whole = trunk - self.skip + self.tokens(rest, trunk) <= self.recipe.unit
                && strands(self.asks, rest) < self.sequences;
            let count = if whole { rest.len() } else { self.fitting(rest, trunk) };
            let (portion, after) = rest.split_at(count);
            self.portion(Portion { questions: portion.to_vec(), trunk });
            rest = after;
        }
    }

    /// Adds the questions of a group, a unit each. A trunk is what questions share that are read together: there is none.
    fn alone(&mut self, group: &[usize]) {
        for &ask in group {
            self.portion(Portion { questions: vec![ask], trunk: self.skip });
            self.close();
        }
    }

    /// How many questions fit into a unit, whatever the trunk: at least one.
    fn fitting(&self, group: &[usize], trunk: usize) -> usize {
        let fits = |count: &usize| {
            let questions = &group[..*count];
            self.tokens(questions, trunk) <= self.recipe.unit && strands(self.asks, questions) < self.sequences
        };
        (1..=group.len()).take_while(fits).last().unwrap_or(1)
    }

    /// Tokens of questions behind their trunk that count towards the unit: where there is a stem, those of the base, so that
    /// units are the same in every mode.
    fn tokens(&self, questions: &[usize], trunk: usize) -> usize {
        let tokens = |&ask: &usize| match &self.asks[ask] {
            Ask { stem: 0, prompt, .. } => prompt.len() - trunk + option_tokens(&self.asks[ask]),
            Ask { stem, .. } => stem - trunk,
        };
        questions.iter().map(tokens).sum()
    }

    fn portion(&mut self, portion: Portion) {
        let tokens = |portion: &Portion| portion.trunk - self.skip + self.tokens(&portion.questions, portion.trunk);
        let open_tokens: usize = self.open.iter().map(tokens).sum();
        let open_strands: usize = self.open.iter().map(|portion| strands(self.asks, &portion.questions)).sum();
        let full = open_tokens + tokens(&portion) > self.recipe.unit
            || open_strands + strands(self.asks, &portion.questions) >= self.sequences;
        if full {
            self.close();
        }
        self.open.push(portion);
    }

    /// Makes a unit of what is open.
    fn close(&mut self) {
        let portions = std::mem::take(&mut self.open);
        if portions.is_empty() {
            return;
        }
        let mut unit = Unit::default();
        let mut behind = Vec::new();
        for Portion { questions, trunk } in &portions {
            let mut parent = None;
            if *trunk > self.skip {
                let tokens = self.asks[questions[0]].prompt[self.skip..*trunk].to_vec();
                parent = Some(unit.add(Strand { parent: None, tokens, role: Role::Trunk }));
            }
            for &ask in questions {
                let Ask { prompt, stem, .. } = &self.asks[ask];
                let mut known = (parent, *trunk);
                if stem > trunk {
                    let tokens = prompt[*trunk..*stem].to_vec();
                    known = (Some(unit.add(Strand { parent, tokens, role: Role::Stem })), *stem);
                }
                behind.push((ask, known));
            }
        }
        unit.base = unit.strands.len();
        for (ask, (parent, from)) in behind {
            let Ask { prompt, options, .. } = &self.asks[ask];
            let tail = unit.add(Strand { parent, tokens: prompt[from..].to_vec(), role: Role::Tail { ask } });
            for (option, tokens) in options.iter().enumerate().filter(|(_, tokens)| tokens.len() > 1) {
                let tokens = tokens[..tokens.len() - 1].to_vec();
                unit.add(Strand { parent: Some(tail), tokens, role: Role::Option { ask, option } });
            }
            unit.asks.push(ask);
        }
        self.units.push(unit);
    }
}

impl Ask {
    /// The tokens that other prompts and modes may share.
    fn common(&self) -> &[i32] {
        match self.stem {
            0 => &self.prompt,
            stem => &self.prompt[..stem],
        }
    }

    /// Tokens of its prompt, once for each option that is scored after it, and of the options.
    fn apart(&self) -> usize {
        self.options.len().max(1) * self.prompt.len() + option_tokens(self)
    }
}

impl Recipe {
    /// Tokens of one call, at most, where the cache has so many cells.
    fn call(&self, cells: usize) -> usize {
        (ATTENTION / (4 * self.heads.max(1) * cells.max(1)) / 32 * 32).clamp(32, BATCH)
    }
}

/// Rows of logits that one call may leave.
fn rows(vocabulary: usize) -> usize {
    (LOGITS / (4 * vocabulary.max(1))).clamp(16, BATCH)
}

/// Strands that questions on one passage take, with their trunk.
fn strands(asks: &[Ask], questions: &[usize]) -> usize {
    1 + questions.iter().map(|&ask| 1 + usize::from(asks[ask].stem > 0) + asks[ask].options.len()).sum::<usize>()
}

fn option_tokens(ask: &Ask) -> usize {
    ask.options.iter().map(|option| option.len().saturating_sub(1)).sum()
}

impl Unit {
    fn add(&mut self, strand: Strand) -> usize {
        self.strands.push(strand);
        self.strands.len() - 1
    }

    fn tokens(&self) -> usize {
        self.strands.iter().map(|strand| strand.tokens.len()).sum()
    }

    /// Tokens if every prompt of its questions were decoded for itself.
    #[must_use]
    pub fn apart(&self, asks: &[Ask]) -> u64 {
        self.asks.iter().map(|&ask| asks[ask].apart() as u64).sum()
    }

    fn all_calls(&self) -> impl Iterator<Item = &Call> {
        self.base_calls.iter().chain(&self.calls)
    }

    /// Works out the calls of all phases: trunks and stems, then tails and options.
    fn plan_calls(&mut self, size: usize, rows: usize) {
        let phase = |is: fn(&Role) -> bool| {
            let strands: Vec<usize> = (0..self.strands.len()).filter(|&at| is(&self.strands[at].role)).collect();
            self.calls_of(&strands, size, rows)
        };
        let base = [phase(|role| matches!(role, Role::Trunk)), phase(|role| matches!(role, Role::Stem))];
        let own = [phase(|role| matches!(role, Role::Tail { .. })), phase(|role| matches!(role, Role::Option { .. }))];
        (self.base_calls, self.calls) = (base.concat(), own.concat());
    }

    /// Whether two units of two modes have the same base: then it is decoded once for both.
    #[must_use]
    pub fn same_base(&self, other: &Self) -> bool {
        self.asks == other.asks
            && self.strands[..self.base] == other.strands[..other.base]
            && self.base_calls == other.base_calls
    }

    /// Strands of one phase in calls of about equal size, of at most `most` tokens and `rows` rows of logits.
    fn calls_of(&self, strands: &[usize], most: usize, rows: usize) -> Vec<Call> {
        let total: usize = strands.iter().map(|&at| self.strands[at].tokens.len()).sum();
        let size = total.div_ceil(total.div_ceil(most).max(1)).max(1);
        let mut calls = Vec::new();
        let (mut open, mut room, mut rows_left) = (Call::default(), size, rows);
        for &strand in strands {
            let mut from = 0;
            for at in 0..self.strands[strand].tokens.len() {
                let row = usize::from(self.strands[strand].wants(at));
                if room == 0 || row > rows_left {
                    open.push(strand, from..at);
                    calls.push(std::mem::take(&mut open));
                    (from, room, rows_left) = (at, size, rows);
                }
                room -= 1;
                rows_left -= row;
            }
            open.push(strand, from..self.strands[strand].tokens.len());
        }
        if !open.pieces.is_empty() {
            calls.push(open);
        }
        calls
    }
}

impl Call {
    fn push(&mut self, strand: usize, tokens: Range<usize>) {
        if !tokens.is_empty() {
            self.pieces.push(Piece { strand, tokens });
        }
    }
}

impl Batches {
    /// Leaves out the units that have none of these questions. Those that stay are as they were.
    pub fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        self.units.retain(|unit| unit.asks.iter().any(|&ask| wanted(ask)));
    }

    /// What decoding takes.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let rows = |unit: &Unit, call: &Call| {
            let wanted =
                |piece: &Piece| piece.tokens.clone().filter(|&at| unit.strands[piece.strand].wants(at)).count();
            call.pieces.iter().map(wanted).sum()
        };
        let calls = self.units.iter().flat_map(|unit| unit.all_calls().map(move |call| (unit, call)));
        Needs {
            cells: self.prelude.len() + self.units.iter().map(Unit::tokens).max().unwrap_or(0),
            sequences: 1 + self.units.iter().map(|unit| unit.strands.len()).max().unwrap_or(0),
            outputs: calls.map(|(unit, call)| rows(unit, call)).max().unwrap_or(0).max(1),
        }
    }

    /// Runs of units with enough questions to keep so many slots busy, eight times their number; without slots every unit by
    /// itself.
    #[must_use]
    pub fn rounds(&self, slots: usize) -> Vec<Range<usize>> {
        let mut rounds = Vec::new();
        let (mut from, mut questions) = (0, 0);
        for (number, unit) in self.units.iter().enumerate() {
            questions += unit.asks.len();
            if questions >= 8 * slots || number + 1 == self.units.len() {
                rounds.push(from..number + 1);
                (from, questions) = (number + 1, 0);
            }
        }
        rounds
    }

    /// What sharing saves.
    #[must_use]
    pub fn cost(&self, asks: &[Ask]) -> Cost {
        let decoded = self.units.iter().flat_map(Unit::all_calls).map(Call::tokens).sum::<usize>();
        let apart = self.units.iter().map(|unit| unit.apart(asks)).sum();
        Cost { apart, decoded: (self.prelude.len() + decoded) as u64 }
    }
}

#[cfg(test)]
mod tests;
