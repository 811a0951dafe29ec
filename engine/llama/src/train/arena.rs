//! Where tensors are made: one method for each of ggml's operations that training composes.
//!
//! All of them exist on the CPU and on CUDA, but for products of F32 on the CPU, which are [ours](super::kernels). ggml aborts
//! where shapes do not fit; the rules that call these fit them.

use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;

use super::kernels;
use super::tensor::Tensor;

/// Holds descriptions of tensors, not their values.
#[derive(Debug)]
pub(super) struct Arena {
    raw: NonNull<sys::ggml_context>,
    products: Products,
}

/// Who multiplies F32 with F32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// ggml, on any device.
    Ggml,
    /// The crate `gemm`, where the CPU computes everything.
    Gemm,
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: made by `ggml_init` and freed here only, after the last use of its tensors, see `Tensor`.
        unsafe { sys::ggml_free(self.raw.as_ptr()) }
    }
}

/// What ggml calls for an operation of ours: node, thread, number of threads, nothing.
type Compute = unsafe extern "C" fn(*mut sys::ggml_tensor, i32, i32, *mut std::ffi::c_void);

/// What an operation's function takes for an argument.
trait Argument {
    type Raw;
    fn raw(self) -> Self::Raw;
}

impl Argument for Tensor {
    type Raw = *mut sys::ggml_tensor;
    fn raw(self) -> Self::Raw {
        Tensor::raw(self)
    }
}

impl Argument for Option<Tensor> {
    type Raw = *mut sys::ggml_tensor;
    fn raw(self) -> Self::Raw {
        self.map_or(null_mut(), Tensor::raw)
    }
}

macro_rules! plain_arguments {
    ($($plain:ty),*) => { $(impl Argument for $plain { type Raw = Self; fn raw(self) -> Self { self } })* };
}

plain_arguments!(f32, i32, i64, usize, sys::ggml_type);

macro_rules! operations {
    ($($(#[$doc:meta])* $method:ident($($name:ident: $kind:ty),*) = $function:ident;)*) => {
        impl Arena {
            $(
                $(#[$doc])*
                pub(super) fn $method(&self $(, $name: $kind)*) -> Tensor {
                    // SAFETY: the arena and the tensors live, see `Tensor`.
                    self.made(unsafe { sys::$function(self.raw() $(, Argument::raw($name))*) })
                }
            )*
        }
    };
}

operations! {
    add(a: Tensor, b: Tensor) = ggml_add;
    add_inplace(a: Tensor, b: Tensor) = ggml_add_inplace;
    mul(a: Tensor, b: Tensor) = ggml_mul;
    div(a: Tensor, b: Tensor) = ggml_div;
    neg(a: Tensor) = ggml_neg;
    sqr(a: Tensor) = ggml_sqr;
    /// `scale · a + bias`.
    scale_bias(a: Tensor, scale: f32, bias: f32) = ggml_scale_bias;
    clamp(a: Tensor, least: f32, most: f32) = ggml_clamp;
    /// 1 where the value is above 0, else 0.
    step(a: Tensor) = ggml_step;
    /// A tensor of that shape with one value everywhere.
    fill(a: Tensor, value: f32) = ggml_fill;
    fill_inplace(a: Tensor, value: f32) = ggml_fill_inplace;
    sigmoid(a: Tensor) = ggml_sigmoid;
    silu(a: Tensor) = ggml_silu;
    silu_back(gradient: Tensor, input: Tensor) = ggml_silu_back;
    relu(a: Tensor) = ggml_relu;
    soft_max(a: Tensor) = ggml_soft_max;
    soft_max_back(gradient: Tensor, output: Tensor, scale: f32, bias: f32) = ggml_soft_max_ext_back;
    rms_norm_back(gradient: Tensor, input: Tensor, epsilon: f32) = ggml_rms_norm_back;
    /// `a`, as often as fits into `like`.
    repeat(a: Tensor, like: Tensor) = ggml_repeat;
    /// Sums what a repetition would have made of one of `like`.
    repeat_back(a: Tensor, like: Tensor) = ggml_repeat_back;
    /// `[k, m]` and `[k, n]` make `[m, n]`.
    mul_mat(a: Tensor, b: Tensor) = ggml_mul_mat;
    mul_mat_id(a: Tensor, b: Tensor, ids: Tensor) = ggml_mul_mat_id;
    /// `[m, k]` and `[n, k]` make `[m, n]`.
    out_prod(a: Tensor, b: Tensor) = ggml_out_prod;
    contiguous(a: Tensor) = ggml_cont;
    cast(a: Tensor, kind: sys::ggml_type) = ggml_cast;
    transpose(a: Tensor) = ggml_transpose;
    permute(a: Tensor, first: i32, second: i32, third: i32, fourth: i32) = ggml_permute;
    reshape_like(a: Tensor, like: Tensor) = ggml_reshape;
    reshape_1d(a: Tensor, size: i64) = ggml_reshape_1d;
    reshape_2d(a: Tensor, first: i64, second: i64) = ggml_reshape_2d;
    reshape_3d(a: Tensor, first: i64, second: i64, third: i64) = ggml_reshape_3d;
    reshape_4d(a: Tensor, first: i64, second: i64, third: i64, fourth: i64) = ggml_reshape_4d;
    concat(a: Tensor, b: Tensor, dimension: i32) = ggml_concat;
    get_rows(a: Tensor, rows: Tensor) = ggml_get_rows;
    /// `a` with `b` in place of the rows of those numbers.
    set_rows(a: Tensor, b: Tensor, rows: Tensor) = ggml_set_rows;
    /// `a` with `b` added to a view of it.
    acc(a: Tensor, b: Tensor, second: usize, third: usize, fourth: usize, offset: usize) = ggml_acc;
    /// A step of AdamW in place: weights, gradient, first and second moment, and the seven numbers of the step.
    adamw(a: Tensor, gradient: Tensor, first: Tensor, second: Tensor, numbers: Tensor) = ggml_opt_step_adamw;
    duplicate(a: Tensor) = ggml_dup_tensor;
    new_1d(kind: sys::ggml_type, size: i64) = ggml_new_tensor_1d;
    new_2d(kind: sys::ggml_type, first: i64, second: i64) = ggml_new_tensor_2d;
    new_4d(kind: sys::ggml_type, first: i64, second: i64, third: i64, fourth: i64) = ggml_new_tensor_4d;
}

impl Arena {
    /// Room for the descriptions of so many tensors, and for graphs over them.
    pub(super) fn new(tensors: usize, products: Products) -> Self {
        // SAFETY: the parameters ask ggml for memory of its own, and for no values. Never null: ggml aborts without memory.
        let raw = unsafe {
            let mem_size = tensors * sys::ggml_tensor_overhead() + 2 * sys::ggml_graph_overhead_custom(tensors, false);
            sys::ggml_init(sys::ggml_init_params { mem_size, mem_buffer: null_mut(), no_alloc: true })
        };
        let raw = NonNull::new(raw).unwrap_or_else(|| unreachable!("ggml_init aborts rather than return null"));
        Self { raw, products }
    }

    pub(super) fn raw(&self) -> *mut sys::ggml_context {
        self.raw.as_ptr()
    }

    fn made(&self, raw: *mut sys::ggml_tensor) -> Tensor {
        Tensor::new(raw).unwrap_or_else(|| unreachable!("ggml aborts rather than return null"))
    }

    /// The tensor itself where its elements follow each other, else a copy in which they do.
    pub(super) fn dense(&self, tensor: Tensor) -> Tensor {
        if tensor.is_contiguous() { tensor } else { self.contiguous(tensor) }
    }

    /// Whether the CPU computes everything, so that operations of our own can be used.
    pub(super) fn has_ours(&self) -> bool {
        self.products == Products::Gemm
    }

    /// Whether a product of two tensors can be ours, which takes them with any strides.
    pub(super) fn is_ours(&self, a: Tensor, b: Tensor) -> bool {
        self.has_ours() && [a, b].iter().all(|factor| factor.kind() == sys::GGML_TYPE_F32)
    }

    /// `[k, m]` and `[k, n]` make `[m, n]`; `a` may have fewer matrices, each for several of `b`'s.
    pub(super) fn product(&self, a: Tensor, b: Tensor) -> Tensor {
        if !self.is_ours(a, b) {
            return self.mul_mat(self.dense(a), self.dense(b));
        }
        let ([_, m, ..], [_, n, heads, streams]) = (a.sizes(), b.sizes());
        self.ours([m, n, heads, streams], &[a, b], kernels::product)
    }

    /// `[k, m]` and `[m, n]` make `[k, n]`, for a weight of any type; where [`Products`] are ours.
    pub(super) fn frozen(&self, weight: Tensor, gradient: Tensor) -> Tensor {
        if self.is_ours(weight, gradient) {
            return self.product(self.transpose(weight), gradient);
        }
        let ([k, ..], [_, n, heads, streams]) = (weight.sizes(), gradient.sizes());
        self.ours([k, n, heads, streams], &[weight, gradient], kernels::frozen)
    }

    /// `[k, m, experts]`, `[m, used, tokens]` and the experts chosen, `[used, tokens]`, make `[k, used, tokens]`; where
    /// [`Products`] are ours.
    pub(super) fn experts(&self, weight: Tensor, gradient: Tensor, ids: Tensor) -> Tensor {
        let ([k, ..], [_, used, tokens, _]) = (weight.sizes(), gradient.sizes());
        self.ours([k, used, tokens, 1], &[weight, gradient, ids], kernels::experts)
    }

    /// A node of F32 that `compute` computes from its sources.
    fn ours(&self, sizes: [i64; 4], sources: &[Tensor], compute: Compute) -> Tensor {
        const ALL_THREADS: i32 = -1;
        let [n0, n1, n2, n3] = sizes;
        let mut sources: Vec<_> = sources.iter().map(|source| source.raw()).collect();
        let count = i32::try_from(sources.len()).unwrap_or(0);
        // SAFETY: the arena and the tensors live, see `Tensor`; there are as many sources, which are copied; `compute` is for such
        // nodes, and needs no data of ours.
        self.made(unsafe {
            let (kind, sources, none) = (sys::GGML_TYPE_F32, sources.as_mut_ptr(), null_mut());
            sys::ggml_custom_4d(self.raw(), kind, n0, n1, n2, n3, sources, count, Some(compute), ALL_THREADS, none)
        })
    }

    pub(super) fn scaled(&self, tensor: Tensor, scale: f32) -> Tensor {
        self.scale_bias(tensor, scale, 0.0)
    }

    /// A part of a tensor, whose dimensions lie `strides` bytes apart, the first of them dense.
    pub(super) fn view(&self, of: Tensor, sizes: [i64; 4], strides: [usize; 4], offset: usize) -> Tensor {
        let [n0, n1, n2, n3] = sizes;
        let [_, nb1, nb2, nb3] = strides;
        // SAFETY: the arena and the tensor live, see `Tensor`; the caller's view lies within it.
        self.made(unsafe { sys::ggml_view_4d(self.raw(), of.raw(), n0, n1, n2, n3, nb1, nb2, nb3, offset) })
    }

    /// The gradient of a rotation by position: the rotation back. `rope` is the node that rotates.
    pub(super) fn rope_back(&self, rope: Tensor, gradient: Tensor, positions: Tensor) -> Tensor {
        let factors = rope.source(2).map_or(null_mut(), Tensor::raw);
        // SAFETY: the arena and the tensors live, see `Tensor`. The node that was just made, and which nobody else holds, gets
        // all parameters of the rotation, of which ggml's function takes a part only.
        self.made(unsafe {
            let (dimensions, mode) = (rope.parameter(1), rope.parameter(2));
            let (gradient, positions) = (gradient.raw(), positions.raw());
            let back = sys::ggml_rope_ext_back(
                self.raw(),
                gradient,
                positions,
                factors,
                dimensions,
                mode,
                0,
                1.0,
                1.0,
                0.0,
                1.0,
                0.0,
                0.0,
            );
            (*back).op_params = (*rope.raw()).op_params;
            back
        })
    }

    /// A node that computes the same as another, from other sources and in memory of its own.
    pub(super) fn twin(&self, of: Tensor, sources: impl Fn(Tensor) -> Tensor) -> Tensor {
        let sizes = of.sizes();
        // SAFETY: the arena and the tensors live, see `Tensor`; the twin was just made, and nobody else holds it. It has all
        // that describes the computation of the other, but for memory.
        unsafe {
            let twin = self.made(sys::ggml_new_tensor(self.raw(), of.kind(), 4, sizes.as_ptr()));
            let (to, from) = (&mut *twin.raw(), &*of.raw());
            to.nb = from.nb;
            to.op = from.op;
            to.op_params = from.op_params;
            to.flags = from.flags & !(sys::GGML_TENSOR_FLAG_OUTPUT as i32);
            to.name = from.name;
            for (to, from) in to.src.iter_mut().zip(from.src) {
                *to = Tensor::new(from).map_or(null_mut(), |from| sources(from).raw());
            }
            to.view_src = Tensor::new(from.view_src).map_or(null_mut(), |from| sources(from).raw());
            to.view_offs = from.view_offs;
            twin
        }
    }
}
