//! Writes GGUF with llama.cpp's own functions: a file in memory, or a header whose tensors' bytes follow.

use std::ffi::{CString, c_char};
use std::ptr::null_mut;

use llama_cpp_sys_2 as sys;

use super::file::GgufFile;
use super::text_of as text;

/// A GGUF file in the making. Keys and tensors stand in the file in the order in which they were added; each is added
/// once.
#[derive(Debug)]
pub(crate) struct Writer {
    gguf: *mut sys::gguf_context,
    data: Vec<u8>,
}

impl Writer {
    /// A file with nothing in it.
    pub(crate) fn new() -> Self {
        // SAFETY: no precondition. Never null: it is C++'s `new`.
        Self { gguf: unsafe { sys::gguf_init_empty() }, data: Vec::new() }
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        // SAFETY: the file lives as long as `self`; the key is a C string, which is copied.
        unsafe { sys::gguf_set_val_bool(self.gguf, text(key).as_ptr(), value) }
    }

    pub(crate) fn number(&mut self, key: &str, value: u32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_u32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(crate) fn short(&mut self, key: &str, value: u16) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_u16(self.gguf, text(key).as_ptr(), value) }
    }

    pub(crate) fn count(&mut self, key: &str, value: i32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_i32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(crate) fn real(&mut self, key: &str, value: f32) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_set_val_f32(self.gguf, text(key).as_ptr(), value) }
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        // SAFETY: as for a flag; the value is a C string, which is copied.
        unsafe { sys::gguf_set_val_str(self.gguf, text(key).as_ptr(), text(value).as_ptr()) }
    }

    pub(crate) fn texts(&mut self, key: &str, values: &[String]) {
        let values: Vec<CString> = values.iter().map(|value| text(value)).collect();
        let mut pointers: Vec<*const c_char> = values.iter().map(|value| value.as_ptr()).collect();
        // SAFETY: as for a flag; there are as many pointers as said, each to a C string, which is copied.
        unsafe {
            sys::gguf_set_arr_str(self.gguf, text(key).as_ptr(), pointers.as_mut_ptr(), pointers.len());
        }
    }

    pub(crate) fn integers(&mut self, key: &str, values: &[i32]) {
        // SAFETY: as for a flag; there are as many numbers of this type as said, which are copied.
        unsafe {
            let (data, count) = (values.as_ptr().cast(), values.len());
            sys::gguf_set_arr_data(self.gguf, text(key).as_ptr(), sys::GGUF_TYPE_INT32, data, count);
        }
    }

    pub(crate) fn reals(&mut self, key: &str, values: &[f32]) {
        // SAFETY: as for integers.
        unsafe {
            let (data, count) = (values.as_ptr().cast(), values.len());
            sys::gguf_set_arr_data(self.gguf, text(key).as_ptr(), sys::GGUF_TYPE_FLOAT32, data, count);
        }
    }

    /// Adds all keys of another file.
    pub(crate) fn keys_of(&mut self, file: &GgufFile) {
        // SAFETY: both files live as long as their owners; keys and values are copied.
        unsafe { sys::gguf_set_kv(self.gguf, file.raw()) }
    }

    /// Takes a key out, if it is there.
    pub(crate) fn remove(&mut self, key: &str) {
        // SAFETY: as for a flag.
        unsafe { sys::gguf_remove_key(self.gguf, text(key).as_ptr()) };
    }

    /// Adds a tensor of F32, its shape given fastest dimension first.
    pub(crate) fn tensor(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) {
        self.announce(name, shape, sys::GGML_TYPE_F32);
        self.data.resize(self.data.len().next_multiple_of(self.alignment()), 0);
        let values = values.into_iter().take(shape.iter().product());
        self.data.extend(values.flat_map(f32::to_le_bytes));
    }

    /// What every tensor's bytes are padded to, by zeros behind them.
    pub(crate) fn alignment(&self) -> usize {
        // SAFETY: the file lives as long as `self`.
        unsafe { sys::gguf_get_alignment(self.gguf) }
    }

    /// The file, whole.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend(&self.data);
        bytes
    }

    /// The file up to its first tensor's bytes.
    pub(crate) fn header(&self) -> Vec<u8> {
        // SAFETY: the file lives as long as `self`.
        let mut bytes = vec![0; unsafe { sys::gguf_get_meta_size(self.gguf) }];
        // SAFETY: as many bytes are written as were just asked for; nothing was added in between.
        unsafe { sys::gguf_get_meta_data(self.gguf, bytes.as_mut_ptr().cast()) }
        bytes
    }

    /// Adds a tensor's entry to the header. The name must be new, and shorter than `GGML_MAX_NAME`: ggml aborts otherwise.
    pub(crate) fn announce(&mut self, name: &str, shape: &[usize], kind: sys::ggml_type) {
        let sizes: Vec<i64> = shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
        let dimensions = i32::try_from(sizes.len()).unwrap_or(i32::MAX);
        // SAFETY: the context has room for one tensor, and is freed after the file has copied the tensor's description;
        // there are as many sizes as dimensions.
        unsafe {
            let room = sys::ggml_tensor_overhead();
            let context =
                sys::ggml_init(sys::ggml_init_params { mem_size: room, mem_buffer: null_mut(), no_alloc: true });
            let tensor = sys::ggml_new_tensor(context, kind, dimensions, sizes.as_ptr());
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
