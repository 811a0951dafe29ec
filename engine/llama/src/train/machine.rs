//! What computes a graph: llama.cpp's devices, and the schedulers that spread graphs over them.

use std::ptr::{NonNull, null, null_mut};

use llama_cpp_sys_2 as sys;

use super::arena::{Arena, Products};
use super::tensor::Tensor;
use crate::LlamaError;

/// Devices in order of preference, the CPU last, and the scheduler by which llama.cpp builds its graph.
#[derive(Debug)]
pub(super) struct Machine {
    backends: Vec<sys::ggml_backend_t>,
    scheduler: sys::ggml_backend_sched_t,
}

/// A graph with memory of its own, ready to be computed.
#[derive(Debug)]
pub(super) struct Program {
    graph: Graph,
    scheduler: sys::ggml_backend_sched_t,
}

/// The order in which nodes are computed.
#[derive(Debug)]
struct Graph {
    /// Lies in the arena.
    raw: *mut sys::ggml_cgraph,
    _arena: Arena,
}

/// Memory of tensors that stay.
#[derive(Debug)]
pub(super) struct Buffer(NonNull<sys::ggml_backend_buffer>);

impl Machine {
    /// The GPUs that hold the model, and the CPU with so many threads. `nodes` is the size of the largest graph.
    pub(super) fn new(gpus: &[sys::ggml_backend_dev_t], threads: u32, nodes: usize) -> Result<Self, LlamaError> {
        let mut backends = Vec::new();
        // SAFETY: llama.cpp is initialised, as there is a model, and devices live as long as the program.
        unsafe {
            backends.extend(gpus.iter().map(|device| sys::ggml_backend_dev_init(*device, null())));
            backends.push(sys::ggml_backend_init_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU, null()));
        }
        backends.retain(|backend| !backend.is_null());
        let mut machine = Self { backends, scheduler: null_mut() };
        if machine.backends.is_empty() {
            return Err(LlamaError::TrainingGraph { why: "no device can be started".to_owned() });
        }
        machine.set_threads(threads);
        machine.scheduler = machine.schedule(nodes);
        Ok(machine)
    }

    pub(super) fn scheduler(&self) -> sys::ggml_backend_sched_t {
        self.scheduler
    }

    /// Who multiplies here.
    pub(super) fn products(&self) -> Products {
        if self.backends.len() == 1 { Products::Gemm } else { Products::Ggml }
    }

    /// The last device, which is the CPU.
    pub(super) fn cpu(&self) -> sys::ggml_backend_t {
        self.backends[self.backends.len() - 1]
    }

    fn set_threads(&self, threads: u32) {
        type SetThreads = unsafe extern "C" fn(sys::ggml_backend_t, i32);
        // SAFETY: the backend lives as long as `self`; the function of this name has that type, by ggml-backend.h.
        unsafe {
            let registry = sys::ggml_backend_dev_backend_reg(sys::ggml_backend_get_device(self.cpu()));
            let function = sys::ggml_backend_reg_get_proc_address(registry, c"ggml_backend_set_n_threads".as_ptr());
            if !function.is_null() {
                let set: SetThreads = std::mem::transmute(function);
                set(self.cpu(), i32::try_from(threads).unwrap_or(i32::MAX));
            }
        }
    }

    fn schedule(&self, nodes: usize) -> sys::ggml_backend_sched_t {
        let backends = self.backends.as_ptr().cast_mut();
        let count = i32::try_from(self.backends.len()).unwrap_or(i32::MAX);
        // SAFETY: the backends live as long as `self`, and are copied; without buffer types each takes its own.
        unsafe { sys::ggml_backend_sched_new(backends, null_mut(), count, nodes, false, false) }
    }

    /// Bytes that computing a graph would take, over all devices, beside what its leaves take.
    pub(super) fn measure(&self, nodes: &[Tensor], most: usize) -> u64 {
        let scheduler = self.schedule(most);
        let graph = Graph::new(nodes, most);
        let mut sizes = vec![0; self.backends.len()];
        // Where a graph is split over devices, scheduling makes nodes read copies, which go with the scheduler.
        // SAFETY: nodes, graph and scheduler live through the block; there is a size for each backend.
        unsafe {
            let nodes: Vec<Tensor> = graph.nodes().collect();
            let sources: Vec<_> = nodes.iter().map(|node| (*node.raw()).src).collect();
            sys::ggml_backend_sched_reserve_size(scheduler, graph.raw, sizes.as_mut_ptr());
            sys::ggml_backend_sched_free(scheduler);
            for (node, sources) in nodes.iter().zip(sources) {
                (*node.raw()).src = sources;
            }
        }
        sizes.iter().map(|size| *size as u64).sum()
    }

    /// Gives the graph of these nodes, and of at most so many in all, its memory. It must be dropped before the machine and the arena of its nodes.
    pub(super) fn program(&self, nodes: &[Tensor], most: usize) -> Result<Program, LlamaError> {
        let program = Program { graph: Graph::new(nodes, most), scheduler: self.schedule(most) };
        // SAFETY: both were just made.
        if unsafe { sys::ggml_backend_sched_alloc_graph(program.scheduler, program.graph.raw) } {
            Ok(program)
        } else {
            Err(LlamaError::TrainingGraph { why: "there is not enough memory for the graph".to_owned() })
        }
    }
}

impl Graph {
    /// These nodes in this order, each behind what it is computed from.
    fn new(nodes: &[Tensor], most: usize) -> Self {
        let arena = Arena::new(most, Products::Ggml);
        // SAFETY: arena and nodes live, see `Tensor`; ggml aborts where there are more nodes than said.
        let raw = unsafe {
            let raw = sys::ggml_new_graph_custom(arena.raw(), most, false);
            for node in nodes {
                sys::ggml_build_forward_expand(raw, node.raw());
            }
            raw
        };
        let graph = Self { raw, _arena: arena };
        graph.nodes().for_each(exact);
        graph
    }

    /// Every node, in the order in which it is computed.
    fn nodes(&self) -> impl Iterator<Item = Tensor> {
        // SAFETY: the graph lives as long as `self`.
        let count = unsafe { sys::ggml_graph_n_nodes(self.raw) };
        // SAFETY: as above; a node is asked for by a number below their count.
        (0..count).filter_map(|at| Tensor::new(unsafe { sys::ggml_graph_node(self.raw, at) }))
    }
}

/// Has a GPU sum products up in 32 bits: by itself it may do that in 16, as CUDA does for weights of F16. The CPU always does.
fn exact(node: Tensor) {
    if matches!(node.operation(), sys::GGML_OP_MUL_MAT | sys::GGML_OP_MUL_MAT_ID) {
        // SAFETY: the node lives, see `Tensor`, and is not computed yet. The first parameter of these operations is the precision
        // (`ggml_mul_mat_set_prec`, which takes only one of the two).
        unsafe { (*node.raw()).op_params[0] = sys::GGML_PREC_F32.cast_signed() }
    }
}

impl Program {
    /// Computes the graph.
    pub(super) fn run(&self) -> Result<(), LlamaError> {
        // SAFETY: graph and scheduler live as long as the trainer that holds them.
        match unsafe { sys::ggml_backend_sched_graph_compute(self.scheduler, self.graph.raw) } {
            sys::GGML_STATUS_SUCCESS => Ok(()),
            status => Err(LlamaError::TrainingGraph { why: format!("computing the graph ended with status {status}") }),
        }
    }

    /// The nodes that are computed, and which of them by that backend; known once the graph has been.
    pub(super) fn computed_by(&self, backend: sys::ggml_backend_t) -> (usize, Vec<Tensor>) {
        let moves =
            [sys::GGML_OP_NONE, sys::GGML_OP_VIEW, sys::GGML_OP_RESHAPE, sys::GGML_OP_PERMUTE, sys::GGML_OP_TRANSPOSE];
        let nodes: Vec<Tensor> = self.graph.nodes().filter(|node| !moves.contains(&node.operation())).collect();
        // SAFETY: scheduler and node live as long as `self`.
        let by = |node: &Tensor| unsafe { sys::ggml_backend_sched_get_tensor_backend(self.scheduler, node.raw()) };
        (nodes.len(), nodes.into_iter().filter(|node| by(node) == backend).collect())
    }

    /// Has `watcher` called before (`ask`) and after every node.
    pub(super) fn watch(&self, watcher: sys::ggml_backend_sched_eval_callback, data: *mut std::ffi::c_void) {
        // SAFETY: the scheduler lives as long as `self`; the caller's data outlives the next run.
        unsafe { sys::ggml_backend_sched_set_eval_callback(self.scheduler, watcher, data) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: made by `schedule`, and freed here only.
        unsafe { sys::ggml_backend_sched_free(self.scheduler) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: all made in `new`, and freed here only, the scheduler before what it schedules on.
        unsafe {
            if !self.scheduler.is_null() {
                sys::ggml_backend_sched_free(self.scheduler);
            }
            for backend in &self.backends {
                sys::ggml_backend_free(*backend);
            }
        }
    }
}

impl Buffer {
    /// Gives all tensors of an arena that have none memory of the kind that `beside` has, filled with zeros.
    pub(super) fn new(arena: &Arena, beside: Tensor) -> Option<Self> {
        // SAFETY: arena and tensor live, see `Tensor`, and the tensor has memory. A file that is mapped into memory can hold no
        // other tensors: then they go beside it.
        unsafe {
            let mut kind = sys::ggml_backend_buffer_get_type((*beside.raw()).buffer);
            if sys::ggml_backend_buft_is_host(kind) {
                let cpu = sys::ggml_backend_dev_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU);
                kind = sys::ggml_backend_dev_buffer_type(cpu);
            }
            let buffer = NonNull::new(sys::ggml_backend_alloc_ctx_tensors_from_buft(arena.raw(), kind))?;
            sys::ggml_backend_buffer_clear(buffer.as_ptr(), 0);
            Some(Self(buffer))
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: made by ggml in `new`, and freed here only.
        unsafe { sys::ggml_backend_buffer_free(self.0.as_ptr()) }
    }
}
