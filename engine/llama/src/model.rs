//! A loaded model and its vocabulary.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;
use xlt_core::offload::{Fit, Parts};
use xlt_core::schedule::Share;

use crate::adapter::Adapter;
use crate::gguf::Header;
use crate::tokenize::Specials;
use crate::{Backend, LlamaError, devices, gguf, log};

/// How to load a model. By default the CPU computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// Map the file into memory instead of reading it: loads faster, and processes share one copy.
    pub use_mmap: bool,
    /// The GPUs over which layers are spread, by their numbers among those that llama.cpp sees, in parts of the size of their shares.
    /// Without any, no GPU is touched.
    pub gpus: Vec<Share>,
    /// Layers that these hold, as [`xlt_core::offload`] counts them; `None` for all.
    pub gpu_layers: Option<u32>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { use_mmap: true, gpus: Vec::new(), gpu_layers: None }
    }
}

/// A word of a model's vocabulary. Made by a [`Model`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(crate) sys::llama_token);

impl Token {
    /// The token's number.
    #[must_use]
    pub fn id(self) -> u32 {
        self.0.unsigned_abs()
    }

    /// The token's place in a slice of logits.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.unsigned_abs() as usize
    }
}

/// A model in memory. Belongs to the thread that loaded it.
#[derive(Debug)]
pub struct Model {
    raw: NonNull<sys::llama_model>,
    architecture: String,
    /// Whether there is more than the vocabulary in memory.
    pub(crate) weights: bool,
    pub(crate) specials: Specials,
    gpus: Vec<sys::ggml_backend_dev_t>,
    pub(crate) on_gpus: Fit,
    /// What contexts compute with beside the weights.
    pub(crate) adapter: Option<Adapter>,
}

impl Model {
    /// Loads the model at `path`; of a split model, its first part.
    ///
    /// The weights stay as they are in the file. llama.cpp's default is to rearrange some quantized types (Q4_0, Q4_K,
    /// Q8_0, ..., not Q4_1) for faster kernels, whose sums come out in other bits. Here that is off: fine-tuning needs
    /// the original layout and evaluates with the same numbers, and a mapped file is not copied.
    pub fn load(_: &Backend, path: &Path, options: &LoadOptions) -> Result<Self, LlamaError> {
        let header = gguf::check(path)?;
        // SAFETY: no precondition.
        let mut params = unsafe { sys::llama_model_default_params() };
        let of = Parts::of(&header).layers.len() as u32 + 1;
        let layers = if options.gpus.is_empty() { 0 } else { options.gpu_layers.unwrap_or(of).min(of) };
        let devices = if layers == 0 { Vec::new() } else { chosen(&options.gpus)? };
        // llama.cpp reads both lists to their end while it loads, a null at the end of the first, and as many parts as it could have.
        let mut list: Vec<_> = devices.iter().copied().chain([null_mut()]).collect();
        let mut split: Vec<f32> = options.gpus.iter().map(|share| share.memory as f32).collect();
        // SAFETY: no precondition.
        split.resize(unsafe { sys::llama_max_devices() }.max(split.len()), 0.0);
        params.devices = list.as_mut_ptr();
        params.tensor_split = split.as_ptr();
        params.n_gpu_layers = i32::try_from(layers).unwrap_or(i32::MAX);
        params.load_mode = if options.use_mmap { sys::LLAMA_LOAD_MODE_MMAP } else { sys::LLAMA_LOAD_MODE_NONE };
        params.use_extra_bufts = false;
        let mut model = Self::open(path, header, params, Self::unfit)?;
        (model.gpus, model.on_gpus) = (devices, Fit { layers, of });
        Ok(model)
    }

    /// The GPUs that hold layers.
    pub(crate) fn gpus(&self) -> &[sys::ggml_backend_dev_t] {
        &self.gpus
    }

    /// Loads the vocabulary of the model at `path` and nothing of its weights. It gets no context.
    pub(crate) fn load_vocabulary(_: &Backend, path: &Path) -> Result<Self, LlamaError> {
        let header = gguf::check_parts(path)?;
        // SAFETY: no precondition.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.vocab_only = true;
        // No GPU: llama.cpp would ask each how much memory it has, which takes some of it.
        let mut none = [null_mut()];
        params.devices = none.as_mut_ptr();
        Self::open(path, header, params, Self::wordless)
    }

    /// Hands a checked file to llama.cpp; `unfit` says why what it made of it is of no use.
    fn open(
        path: &Path,
        header: Header,
        params: sys::llama_model_params,
        unfit: fn(&Self) -> Option<&'static str>,
    ) -> Result<Self, LlamaError> {
        let unsupported = |architecture: &str, log| LlamaError::Unsupported {
            path: path.to_owned(),
            architecture: architecture.to_owned(),
            log,
        };
        let Ok(c_path) = CString::new(path.as_os_str().as_encoded_bytes()) else {
            return Err(LlamaError::Missing { path: path.to_owned() });
        };
        let (raw, errors) = log::errors_of(|| {
            // SAFETY: the backend is initialised, as the `Backend` of both callers proves; the path is a C string that outlives
            // the call, and so do the lists in the parameters.
            unsafe { sys::llama_model_load_from_file(c_path.as_ptr(), params) }
        });
        let Some(raw) = NonNull::new(raw) else { return Err(unsupported(&header.architecture, errors)) };
        let (architecture, weights) = (header.architecture, !params.vocab_only);
        let (gpus, on_gpus) = (Vec::new(), Fit { layers: 0, of: 0 });
        let specials = Specials::default();
        let mut model = Self { raw, architecture, weights, specials, gpus, on_gpus, adapter: None };
        if let Some(why) = unfit(&model) {
            return Err(unsupported(&model.architecture, vec![why.to_owned()]));
        }
        model.specials = model.special_texts().collect();
        Ok(model)
    }

    /// Why no text can be tokenized.
    fn wordless(&self) -> Option<&'static str> {
        // SAFETY: the vocabulary lives as long as `self`.
        let kind = unsafe { sys::llama_vocab_type(self.vocab()) };
        (kind == sys::LLAMA_VOCAB_TYPE_NONE).then_some("the file holds no vocabulary")
    }

    /// Why the model cannot answer prompts: llama.cpp would abort on the first use.
    fn unfit(&self) -> Option<&'static str> {
        if let Some(why) = self.wordless() {
            return Some(why);
        }
        let raw = self.raw.as_ptr();
        // SAFETY: the model lives as long as `self`; these only look at it.
        unsafe {
            if sys::llama_model_has_encoder(raw) || !sys::llama_model_has_decoder(raw) {
                Some("it has an encoder, and only models that just decode are evaluated")
            } else if sys::llama_model_is_recurrent(raw) || sys::llama_model_is_hybrid(raw) {
                Some(
                    "it keeps a running state beside or instead of a cache of tokens, so that prompts cannot share what \
                     they begin with, and only models of attention alone are evaluated",
                )
            } else if sys::llama_model_is_diffusion(raw) {
                Some("it generates by diffusion, and only models that predict the next token are evaluated")
            } else {
                None
            }
        }
    }

    /// Texts of the tokens that are parsed on request only.
    fn special_texts(&self) -> impl Iterator<Item = String> {
        self.tokens().filter(|token| self.is_special(*token)).filter_map(|token| self.vocabulary_text(token))
    }

    /// Whether a token is one that data never becomes, whatever it spells: the end of a turn, an unknown word.
    #[must_use]
    pub fn is_special(&self, token: Token) -> bool {
        let special = sys::LLAMA_TOKEN_ATTR_CONTROL | sys::LLAMA_TOKEN_ATTR_UNKNOWN;
        // SAFETY: the vocabulary lives as long as `self` and holds the token.
        self.known(token.0)
            .is_some_and(|token| unsafe { sys::llama_vocab_get_attr(self.vocab(), token.0) } & special != 0)
    }

    /// Whether a token ends the model's turn.
    #[must_use]
    pub fn ends_turn(&self, token: Token) -> bool {
        // SAFETY: the vocabulary lives as long as `self` and holds the token.
        self.known(token.0).is_some_and(|token| unsafe { sys::llama_vocab_is_eog(self.vocab(), token.0) })
    }

    /// The model's own chat template, in Jinja. An empty one is none.
    #[must_use]
    pub fn chat_template(&self) -> Option<String> {
        // SAFETY: the model lives as long as `self`; a null name asks for the default template.
        let template = unsafe { sys::llama_model_chat_template(self.raw.as_ptr(), std::ptr::null()) };
        // SAFETY: null or a C string that the model owns.
        unsafe { owned(template) }.filter(|template| !template.trim().is_empty())
    }

    /// The text of the token that starts a text, for chat templates that spell it.
    #[must_use]
    pub fn bos_text(&self) -> Option<String> {
        self.bos().and_then(|token| self.vocabulary_text(token))
    }

    /// The text of the token that ends a text.
    #[must_use]
    pub fn eos_text(&self) -> Option<String> {
        self.eos().and_then(|token| self.vocabulary_text(token))
    }

    /// The token that starts a text.
    #[must_use]
    pub fn bos(&self) -> Option<Token> {
        // SAFETY: the vocabulary lives as long as `self`.
        self.known(unsafe { sys::llama_vocab_bos(self.vocab()) })
    }

    /// The token that ends a text.
    #[must_use]
    pub fn eos(&self) -> Option<Token> {
        // SAFETY: the vocabulary lives as long as `self`.
        self.known(unsafe { sys::llama_vocab_eos(self.vocab()) })
    }

    /// Whether the model expects that token in front of every prompt.
    #[must_use]
    pub fn add_bos(&self) -> bool {
        // SAFETY: the vocabulary lives as long as `self`.
        unsafe { sys::llama_vocab_get_add_bos(self.vocab()) }
    }

    /// Number of tokens in the vocabulary, and of logits.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        // SAFETY: the vocabulary lives as long as `self`.
        usize::try_from(unsafe { sys::llama_vocab_n_tokens(self.vocab()) }).unwrap_or(0)
    }

    /// Numbers in its weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        // SAFETY: the model lives as long as `self`.
        unsafe { sys::llama_model_n_params(self.raw.as_ptr()) }
    }

    /// Attention heads of a layer, the most that any has.
    #[must_use]
    pub fn heads(&self) -> usize {
        // SAFETY: the model lives as long as `self`.
        usize::try_from(unsafe { sys::llama_model_n_head(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// Longest context that the model was trained on.
    #[must_use]
    pub fn train_context(&self) -> u32 {
        // SAFETY: the model lives as long as `self`.
        u32::try_from(unsafe { sys::llama_model_n_ctx_train(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// The architecture that the file names: `llama`, `qwen3`, ...
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The name that the file gives the model.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let mut buffer = [0_u8; 512];
        // SAFETY: the model lives as long as `self`; llama.cpp writes at most the buffer's length, the final NUL included.
        let length = unsafe {
            sys::llama_model_meta_val_str(
                self.raw.as_ptr(),
                c"general.name".as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
            )
        };
        let name = CStr::from_bytes_until_nul(&buffer).ok()?;
        (length >= 0).then(|| name.to_string_lossy().into_owned())
    }

    /// The token with this number.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<Token> {
        i32::try_from(id).ok().and_then(|id| self.known(id))
    }

    /// All tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = Token> + use<> {
        (0..i32::try_from(self.vocab_size()).unwrap_or(0)).map(Token)
    }

    /// What a token adds to a text, special tokens as they are spelled. Bytes that are no UTF-8 on their own, as in half
    /// a character, are replaced; [`Model::text`] of several tokens puts such halves together.
    #[must_use]
    pub fn token_text(&self, token: Token) -> String {
        self.text(&[token])
    }

    /// What tokens spell together. A token of another model spells nothing.
    #[must_use]
    pub fn text(&self, tokens: &[Token]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.token_bytes(*token)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes that a token adds to a text, special tokens as they are spelled.
    #[must_use]
    pub fn token_bytes(&self, token: Token) -> Vec<u8> {
        if self.known(token.0).is_none() {
            return Vec::new();
        }
        let mut bytes = vec![0_u8; 64];
        loop {
            // SAFETY: the vocabulary lives as long as `self` and holds the token; llama.cpp writes no more than the
            // buffer's length, and returns the length needed, negated, where that is too little.
            let written = unsafe {
                let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
                sys::llama_token_to_piece(self.vocab(), token.0, bytes.as_mut_ptr().cast(), length, 0, true)
            };
            let needed = written.unsigned_abs() as usize;
            let fits = written >= 0;
            bytes.resize(needed, 0);
            if fits {
                return bytes;
            }
        }
    }

    /// How the vocabulary writes a token: for special tokens, their text.
    pub(crate) fn vocabulary_text(&self, token: Token) -> Option<String> {
        // SAFETY: the vocabulary lives as long as `self` and holds the token; the text is a C string that it owns.
        unsafe { owned(sys::llama_vocab_get_text(self.vocab(), token.0)) }
    }

    /// The token with this number, if the vocabulary holds it. llama.cpp says -1 for "none".
    pub(crate) fn known(&self, id: sys::llama_token) -> Option<Token> {
        usize::try_from(id).ok().filter(|index| *index < self.vocab_size()).map(|_| Token(id))
    }

    pub(crate) fn vocab(&self) -> *const sys::llama_vocab {
        // SAFETY: the model lives as long as `self`, and its vocabulary as long as it.
        unsafe { sys::llama_model_get_vocab(self.raw.as_ptr()) }
    }

    pub(crate) fn raw(&self) -> NonNull<sys::llama_model> {
        self.raw
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.adapter = None;
        // SAFETY: made by `llama_model_load_from_file` and freed here only; every context borrows the model and is gone.
        unsafe { sys::llama_model_free(self.raw.as_ptr()) }
    }
}

/// The GPUs with these numbers.
fn chosen(shares: &[Share]) -> Result<Vec<sys::ggml_backend_dev_t>, LlamaError> {
    let seen = devices::gpus();
    let choose = |share: &Share| {
        seen.get(share.gpu as usize).copied().ok_or(LlamaError::NoGpu { number: share.gpu, seen: seen.len() })
    };
    shares.iter().map(choose).collect()
}

/// A copy of a C string, `None` for null.
///
/// # Safety
/// `text` is null or a C string that lives until this function returns.
unsafe fn owned(text: *const c_char) -> Option<String> {
    // SAFETY: not null, so a C string by this function's contract.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
