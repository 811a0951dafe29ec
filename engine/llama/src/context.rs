//! From tokens to logits.

use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;

use crate::saved::{self, Saved};
use crate::{LlamaError, Model, Token, log};

/// Most threads that ggml takes: `GGML_MAX_N_THREADS`, which the bindings leave out.
const MOST_THREADS: u32 = 512;

/// How to compute. Threads do not change results; everything else belongs to a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextOptions {
    /// Tokens that fit, over all sequences; what sequences share counts once. Of separate sequences each has an equal part.
    pub n_ctx: u32,
    /// Tokens decoded at once. Small and large batches may be served by different kernels, whose sums
    /// differ in the last bits.
    pub n_batch: u32,
    /// Sequences, numbered from 0; at most [`ContextOptions::MOST_SEQUENCES`].
    pub sequences: u32,
    /// Whether every sequence has cells of its own. Then none can begin with what another holds, and a token attends to its
    /// own sequence's cells only instead of to all, masked: right for sequences that grow token by token side by side.
    pub separate: bool,
    /// Rows of logits that one decoding may leave.
    pub outputs: u32,
    /// Type of the numbers in the cache.
    pub kv: KvType,
    /// Threads that compute. They wait for each other by spinning: beside other busy processes that is slower than one
    /// thread, unless the process was started with a small `GOMP_SPINCOUNT`.
    pub threads: u32,
}

/// Type of the numbers in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvType {
    /// 16 bits.
    F16,
    /// 32 bits.
    F32,
}

impl ContextOptions {
    /// llama.cpp's `LLAMA_MAX_SEQ`, which the bindings leave out.
    pub const MOST_SEQUENCES: u32 = 256;
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self { n_ctx: 4096, n_batch: 512, sequences: 1, separate: false, outputs: 1, kv: KvType::F16, threads: 1 }
    }
}

/// Tokens that follow what their sequence holds.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Number of the sequence.
    pub sequence: usize,
    /// The tokens, at least one.
    pub tokens: &'a [Token],
    /// How many of the first tokens are decoded without asking for logits after them.
    pub quiet: usize,
}

/// A model's memory of token sequences.
///
/// Sequences share cells: [`Context::fork`] costs no decoding, and a token that several sequences begin with is held
/// once. Flash attention is off: on a CPU it splits the cache by the number of threads, and then that number changes
/// results.
#[derive(Debug)]
pub struct Context<'m> {
    raw: NonNull<sys::llama_context>,
    model: &'m Model,
    options: ContextOptions,
    /// Tokens that each sequence holds.
    lengths: Vec<usize>,
    /// Cells that each sequence has filled itself.
    own: Vec<usize>,
    /// A computation failed and may have left NaN in the cache, which masking does not hide.
    soiled: bool,
    /// llama.cpp moves cells with the next decoding: until then none may be written.
    moving: bool,
}

impl<'m> Context<'m> {
    /// Makes a context and reserves its memory. It computes with the adapter that is attached to the model.
    pub fn new(model: &'m Model, options: &ContextOptions) -> Result<Self, LlamaError> {
        Self::watched(model, options, None, null_mut())
    }

    /// The same, every operation of which is shown to `watcher` together with `for_watcher`, which outlives the context.
    pub(crate) fn watched(
        model: &'m Model,
        options: &ContextOptions,
        watcher: sys::ggml_backend_sched_eval_callback,
        for_watcher: *mut c_void,
    ) -> Result<Self, LlamaError> {
        if !model.weights {
            return Err(LlamaError::NoWeights);
        }
        let ContextOptions { n_ctx, n_batch, sequences, outputs, threads, .. } = *options;
        let given = [
            ("n_ctx", n_ctx),
            ("n_batch", n_batch),
            ("sequences", sequences),
            ("outputs", outputs),
            ("threads", threads),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, value)| *value == 0) {
            return Err(LlamaError::Zero { option });
        }
        if sequences > ContextOptions::MOST_SEQUENCES {
            return Err(LlamaError::Sequence {
                sequence: sequences as usize - 1,
                what: "is more than llama.cpp can tell apart",
            });
        }
        let mut params = params(options);
        (params.cb_eval, params.cb_eval_user_data) = (watcher, for_watcher);
        let (raw, mut errors) = log::errors_of(|| {
            // SAFETY: the model lives as long as this context, by its lifetime; the parameters point at
            // nothing but what the watcher is given.
            unsafe { sys::llama_init_from_model(model.raw().as_ptr(), params) }
        });
        let no_context = |log| LlamaError::NoContext { n_ctx, log };
        let Some(raw) = NonNull::new(raw) else { return Err(no_context(errors)) };
        let empty = vec![0; sequences as usize];
        let context =
            Self { raw, model, options: *options, lengths: empty.clone(), own: empty, soiled: false, moving: false };
        if context.memory().is_null() {
            errors.push("the model embeds texts and does not predict tokens".to_owned());
            return Err(no_context(errors));
        }
        if let Some(adapter) = &model.adapter {
            // SAFETY: the context is of this model, and borrows it: until it is gone nothing can be taken off.
            unsafe { adapter.apply(context.raw) }
        }
        Ok(context)
    }

    /// Logits of the token that follows `tokens`, one for each word of the vocabulary.
    ///
    /// Starts from nothing, and decodes `n_batch` tokens at a time: the result depends on the model, the tokens and
    /// `n_batch`, not on what was decoded before.
    pub fn logits_after(&mut self, tokens: &[Token]) -> Result<&[f32], LlamaError> {
        self.clear();
        if tokens.is_empty() {
            return Err(LlamaError::EmptyPrompt);
        }
        if tokens.len() > self.size() {
            return Err(LlamaError::TooLong { needed: tokens.len(), context: self.size() });
        }
        let last = (tokens.len() - 1) / self.options.n_batch as usize * self.options.n_batch as usize;
        for tokens in tokens[..last].chunks(self.options.n_batch as usize) {
            self.decode(&[Piece { sequence: 0, tokens, quiet: tokens.len() }])?;
        }
        let tokens = &tokens[last..];
        let mut rows = self.decode(&[Piece { sequence: 0, tokens, quiet: tokens.len() - 1 }])?;
        rows.pop().ok_or(LlamaError::EmptyPrompt)
    }

    /// Decodes all pieces at once; each follows what its sequence holds. Returns a row of logits, one for each word of
    /// the vocabulary, for every token that is not quiet, in the order of the pieces.
    ///
    /// After an error the context must be cleared.
    pub fn decode(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<&[f32]>, LlamaError> {
        self.refuse(pieces)?;
        let batch = Batch::new(pieces, &self.lengths);
        self.soiled = true;
        self.moving = false;
        let (code, log) = batch.decode(self.raw);
        if code != 0 {
            return Err(LlamaError::Decode { code, log });
        }
        for piece in pieces {
            self.lengths[piece.sequence] += piece.tokens.len();
            self.own[piece.sequence] += piece.tokens.len();
        }
        batch.wanted().try_for_each(|at| self.row(at).and_then(|row| self.check(row)))?;
        self.soiled = false;
        batch.wanted().map(|at| self.row(at)).collect()
    }

    /// Makes an empty sequence begin with all that another holds.
    pub fn fork(&mut self, from: usize, to: usize) -> Result<(), LlamaError> {
        for sequence in [from, to] {
            if sequence >= self.lengths.len() {
                return Err(LlamaError::Sequence { sequence, what: "is not one of the context's" });
            }
        }
        if self.lengths[to] > 0 {
            return Err(LlamaError::Sequence { sequence: to, what: "is not empty" });
        }
        if self.options.separate {
            return Err(LlamaError::Sequence { sequence: to, what: "has cells of its own, and can share none" });
        }
        if self.lengths[from] > 0 {
            // SAFETY: the memory belongs to the context, which lives as long as `self`; both numbers are below the
            // number of sequences that it was made with, and a negative end means all of them.
            unsafe { sys::llama_memory_seq_cp(self.memory(), from as i32, to as i32, -1, -1) }
        }
        self.lengths[to] = self.lengths[from];
        Ok(())
    }

    /// Makes an empty sequence hold all that another holds, which is empty then. Of separate sequences llama.cpp computes
    /// those at once whose numbers follow each other: where some are empty, the others are faster without gaps.
    ///
    /// To be followed by a decoding; before that no sequence can be filled from a copy.
    pub fn relocate(&mut self, from: usize, to: usize) -> Result<(), LlamaError> {
        let (source, target) = (self.number(from)?, self.number(to)?);
        if self.lengths[to] > 0 {
            return Err(LlamaError::Sequence { sequence: to, what: "is not empty" });
        }
        if self.lengths[from] > 0 {
            // SAFETY: the memory belongs to the context, which lives as long as `self`, and has both sequences; a negative
            // end means all of them.
            unsafe { sys::llama_memory_seq_cp(self.memory(), source, target, -1, -1) }
            self.moving = self.options.separate;
            (self.lengths[to], self.own[to]) = (self.lengths[from], self.own[from]);
            self.truncate(from, 0)?;
        }
        Ok(())
    }

    /// A copy of all that a sequence holds, for a context of the same model with the same type of cache. From a context whose
    /// sequences share cells.
    pub fn copy_out(&self, sequence: usize) -> Result<Saved<'m>, LlamaError> {
        let id = self.number(sequence)?;
        // SAFETY: the context lives as long as `self`, and has that sequence.
        let size = unsafe { sys::llama_state_seq_get_size(self.raw.as_ptr(), id) };
        let mut bytes = vec![0; size];
        // SAFETY: as above; `size` bytes can be written.
        let written = unsafe { sys::llama_state_seq_get_data(self.raw.as_ptr(), bytes.as_mut_ptr(), size, id) };
        if written != size || size == 0 {
            return Err(LlamaError::Sequence { sequence, what: "cannot be copied" });
        }
        Ok(Saved { bytes, length: self.lengths[sequence], model: self.model, kv: self.options.kv })
    }

    /// Makes an empty sequence hold what was copied.
    pub fn copy_in(&mut self, sequence: usize, saved: &Saved<'m>) -> Result<(), LlamaError> {
        let id = self.number(sequence)?;
        if self.lengths[sequence] > 0 {
            return Err(LlamaError::Sequence { sequence, what: "is not empty" });
        }
        if self.moving {
            return Err(LlamaError::Sequence { sequence, what: "cannot be filled while another is on its way" });
        }
        if !std::ptr::eq(saved.model, self.model) || saved.kv != self.options.kv {
            return Err(LlamaError::Sequence { sequence, what: "is of another model or type of cache" });
        }
        let room = self.room(sequence);
        if saved.length > room {
            return Err(LlamaError::TooLong { needed: saved.length, context: room });
        }
        let strange = LlamaError::Sequence { sequence, what: "cannot be filled from a copy" };
        let bytes = match self.options.separate {
            true => saved::for_streams(&saved.bytes, self.lengths.len()).ok_or(strange)?,
            false => saved.bytes.clone(),
        };
        self.soiled = true;
        let (bytes, size) = (bytes.as_ptr(), bytes.len());
        // SAFETY: the context lives as long as `self` and has that sequence; `size` bytes can be read, which a context of
        // the same model and the same type of cache wrote.
        let read = unsafe { sys::llama_state_seq_set_data(self.raw.as_ptr(), bytes, size, id) };
        if read != size {
            return Err(LlamaError::Sequence { sequence, what: "cannot be filled from a copy" });
        }
        self.soiled = false;
        self.lengths[sequence] = saved.length;
        self.own[sequence] = saved.length;
        Ok(())
    }

    /// Forgets all of a sequence behind its first `length` tokens, which it has filled itself.
    pub fn truncate(&mut self, sequence: usize, length: usize) -> Result<(), LlamaError> {
        let id = self.number(sequence)?;
        let gone = self.lengths[sequence].saturating_sub(length);
        if gone == 0 {
            return Ok(());
        }
        let from = i32::try_from(length).unwrap_or(i32::MAX);
        // SAFETY: the memory belongs to the context, which lives as long as `self`; a negative end means all.
        if !unsafe { sys::llama_memory_seq_rm(self.memory(), id, from, -1) } {
            return Err(LlamaError::Sequence { sequence, what: "cannot be cut" });
        }
        self.lengths[sequence] = length;
        self.own[sequence] = self.own[sequence].saturating_sub(gone);
        Ok(())
    }

    /// Tokens that a sequence holds; 0 for one that is not the context's.
    #[must_use]
    pub fn length(&self, sequence: usize) -> usize {
        self.lengths.get(sequence).copied().unwrap_or(0)
    }

    pub(crate) fn raw(&self) -> NonNull<sys::llama_context> {
        self.raw
    }

    fn number(&self, sequence: usize) -> Result<sys::llama_seq_id, LlamaError> {
        let known = i32::try_from(sequence).ok().filter(|_| sequence < self.lengths.len());
        known.ok_or(LlamaError::Sequence { sequence, what: "is not one of the context's" })
    }

    /// Tokens that a sequence can take yet.
    fn room(&self, sequence: usize) -> usize {
        match self.options.separate {
            true => (self.size() / self.lengths.len()).saturating_sub(self.lengths[sequence]),
            false => self.size() - self.own.iter().sum::<usize>(),
        }
    }

    /// Forgets all sequences but the first.
    pub fn keep_first(&mut self) {
        // SAFETY: the memory belongs to the context, which lives as long as `self`; there is always a sequence 0.
        unsafe { sys::llama_memory_seq_keep(self.memory(), 0) }
        self.lengths[1..].fill(0);
        self.own[1..].fill(0);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        // SAFETY: the memory belongs to the context, which lives as long as `self`.
        unsafe { sys::llama_memory_clear(self.memory(), self.soiled) }
        self.soiled = false;
        self.lengths.fill(0);
        self.own.fill(0);
    }

    /// Tokens that fit.
    #[must_use]
    pub fn size(&self) -> usize {
        self.options.n_ctx as usize
    }

    /// What llama.cpp would refuse less clearly, or abort on.
    fn refuse(&self, pieces: &[Piece<'_>]) -> Result<(), LlamaError> {
        let tokens: usize = pieces.iter().map(|piece| piece.tokens.len()).sum();
        let rows: usize = pieces.iter().map(|piece| piece.tokens.len().saturating_sub(piece.quiet)).sum();
        if pieces.is_empty() || pieces.iter().any(|piece| piece.tokens.is_empty()) {
            return Err(LlamaError::EmptyPrompt);
        }
        if self.soiled {
            return Err(LlamaError::Soiled);
        }
        if let Some(piece) = pieces.iter().find(|piece| piece.sequence >= self.lengths.len()) {
            return Err(LlamaError::Sequence { sequence: piece.sequence, what: "is not one of the context's" });
        }
        if rows > self.options.outputs as usize {
            return Err(LlamaError::TooManyRows { needed: rows, outputs: self.options.outputs as usize });
        }
        if tokens > self.options.n_batch as usize {
            return Err(LlamaError::TooLong { needed: tokens, context: self.options.n_batch as usize });
        }
        if self.options.separate {
            let long = pieces.iter().find(|piece| piece.tokens.len() > self.room(piece.sequence));
            if let Some(Piece { sequence, tokens, .. }) = long {
                let needed = self.lengths[*sequence] + tokens.len();
                return Err(LlamaError::TooLong { needed, context: self.size() / self.lengths.len() });
            }
        } else if tokens > self.room(0) {
            let needed = self.own.iter().sum::<usize>() + tokens;
            return Err(LlamaError::TooLong { needed, context: self.size() });
        }
        match pieces.iter().flat_map(|piece| piece.tokens).find(|token| self.model.known(token.0).is_none()) {
            Some(token) => Err(LlamaError::ForeignToken { id: token.id(), vocabulary: self.model.vocab_size() }),
            None => Ok(()),
        }
    }

    /// The logits after the token at that place of the batch just decoded, for which they were asked.
    fn row(&self, at: usize) -> Result<&[f32], LlamaError> {
        let index = i32::try_from(at).unwrap_or(i32::MAX);
        // SAFETY: the context lives as long as `self`; an index without logits gives null.
        let logits = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), index) };
        if logits.is_null() {
            return Err(LlamaError::Decode { code: 0, log: vec!["it gave no logits".to_owned()] });
        }
        // SAFETY: a row of logits is as long as the vocabulary. It is overwritten by the next decoding only, which needs
        // `&mut self`, and the slice borrows `self`.
        Ok(unsafe { std::slice::from_raw_parts(logits, self.model.vocab_size()) })
    }

    fn check(&self, logits: &[f32]) -> Result<(), LlamaError> {
        // Minus infinity is how a model rules a token out; whatever else has all bits of the exponent is no number or infinite.
        const EXPONENT: u32 = f32::INFINITY.to_bits();
        let bad = |logit: f32| logit.to_bits() & EXPONENT == EXPONENT && logit.to_bits() != f32::NEG_INFINITY.to_bits();
        // To the end, whatever is found: so the compiler looks at many at once.
        if logits.iter().fold(false, |found, &logit| found | bad(logit)) {
            return Err(LlamaError::NotANumber { tokens: self.lengths.iter().copied().max().unwrap_or(0) });
        }
        Ok(())
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: the context lives as long as `self`.
        unsafe { sys::llama_get_memory(self.raw.as_ptr()) }
    }
}

/// Pieces as llama.cpp takes them: one entry a token.
struct Batch {
    tokens: Vec<sys::llama_token>,
    positions: Vec<sys::llama_pos>,
    sequences: Vec<sys::llama_seq_id>,
    wanted: Vec<i8>,
}

impl Batch {
    /// `lengths`: tokens that each sequence holds already. Two pieces of one sequence follow each other.
    fn new(pieces: &[Piece<'_>], lengths: &[usize]) -> Self {
        let mut batch = Self { tokens: Vec::new(), positions: Vec::new(), sequences: Vec::new(), wanted: Vec::new() };
        let mut lengths = lengths.to_vec();
        for piece in pieces {
            for (at, token) in piece.tokens.iter().enumerate() {
                batch.tokens.push(token.0);
                batch.positions.push(i32::try_from(lengths[piece.sequence]).unwrap_or(i32::MAX));
                batch.sequences.push(i32::try_from(piece.sequence).unwrap_or(i32::MAX));
                batch.wanted.push(i8::from(at >= piece.quiet));
                lengths[piece.sequence] += 1;
            }
        }
        batch
    }

    /// Places of the tokens after which logits are wanted.
    fn wanted(&self) -> impl Iterator<Item = usize> {
        self.wanted.iter().enumerate().filter(|(_, wanted)| **wanted == 1).map(|(at, _)| at)
    }

    /// What `llama_decode` returns, and its last errors.
    fn decode(&self, context: NonNull<sys::llama_context>) -> (i32, Vec<String>) {
        let mut counts = vec![1_i32; self.tokens.len()];
        let mut sequences: Vec<_> = self.sequences.iter().map(|id| std::ptr::from_ref(id).cast_mut()).collect();
        let batch = sys::llama_batch {
            n_tokens: i32::try_from(self.tokens.len()).unwrap_or(i32::MAX),
            token: self.tokens.as_ptr().cast_mut(),
            embd: null_mut(),
            pos: self.positions.as_ptr().cast_mut(),
            n_seq_id: counts.as_mut_ptr(),
            seq_id: sequences.as_mut_ptr(),
            logits: self.wanted.as_ptr().cast_mut(),
        };
        log::errors_of(|| {
            // SAFETY: the caller's context is alive. All arrays hold `n_tokens` entries, each list of sequences holds one,
            // and they outlive the call, which only reads them.
            unsafe { sys::llama_decode(context.as_ptr(), batch) }
        })
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `llama_init_from_model` and freed here only.
        unsafe { sys::llama_free(self.raw.as_ptr()) }
    }
}

fn params(options: &ContextOptions) -> sys::llama_context_params {
    let threads = i32::try_from(options.threads.min(MOST_THREADS)).unwrap_or(1);
    // SAFETY: no precondition.
    let mut params = unsafe { sys::llama_context_default_params() };
    params.n_ctx = options.n_ctx;
    params.n_batch = options.n_batch;
    params.n_ubatch = options.n_batch;
    params.n_seq_max = options.sequences;
    // llama.cpp reserves a row for every sequence, and aborts where that is more than it was told.
    params.n_outputs_max = options.outputs.max(options.sequences);
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_DISABLED;
    let kv = match options.kv {
        KvType::F16 => sys::GGML_TYPE_F16,
        KvType::F32 => sys::GGML_TYPE_F32,
    };
    params.type_k = kv;
    params.type_v = kv;
    params.swa_full = true;
    params.kv_unified = !options.separate;
    params.no_perf = true;
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny::TinyModel;
    use crate::{Backend, LoadOptions};

    #[test]
    fn token_of_another_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        TinyModel::default().write(&path).unwrap();
        let model = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap();
        let foreign = Token(i32::try_from(model.vocab_size()).unwrap());
        assert_eq!((model.token(foreign.id()), model.token_text(foreign)), (None, String::new()));
        let mut context = Context::new(&model, &ContextOptions::default()).unwrap();
        let vocabulary = model.vocab_size();
        let error = context.logits_after(&[foreign]).unwrap_err();
        assert!(
            matches!(error, LlamaError::ForeignToken { id, vocabulary: of } if (id as usize, of) == (vocabulary, vocabulary)),
            "{error}"
        );
    }
}
