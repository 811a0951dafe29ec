//! From tokens to logits.

use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;

use crate::{LlamaError, Model, Token, log};

/// Most threads that ggml takes: `GGML_MAX_N_THREADS`, which the bindings leave out.
const MOST_THREADS: u32 = 512;

/// How to compute. `n_batch` is part of the recipe; the other two do not change results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextOptions {
    /// Tokens that fit.
    pub n_ctx: u32,
    /// Tokens decoded at once. Small and large batches may be served by different kernels, whose sums
    /// differ in the last bits.
    pub n_batch: u32,
    /// Threads that compute. They wait for each other by spinning: beside other busy processes that is slower than one
    /// thread, unless the process was started with `OMP_WAIT_POLICY=passive`.
    pub threads: u32,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self { n_ctx: 4096, n_batch: 512, threads: 1 }
    }
}

/// A model's memory of one prompt.
///
/// The cache holds F16. Flash attention is off: on a CPU it splits the cache by the number of threads, and then that
/// number changes results.
#[derive(Debug)]
pub struct Context<'m> {
    raw: NonNull<sys::llama_context>,
    model: &'m Model,
    n_ctx: usize,
    n_batch: usize,
    /// A computation failed and may have left NaN in the cache, which masking does not hide.
    soiled: bool,
}

impl<'m> Context<'m> {
    /// Makes a context and reserves its memory.
    pub fn new(model: &'m Model, options: &ContextOptions) -> Result<Self, LlamaError> {
        let given = [("n_ctx", options.n_ctx), ("n_batch", options.n_batch), ("threads", options.threads)];
        if let Some((option, _)) = given.into_iter().find(|(_, value)| *value == 0) {
            return Err(LlamaError::Zero { option });
        }
        let params = params(options);
        let (raw, mut errors) = log::errors_of(|| {
            // SAFETY: the model lives as long as this context, by its lifetime; the parameters hold no pointers.
            unsafe { sys::llama_init_from_model(model.raw().as_ptr(), params) }
        });
        let no_context = |log| LlamaError::NoContext { n_ctx: options.n_ctx, log };
        let Some(raw) = NonNull::new(raw) else { return Err(no_context(errors)) };
        let context =
            Self { raw, model, n_ctx: options.n_ctx as usize, n_batch: options.n_batch as usize, soiled: false };
        if context.memory().is_null() {
            errors.push("the model embeds texts and does not predict tokens".to_owned());
            return Err(no_context(errors));
        }
        Ok(context)
    }

    /// Logits of the token that follows `tokens`, one for each word of the vocabulary.
    ///
    /// Starts from nothing, and decodes `n_batch` tokens at a time: the result depends on the model, the tokens and
    /// `n_batch`, not on what was decoded before.
    pub fn logits_after(&mut self, tokens: &[Token]) -> Result<&[f32], LlamaError> {
        self.refuse(tokens)?;
        self.clear();
        self.soiled = true;
        let mut chunks = tokens.chunks(self.n_batch).peekable();
        while let Some(chunk) = chunks.next() {
            self.decode(chunk, chunks.peek().is_none())?;
        }
        // SAFETY: the context lives as long as `self`; -1 is the last token for which logits were asked.
        let logits = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), -1) };
        if logits.is_null() {
            return Err(LlamaError::Decode { code: 0, log: vec!["it gave no logits".to_owned()] });
        }
        // SAFETY: a row of logits is as long as the vocabulary. It is overwritten by the next decoding only, which needs
        // `&mut self`, and the slice borrows `self`.
        let logits = unsafe { std::slice::from_raw_parts(logits, self.model.vocab_size()) };
        if logits.iter().any(|logit| logit.is_nan() || *logit == f32::INFINITY) {
            return Err(LlamaError::NotANumber { tokens: tokens.len() });
        }
        self.soiled = false;
        Ok(logits)
    }

    /// Tokens that fit.
    #[must_use]
    pub fn size(&self) -> usize {
        self.n_ctx
    }

    /// What llama.cpp would refuse less clearly, or abort on.
    fn refuse(&self, tokens: &[Token]) -> Result<(), LlamaError> {
        if tokens.is_empty() {
            return Err(LlamaError::EmptyPrompt);
        }
        if tokens.len() > self.n_ctx {
            return Err(LlamaError::TooLong { needed: tokens.len(), context: self.n_ctx });
        }
        match tokens.iter().find(|token| self.model.known(token.0).is_none()) {
            Some(token) => Err(LlamaError::ForeignToken { id: token.id(), vocabulary: self.model.vocab_size() }),
            None => Ok(()),
        }
    }

    /// Forgets the prompt.
    fn clear(&mut self) {
        // SAFETY: the memory belongs to the context, which lives as long as `self`.
        unsafe { sys::llama_memory_clear(self.memory(), self.soiled) }
    }

    /// Decodes one chunk, at most `n_batch` tokens, after what the context remembers.
    fn decode(&mut self, tokens: &[Token], last: bool) -> Result<(), LlamaError> {
        let mut ids: Vec<sys::llama_token> = tokens.iter().map(|token| token.0).collect();
        let mut wanted = vec![0_i8; ids.len()];
        if let (true, Some(flag)) = (last, wanted.last_mut()) {
            *flag = 1;
        }
        let batch = sys::llama_batch {
            n_tokens: i32::try_from(ids.len()).unwrap_or(i32::MAX),
            token: ids.as_mut_ptr(),
            embd: null_mut(),
            pos: null_mut(),
            n_seq_id: null_mut(),
            seq_id: null_mut(),
            logits: wanted.as_mut_ptr(),
        };
        let (code, log) = log::errors_of(|| {
            // SAFETY: the context lives as long as `self`; both arrays hold `n_tokens` entries and outlive the call.
            // Null positions and sequences mean the next ones of sequence 0.
            unsafe { sys::llama_decode(self.raw.as_ptr(), batch) }
        });
        if code == 0 { Ok(()) } else { Err(LlamaError::Decode { code, log }) }
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: the context lives as long as `self`.
        unsafe { sys::llama_get_memory(self.raw.as_ptr()) }
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
    params.n_seq_max = 1;
    params.n_outputs_max = 1;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = sys::GGML_TYPE_F16;
    params.type_v = sys::GGML_TYPE_F16;
    params.swa_full = true;
    params.kv_unified = true;
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
        let error = context.logits_after(&[foreign]).unwrap_err();
        assert!(matches!(error, LlamaError::ForeignToken { id: 299, vocabulary: 299 }), "{error}");
    }
}
