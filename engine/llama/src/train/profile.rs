//! Where the time of a training step goes.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::time::{Duration, Instant};

use llama_cpp_sys_2 as sys;
use xlt_core::training::Window;

use super::tensor::Tensor;
use super::trainer::Trainer;
use crate::LlamaError;

/// Time of the nodes of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The operation; of matrix products also the types and shapes of the factors.
    pub operation: String,
    /// Time of all of them.
    pub time: Duration,
    /// How many there are.
    pub nodes: usize,
}

#[derive(Default)]
struct Watch {
    began: Option<Instant>,
    shares: BTreeMap<String, (Duration, usize)>,
}

impl Trainer<'_> {
    /// Computes a window node by node, which is a little slower, and returns where the time went, the longest first.
    pub fn profile(&mut self, window: &Window) -> Result<Vec<Share>, LlamaError> {
        let mut watch = Watch::default();
        self.program.watch(Some(note), (&raw mut watch).cast());
        let computed = self.accumulate(window, 1.0);
        self.program.watch(None, std::ptr::null_mut());
        computed?;
        let share = |(operation, (time, nodes))| Share { operation, time, nodes };
        let mut shares: Vec<Share> = watch.shares.into_iter().map(share).collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.time));
        Ok(shares)
    }
}

impl Trainer<'_> {
    /// Of how many operations a window takes, those that the CPU computes, by their kinds, the most frequent first. With a GPU that
    /// is what it cannot do. Known behind the first window.
    #[must_use]
    pub fn on_cpu(&self) -> (usize, Vec<(String, usize)>) {
        let (all, nodes) = self.program.computed_by(self.machine.cpu());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for node in nodes {
            *kinds.entry(kind(node)).or_default() += 1;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        (all, kinds)
    }
}

/// Called before and after every node. Asks for all of them, and goes on.
///
/// # Safety
/// `node` is one of a graph that is being computed, and `watch` a `Watch` that nothing else touches meanwhile.
unsafe extern "C" fn note(node: *mut sys::ggml_tensor, ask: bool, watch: *mut c_void) -> bool {
    // SAFETY: by this function's contract, which `profile` keeps.
    let watch = unsafe { &mut *watch.cast::<Watch>() };
    if ask {
        watch.began = Some(Instant::now());
    } else if let (Some(began), Some(node)) = (watch.began, Tensor::new(node)) {
        let share = watch.shares.entry(kind(node)).or_default();
        share.0 += began.elapsed();
        share.1 += 1;
    }
    true
}

/// What is summed up: the operation, of products with the factors.
fn kind(node: Tensor) -> String {
    let factors = || {
        let describe = |tensor: Tensor| {
            let [first, second, third, _] = tensor.sizes();
            let whose = if tensor.is_leaf() { "weight" } else { "activation" };
            format!("{whose} {} [{first}, {second}, {third}]", tensor.kind_name())
        };
        (0..2).filter_map(|at| node.source(at)).map(describe).collect::<Vec<_>>().join(" × ")
    };
    match node.operation() {
        sys::GGML_OP_MUL_MAT | sys::GGML_OP_MUL_MAT_ID | sys::GGML_OP_OUT_PROD | sys::GGML_OP_CUSTOM => {
            format!("{} {}", node.operation_name(), factors())
        }
        _ => node.operation_name(),
    }
}
