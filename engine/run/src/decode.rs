//! Decodes units of questions.

use xlt_core::batch::{Batches, Call, Role, Unit};
use xlt_core::spec::Kv;
use xlt_llama::{Context, ContextOptions, KvType, Model, Piece, Saved, Token};

/// A context that holds the prelude, and for a while a unit.
#[derive(Debug)]
pub struct Decoder<'a> {
    model: &'a Model,
    context: Context<'a>,
    /// Tokens decoded so far.
    pub decoded: u64,
}

/// Who hears the logits: behind which strand, after which of its tokens.
pub type Hear<'h> = dyn FnMut(Role, usize, &[f32]) -> Result<(), String> + 'h;

/// A row of logits: after which token of which strand.
struct Row {
    strand: usize,
    token: usize,
}

impl<'a> Decoder<'a> {
    /// Makes a context of the size that the units of all these need, and decodes what all of them begin with: their prelude is
    /// the same.
    ///
    /// # Errors
    /// A sentence: too little memory, a model whose output is not a number.
    pub fn new(model: &'a Model, modes: &[&Batches], kv: Kv, threads: u32) -> Result<Self, String> {
        let options = options(modes, kv, threads);
        let context = Context::new(model, &options).map_err(|error| error.to_string())?;
        let mut decoder = Self { model, context, decoded: 0 };
        let prelude = modes.first().map(|batches| tokens(model, &batches.prelude)).unwrap_or_default();
        for tokens in prelude.chunks(options.n_batch as usize) {
            decoder.decode(&[Piece { sequence: 0, tokens, quiet: tokens.len() }])?;
        }
        Ok(decoder)
    }

    /// Decodes a unit's base.
    ///
    /// # Errors
    /// A sentence.
    pub fn base(&mut self, unit: &Unit) -> Result<(), String> {
        unit.base_calls.iter().try_for_each(|call| self.call(unit, call, &mut |_, _, _| Ok(())))
    }

    /// Decodes what follows the base.
    ///
    /// # Errors
    /// A sentence, or what `hear` returns.
    pub fn own(&mut self, unit: &Unit, hear: &mut Hear<'_>) -> Result<(), String> {
        unit.calls.iter().try_for_each(|call| self.call(unit, call, hear))
    }

    /// What the sequence of a question's whole prompt holds.
    ///
    /// # Errors
    /// A sentence.
    pub fn prompt(&self, unit: &Unit, ask: usize) -> Result<Saved<'a>, String> {
        let tail = unit.strands.iter().position(|strand| strand.role == Role::Tail { ask });
        let sequence = tail.map(|tail| tail + 1).ok_or("a question is not in its unit")?;
        self.context.copy_out(sequence).map_err(|error| error.to_string())
    }

    /// Forgets what follows the base.
    ///
    /// # Errors
    /// A sentence.
    pub fn forget_own(&mut self, unit: &Unit) -> Result<(), String> {
        (unit.base..unit.strands.len())
            .try_for_each(|strand| self.context.truncate(strand + 1, 0).map_err(|error| error.to_string()))
    }

    /// Forgets the unit.
    pub fn forget(&mut self) {
        self.context.keep_first();
    }

    fn call(&mut self, unit: &Unit, call: &Call, hear: &mut Hear<'_>) -> Result<(), String> {
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
        let rows = self.decode(&pieces)?;
        wanted
            .into_iter()
            .zip(rows)
            .try_for_each(|(Row { strand, token }, logits)| hear(unit.strands[strand].role, token, logits))
    }

    fn decode(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<&[f32]>, String> {
        self.decoded += pieces.iter().map(|piece| piece.tokens.len() as u64).sum::<u64>();
        self.context.decode(pieces).map_err(|error| error.to_string())
    }
}

fn options(modes: &[&Batches], kv: Kv, threads: u32) -> ContextOptions {
    let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let needs: Vec<_> = modes.iter().map(|batches| batches.needs()).collect();
    let most = |of: fn(&xlt_core::batch::Needs) -> usize| fit(needs.iter().map(of).max().unwrap_or(1));
    ContextOptions {
        n_ctx: most(|needs| needs.cells.next_multiple_of(256)),
        n_batch: fit(modes.iter().map(|batches| batches.call).max().unwrap_or(1)),
        sequences: most(|needs| needs.sequences),
        separate: false,
        outputs: most(|needs| needs.outputs),
        kv: kv_type(kv),
        threads,
    }
}

/// The cache's type as llama.cpp has it.
pub(crate) fn kv_type(kv: Kv) -> KvType {
    match kv {
        Kv::F16 => KvType::F16,
        Kv::F32 => KvType::F32,
    }
}

fn tokens(model: &Model, ids: &[i32]) -> Vec<Token> {
    // They come from this vocabulary.
    ids.iter().filter_map(|&id| model.token(id.cast_unsigned())).collect()
}
