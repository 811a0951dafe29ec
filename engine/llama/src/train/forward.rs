//! The forward pass as llama.cpp computes it in training: its nodes and inputs, by way of the shim.

use std::ffi::{CStr, c_char};
use std::ptr::{NonNull, null, null_mut};

use llama_cpp_sys_2 as sys;
use xlt_core::training::Window;

use super::machine::Machine;
use super::tensor::Tensor;
use crate::{Context, LlamaError};

/// What the shim keeps of a graph.
#[repr(C)]
struct Shim {
    _private: [u8; 0],
}

/// `xlt_mask` of the shim.
#[repr(C)]
#[derive(Clone, Copy)]
struct RawMask {
    tensor: *mut sys::ggml_tensor,
    sliding: bool,
}

unsafe extern "C" {
    fn xlt_forward_new(
        context: *mut sys::llama_context,
        tokens: u32,
        outputs: u32,
        adapter: *mut sys::llama_adapter_lora,
        scheduler: sys::ggml_backend_sched_t,
        cpu: sys::ggml_backend_t,
        most_nodes: i64,
        error: *mut c_char,
        error_length: usize,
    ) -> *mut Shim;
    fn xlt_forward_graph(it: *mut Shim) -> *mut sys::ggml_cgraph;
    fn xlt_forward_logits(it: *mut Shim) -> *mut sys::ggml_tensor;
    fn xlt_forward_masks(it: *mut Shim, masks: *mut *const RawMask) -> usize;
    fn xlt_forward_sliding_window(context: *mut sys::llama_context) -> u32;
    fn xlt_forward_fill(it: *mut Shim, tokens: *const i32, positions: *const i32, outputs: *const i8);
    fn xlt_forward_free(it: *mut Shim);
}

/// The graph of one forward pass, and what llama.cpp keeps for it.
#[derive(Debug)]
pub(super) struct Forward {
    shim: NonNull<Shim>,
    /// What is computed, in an order in which it can be.
    pub(super) nodes: Vec<Tensor>,
    /// `[vocabulary, outputs]`.
    pub(super) logits: Tensor,
    masks: Vec<Mask>,
    tokens: usize,
}

/// Which tokens a token attends to, `[tokens, tokens]`: 0 or minus infinity.
#[derive(Debug)]
struct Mask {
    tensor: Tensor,
    /// How many tokens back, itself counted, a token sees.
    window: Option<usize>,
}

impl Forward {
    /// The graph of `tokens` tokens of which `outputs` get logits, with the adapter, if there is one. The context is of as
    /// many tokens, and outlives what this makes.
    pub(super) fn new(
        context: &Context<'_>,
        adapter: Option<NonNull<sys::llama_adapter_lora>>,
        (tokens, outputs): (usize, usize),
        machine: &Machine,
        most_nodes: usize,
    ) -> Result<Self, LlamaError> {
        let mut error = [0_u8; 512];
        let raw = context.raw().as_ptr();
        // SAFETY: context, adapter and machine live; the shim writes no more of the error than there is room for.
        let shim = unsafe {
            xlt_forward_new(
                raw,
                u32::try_from(tokens).unwrap_or(u32::MAX),
                u32::try_from(outputs).unwrap_or(u32::MAX),
                adapter.map_or(null_mut(), NonNull::as_ptr),
                machine.scheduler(),
                machine.cpu(),
                i64::try_from(most_nodes).unwrap_or(i64::MAX),
                error.as_mut_ptr().cast(),
                error.len(),
            )
        };
        let Some(shim) = NonNull::new(shim) else {
            let why = CStr::from_bytes_until_nul(&error).unwrap_or_default().to_string_lossy().into_owned();
            return Err(LlamaError::TrainingGraph { why });
        };
        // From here on dropping `forward` frees the shim's part.
        // SAFETY: the shim's graph and masks live as long as `shim`; llama.cpp's graphs have as many nodes as they say.
        let (nodes, logits, masks, sliding) = unsafe {
            let graph = xlt_forward_graph(shim.as_ptr());
            let nodes =
                (0..sys::ggml_graph_n_nodes(graph)).filter_map(|at| Tensor::new(sys::ggml_graph_node(graph, at)));
            let mut masks = null();
            let count = xlt_forward_masks(shim.as_ptr(), &raw mut masks);
            let masks = if count == 0 { &[] } else { std::slice::from_raw_parts(masks, count) };
            let logits = Tensor::new(xlt_forward_logits(shim.as_ptr()));
            (nodes.collect::<Vec<_>>(), logits, masks, xlt_forward_sliding_window(raw))
        };
        let masks = masks.iter().filter_map(|mask| {
            let window = mask.sliding.then_some(sliding as usize);
            Some(Mask { tensor: Tensor::new(mask.tensor)?, window })
        });
        let masks = masks.collect();
        let Some(logits) = logits else {
            // SAFETY: made above, and freed here only.
            unsafe { xlt_forward_free(shim.as_ptr()) }
            return Err(LlamaError::TrainingGraph { why: "the graph has no logits".to_owned() });
        };
        // llama.cpp's graph holds branches that it did not choose.
        let nodes = nodes.into_iter().filter(|node| node.has_flag(sys::GGML_TENSOR_FLAG_COMPUTE)).collect();
        Ok(Self { shim, nodes, logits, masks, tokens })
    }

    /// Fills the inputs: what the window holds, and which of its tokens get logits, one flag for each.
    pub(super) fn fill(&mut self, window: &Window, outputs: &[i8]) {
        assert_eq!(
            [window.tokens.len(), window.positions.len(), window.examples.len(), outputs.len()],
            [self.tokens; 4],
            "a window has the size that the graph was made for",
        );
        for mask in &self.masks {
            if mask.tensor.is_placed() {
                mask.tensor.write(&mask.values(window));
            }
        }
        let (tokens, positions) = (window.tokens.as_ptr(), window.positions.as_ptr());
        // SAFETY: the shim's part lives as long as `self`; there are as many tokens, positions and flags as it has tokens.
        unsafe { xlt_forward_fill(self.shim.as_ptr(), tokens, positions, outputs.as_ptr()) }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // SAFETY: made by `xlt_forward_new`, and freed here only.
        unsafe { xlt_forward_free(self.shim.as_ptr()) }
    }
}

impl Mask {
    /// A row for every token: 0 for those before it, and itself, of its own example and within its window.
    fn values(&self, window: &Window) -> Vec<f32> {
        let tokens = window.tokens.len();
        let mut values = vec![f32::NEG_INFINITY; tokens * tokens];
        for (at, row) in values.chunks_exact_mut(tokens).enumerate() {
            let begins = at - window.positions[at] as usize;
            let seen = self.window.map_or(begins, |size| begins.max((at + 1).saturating_sub(size)));
            row[seen..=at].fill(0.0);
        }
        values
    }
}
