//! Writes GGUF with llama.cpp's own functions.

use std::ffi::{CString, c_char};
use std::ptr::null_mut;

use llama_cpp_sys_2 as sys;

/// A GGUF file in the making. Keys and tensors stand in the file in the order in which they were added; each is added
/// once.
#[derive(Debug)]
pub(super) struct Writer {
    gguf: *mut sys::gguf_context,
    data: Vec<u8>,
}

impl Writer {
    /// A file with nothing in it.
    pub(super) fn new() -> Self {
        // SAFETY: no precondition. Never null: it is C++'s `new`.
        Self { gguf: unsafe { sys::gguf_init_empty() }, data: Vec::new() }
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        // SAFETY: the file lives as long as `self`; the key is a C string, which is copied.
        unsafe { sys::gguf_set_val_bool(self.gguf, text(key).as_ptr(), value) }
    }

    pub(super) fn number(&mut self, key: &str, value: u32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_u32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(super) fn short(&mut self, key: &str, value: u16) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_u16(self.gguf, text(key).as_ptr(), value) }
    }

    pub(super) fn count(&mut self, key: &str, value: i32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_i32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(super) fn real(&mut self, key: &str, value: f32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_f32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        // SAFETY: as for a flag; the value is a C string, which is copied.
        unsafe { sys::gguf_set_val_str(self.gguf, text(key).as_ptr(), text(value).as_ptr()) }
    }

    pub(super) fn texts(&mut self, key: &str, values: &[String]) {
        let values: Vec<CString> = values.iter().map(|value| text(value)).collect();
        let mut pointers: Vec<*const c_char> = values.iter().map(|value| value.as_ptr()).collect();
        // SAFETY: as for a flag; there are as many pointers as said, each to a C string, which is copied.
        unsafe {
            sys::gguf_set_arr_str(self.gguf, text(key).as_ptr(), pointers.as_mut_ptr(), pointers.len());
        }
    }

    pub(super) fn integers(&mut self, key: &str, values: &[i32]) {
        // SAFETY: as for a flag; there are as many numbers of this type as said, which are copied.
        unsafe {
            let (data, count) = (values.as_ptr().cast(), values.len());
            sys::gguf_set_arr_data(self.gguf, text(key).as_ptr(), sys::GGUF_TYPE_INT32, data, count);
        }
    }

    pub(super) fn reals(&mut self, key: &str, values: &[f32]) {
        // SAFETY: as for integers.
        unsafe {
            let (data, count) = (values.as_ptr().cast(), values.len());
            sys::gguf_set_arr_data(self.gguf, text(key).as_ptr(), sys::GGUF_TYPE_FLOAT32, data, count);
        }
    }

    /// Adds a tensor of F32, its shape given fastest dimension first.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) {
        self.announce(name, shape);
        // SAFETY: the file lives as long as `self`.
        let alignment = unsafe { sys::gguf_get_alignment(self.gguf) };
        self.data.resize(self.data.len().next_multiple_of(alignment), 0);
        let values = values.into_iter().take(shape.iter().product());
        self.data.extend(values.flat_map(f32::to_le_bytes));
    }

    /// The file, whole.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        // SAFETY: the file lives as long as `self`.
        let mut bytes = vec![0; unsafe { sys::gguf_get_meta_size(self.gguf) }];
        // SAFETY: as many bytes are written as were just asked for; nothing was added in between.
        unsafe { sys::gguf_get_meta_data(self.gguf, bytes.as_mut_ptr().cast()) }
        bytes.extend(&self.data);
        bytes
    }

    /// Adds a tensor's entry to the header.
    fn announce(&mut self, name: &str, shape: &[usize]) {
        let sizes: Vec<i64> = shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
        let dimensions = i32::try_from(sizes.len()).unwrap_or(i32::MAX);
        // SAFETY: the context has room for one tensor, and is freed after the file has copied the tensor's description;
        // there are as many sizes as dimensions.
        unsafe {
            let room = sys::ggml_tensor_overhead();
            let context =
                sys::ggml_init(sys::ggml_init_params { mem_size: room, mem_buffer: null_mut(), no_alloc: true });
            let tensor = sys::ggml_new_tensor(context, sys::GGML_TYPE_F32, dimensions, sizes.as_ptr());
            sys::ggml_set_name(tensor, text(name).as_ptr());
            sys::gguf_add_tensor(self.gguf, tensor);
            sys::ggml_free(context);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: made by `gguf_init_empty` and freed here only.
        unsafe { sys::gguf_free(self.gguf) }
    }
}

/// A text as C wants it, up to the first NUL.
fn text(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|byte| *byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}
