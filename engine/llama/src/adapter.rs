//! LoRA adapters (Hu et al. 2021) on a loaded model: `W x` becomes `W x + alpha / rank · B (A x)`.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_void};
use std::path::Path;
use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use crate::gguf::{self, Header};
use crate::{Context, ContextOptions, LlamaError, Model, Piece, log};

/// The two matrices of a pair, `A` of shape `[inputs, rank]` and `B` of shape `[rank, outputs]` in GGUF's order.
pub(crate) const PAIR: [&str; 2] = [".lora_a", ".lora_b"];

/// An adapter in memory. Must be dropped before its model.
#[derive(Debug)]
pub(crate) struct Adapter(NonNull<sys::llama_adapter_lora>);

impl Model {
    /// Attaches the LoRA adapter at `path`, a GGUF file made for this model, in place of the one that is attached. Every
    /// context that is made from now on computes with it. The weights stay as they are: attaching costs no more than
    /// reading the adapter.
    ///
    /// # Errors
    /// Where the file is no adapter for this model, and where llama.cpp would leave out a part of it without a word: it
    /// skips what was learned of norms, and applies the others only where its graph multiplies by way of
    /// `build_lora_mm`. Then no adapter is attached.
    pub fn attach(&mut self, path: &Path) -> Result<(), LlamaError> {
        self.detach();
        let header = gguf::check_file(path)?;
        self.adapter = Some(self.open_adapter(path, &header)?);
        let unused = unused(self, &header).inspect_err(|_| self.adapter = None)?;
        if unused.is_empty() {
            return Ok(());
        }
        self.detach();
        Err(LlamaError::AdapterUnused {
            path: path.to_owned(),
            architecture: self.architecture().to_owned(),
            unused,
            of: header.tensors.len(),
        })
    }

    /// Takes off the adapter that is attached, if one is.
    pub fn detach(&mut self) {
        self.adapter = None;
    }

    pub(crate) fn open_adapter(&self, path: &Path, header: &Header) -> Result<Adapter, LlamaError> {
        let refused =
            |log| LlamaError::Adapter { path: path.to_owned(), architecture: self.architecture().to_owned(), log };
        if header.tensors.is_empty() {
            return Err(refused(vec!["it holds no tensors".to_owned()]));
        }
        let Ok(c_path) = CString::new(path.as_os_str().as_encoded_bytes()) else {
            return Err(LlamaError::Missing { path: path.to_owned() });
        };
        let (raw, errors) = log::errors_of(|| {
            // SAFETY: the model lives as long as `self`, and the path is a C string that outlives the call.
            unsafe { sys::llama_adapter_lora_init(self.raw().as_ptr(), c_path.as_ptr()) }
        });
        let adapter = Adapter(NonNull::new(raw).ok_or_else(|| refused(errors))?);
        // SAFETY: the adapter lives as long as its owner.
        match unsafe { sys::llama_adapter_get_alora_n_invocation_tokens(adapter.0.as_ptr()) } {
            0 => Ok(adapter),
            _ => Err(refused(vec![
                "it is an activated LoRA, which is to be switched on within a prompt, and none is here".to_owned(),
            ])),
        }
    }
}

impl Adapter {
    pub(crate) fn raw(&self) -> NonNull<sys::llama_adapter_lora> {
        self.0
    }

    /// Numerator of the scale, as the file has it; llama.cpp takes 0 for "as the rank".
    pub(crate) fn alpha(&self) -> f32 {
        let mut text = [0_u8; 64];
        // SAFETY: the adapter lives as long as `self`; llama.cpp writes no more than there is room for, with a NUL.
        unsafe {
            let (key, room) = (c"adapter.lora.alpha".as_ptr(), text.len());
            sys::llama_adapter_meta_val_str(self.0.as_ptr(), key, text.as_mut_ptr().cast(), room);
        }
        let text = CStr::from_bytes_until_nul(&text).unwrap_or_default().to_str();
        text.ok().and_then(|text| text.parse().ok()).unwrap_or(0.0)
    }

    /// Makes a context compute with this adapter.
    ///
    /// # Safety
    /// The context is of the adapter's model, and is freed before the adapter.
    pub(crate) unsafe fn apply(&self, context: NonNull<sys::llama_context>) {
        let (mut adapters, mut scales) = ([self.0.as_ptr()], [1.0]);
        // SAFETY: both live, by this function's contract; there is one adapter and one scale, and both lists are copied. The
        // call always succeeds.
        unsafe { sys::llama_set_adapters_lora(context.as_ptr(), adapters.as_mut_ptr(), 1, scales.as_mut_ptr()) };
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        // SAFETY: made by `llama_adapter_lora_init` and freed here only, before its model, whose `drop` sees to that, and
        // after every context, as these borrow the model and attaching and detaching borrow it mutably.
        unsafe { sys::llama_adapter_lora_free(self.0.as_ptr()) }
    }
}

/// The adapter's tensors that do not stand in the graph of a token, in order.
fn unused(model: &Model, header: &Header) -> Result<Vec<String>, LlamaError> {
    let used = used(model)?;
    let is_used = |name: &String| PAIR.iter().any(|end| name.ends_with(end)) && used.contains(name);
    Ok(header.names().filter(|name| !is_used(name)).cloned().collect())
}

/// Names of the tensors from which the logits of a token are computed.
fn used(model: &Model) -> Result<BTreeSet<String>, LlamaError> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let options = ContextOptions { n_ctx: 32, n_batch: 1, ..ContextOptions::default() };
    let mut context = Context::watched(model, &options, Some(note), (&raw mut names).cast())?;
    let token = model.token(0).ok_or(LlamaError::EmptyPrompt)?;
    context.decode(&[Piece { sequence: 0, tokens: &[token], quiet: 0 }])?;
    drop(context);
    Ok(names)
}

/// Notes what the next operation reads. Answers that its result is of no interest.
///
/// # Safety
/// `tensor` is an operation of a graph, and `names` a set of names that nothing else touches meanwhile.
unsafe extern "C" fn note(tensor: *mut sys::ggml_tensor, _: bool, names: *mut c_void) -> bool {
    // SAFETY: by this function's contract, which `used` keeps: its set outlives the context, and it waits for the decoding.
    let (tensor, names) = unsafe { (&*tensor, &mut *names.cast::<BTreeSet<String>>()) };
    for source in tensor.src.iter().filter_map(|source| NonNull::new(*source)) {
        // SAFETY: a tensor of the same graph; llama.cpp ends its name with a NUL.
        let name = unsafe { CStr::from_ptr(source.as_ref().name.as_ptr()) };
        names.insert(name.to_string_lossy().into_owned());
    }
    false
}
