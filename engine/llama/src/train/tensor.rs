//! A tensor of a graph: what ggml knows of it.

use std::ffi::CStr;
use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;

/// A node or a leaf of a graph.
///
/// Lives in the model, the adapter, llama.cpp's graph or an [`Arena`](super::arena::Arena), all of which a trainer keeps
/// until its last tensor is out of use. That is what every `SAFETY` below stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tensor(NonNull<sys::ggml_tensor>);

impl Tensor {
    pub(super) fn new(raw: *mut sys::ggml_tensor) -> Option<Self> {
        NonNull::new(raw).map(Self)
    }

    pub(super) fn raw(self) -> *mut sys::ggml_tensor {
        self.0.as_ptr()
    }

    fn get(&self) -> &sys::ggml_tensor {
        // SAFETY: the tensor lives, see the type; nobody writes its description while a graph is looked at.
        unsafe { self.0.as_ref() }
    }

    /// Sizes, fastest dimension first.
    pub(super) fn sizes(self) -> [i64; 4] {
        self.get().ne
    }

    /// Bytes from one element to the next in every dimension.
    pub(super) fn strides(self) -> [usize; 4] {
        self.get().nb
    }

    pub(super) fn kind(self) -> sys::ggml_type {
        self.get().type_
    }

    pub(super) fn kind_name(self) -> String {
        // SAFETY: the type is one of ggml's, whose names live as long as the program.
        unsafe { CStr::from_ptr(sys::ggml_type_name(self.kind())) }.to_string_lossy().into_owned()
    }

    pub(super) fn operation(self) -> sys::ggml_op {
        self.get().op
    }

    /// Whether nothing computes it.
    pub(super) fn is_leaf(self) -> bool {
        self.operation() == sys::GGML_OP_NONE
    }

    pub(super) fn has_flag(self, flag: sys::ggml_tensor_flag) -> bool {
        self.get().flags & flag as i32 != 0
    }

    /// What it is computed from; `None` where the operation leaves out one.
    pub(super) fn source(self, at: usize) -> Option<Self> {
        Self::new(self.get().src[at])
    }

    /// The same with the place of each.
    pub(super) fn placed_sources(self) -> impl Iterator<Item = (usize, Self)> {
        (0..self.get().src.len()).filter_map(move |at| Some((at, self.source(at)?)))
    }

    pub(super) fn sources(self) -> impl Iterator<Item = Self> {
        self.get().src.into_iter().filter_map(Self::new)
    }

    /// Whose memory it looks at, and at what byte.
    pub(super) fn viewed(self) -> Option<(Self, usize)> {
        Self::new(self.get().view_src).map(|source| (source, self.get().view_offs))
    }

    /// A parameter of the operation, as ggml stores it.
    pub(super) fn parameter(self, at: usize) -> i32 {
        self.get().op_params[at]
    }

    /// The same where it is a real number.
    pub(super) fn real(self, at: usize) -> f32 {
        f32::from_bits(self.parameter(at).cast_unsigned())
    }

    pub(super) fn name(self) -> String {
        // SAFETY: ggml ends a name with a NUL within its array.
        unsafe { CStr::from_ptr(self.get().name.as_ptr()) }.to_string_lossy().into_owned()
    }

    /// The operation's name, with that of the function where one operation has several.
    pub(super) fn operation_name(self) -> String {
        // SAFETY: a description that lives as long as the program.
        unsafe { CStr::from_ptr(sys::ggml_op_desc(self.raw())) }.to_string_lossy().into_owned()
    }

    /// Which function of one tensor it is.
    pub(super) fn function(self) -> Option<sys::ggml_unary_op> {
        // SAFETY: only looks at the description, of a node of this operation.
        (self.operation() == sys::GGML_OP_UNARY).then(|| unsafe { sys::ggml_get_unary_op(self.raw()) })
    }

    /// Which function it is that makes a gate.
    pub(super) fn gate(self) -> Option<sys::ggml_glu_op> {
        // SAFETY: only looks at the description, of a node of this operation.
        (self.operation() == sys::GGML_OP_GLU).then(|| unsafe { sys::ggml_get_glu_op(self.raw()) })
    }

    pub(super) fn is_contiguous(self) -> bool {
        // SAFETY: only looks at the description.
        unsafe { sys::ggml_is_contiguous(self.raw()) }
    }

    /// Number of elements.
    pub(super) fn count(self) -> usize {
        self.sizes().iter().map(|size| usize::try_from(*size).unwrap_or(0)).product()
    }

    /// Bytes of its memory.
    pub(super) fn bytes(self) -> usize {
        // SAFETY: only looks at the description.
        unsafe { sys::ggml_nbytes(self.raw()) }
    }

    /// Where its numbers are, for a node that is being computed on the CPU.
    pub(super) fn data(self) -> *mut std::ffi::c_void {
        self.get().data
    }

    /// Whether memory was given to it.
    pub(super) fn is_placed(self) -> bool {
        !self.get().buffer.is_null() || self.viewed().is_some_and(|(source, _)| !source.get().buffer.is_null())
    }

    /// Makes it be computed from something else in the same way.
    pub(super) fn redirect(self, at: usize, source: Self) {
        // SAFETY: the tensor lives, see the type, and a graph is changed by one thread before it is computed.
        unsafe { (*self.0.as_ptr()).src[at] = source.raw() }
    }

    /// Makes a view look at something else of the same layout, which has no memory yet.
    pub(super) fn look_at(self, whole: Self) {
        let (root, offset) = whole.viewed().unwrap_or((whole, 0));
        // SAFETY: as for redirecting. Without memory of its own the view gets that of what it looks at.
        unsafe {
            let view = &mut *self.0.as_ptr();
            view.view_src = root.raw();
            view.view_offs += offset;
            (view.data, view.buffer) = (null_mut(), null_mut());
        }
    }

    pub(super) fn set_name(self, name: &CStr) -> Self {
        // SAFETY: the name is a C string, which is copied.
        unsafe { sys::ggml_set_name(self.raw(), name.as_ptr()) };
        self
    }

    /// Says that it is filled before the graph is computed, or read afterwards: its memory is used for nothing else.
    pub(super) fn keep(self) -> Self {
        // SAFETY: sets flags of a tensor that lives, see the type; an input is a leaf.
        unsafe {
            if self.is_leaf() {
                sys::ggml_set_input(self.raw());
            }
            sys::ggml_set_output(self.raw());
        }
        self
    }

    /// Fills it. A tensor that the graph does not use has no memory, and stays as it is.
    ///
    /// # Panics
    /// If the values are not as many bytes as it has.
    pub(super) fn write<T: Plain>(self, values: &[T]) {
        if !self.is_placed() {
            return;
        }
        assert_eq!(size_of_val(values), self.bytes(), "bytes of {}", self.name());
        // SAFETY: it has memory, of as many bytes as the values, which are plain numbers.
        unsafe { sys::ggml_backend_tensor_set(self.raw(), values.as_ptr().cast(), 0, size_of_val(values)) }
    }

    /// Its values, where they are F32.
    pub(super) fn read(self) -> Vec<f32> {
        assert_eq!(self.kind(), sys::GGML_TYPE_F32, "type of {}", self.name());
        assert!(self.is_placed(), "{} has no memory", self.name());
        let mut values = vec![0.0_f32; self.count()];
        // SAFETY: it has memory, and as many elements of this type as the values have room for.
        unsafe { sys::ggml_backend_tensor_get(self.raw(), values.as_mut_ptr().cast(), 0, self.bytes()) }
        values
    }
}

/// Numbers without padding, which can be copied as bytes.
pub(super) trait Plain: Copy {}

impl Plain for f32 {}
impl Plain for i32 {}
impl Plain for i64 {}
impl Plain for u8 {}
