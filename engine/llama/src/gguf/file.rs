//! A GGUF file opened with ggml's own functions: its keys, and its tensors one at a time.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null_mut};

use llama_cpp_sys_2 as sys;

use super::{check_file, further_parts, text_of};
use crate::{LlamaError, log};

/// A whole GGUF file, of which only the header is in memory.
#[derive(Debug)]
pub(crate) struct GgufFile {
    raw: NonNull<sys::gguf_context>,
    file: File,
    path: PathBuf,
}

/// A tensor's entry in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// Sizes, fastest dimension first; 1 for those that it does not have.
    pub(crate) shape: [usize; 4],
    pub(crate) kind: sys::ggml_type,
    /// Where its bytes begin in the file, and how many there are.
    pub(crate) at: u64,
    pub(crate) bytes: usize,
}

impl Tensor {
    /// The sizes of those dimensions that it has: up to the last that is not 1.
    pub(crate) fn dimensions(&self) -> &[usize] {
        &self.shape[..=self.shape.iter().rposition(|size| *size != 1).unwrap_or(0)]
    }

    /// Rows, and numbers in a row.
    pub(crate) fn rows(&self) -> (usize, usize) {
        (self.shape[1..].iter().product(), self.shape[0])
    }
}

impl GgufFile {
    /// Opens a file, of a split model one part, once it is found whole.
    pub(crate) fn open(path: &Path) -> Result<Self, LlamaError> {
        check_file(path)?;
        let unreadable = |source| LlamaError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let c_path = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|nul| unreadable(nul.into()))?;
        let (raw, errors) = log::errors_of(|| {
            // SAFETY: the path is a C string that outlives the call; no context for tensors is asked for.
            unsafe {
                sys::gguf_init_from_file(c_path.as_ptr(), sys::gguf_init_params { no_alloc: true, ctx: null_mut() })
            }
        });
        let what = || if errors.is_empty() { "ggml refuses it".to_owned() } else { errors.join("; ") };
        let raw = NonNull::new(raw).ok_or_else(|| LlamaError::Malformed { path: path.to_owned(), what: what() })?;
        Ok(Self { raw, file, path: path.to_owned() })
    }

    /// Opens all parts of a model, of which the first is named.
    pub(crate) fn open_all(path: &Path) -> Result<Vec<Self>, LlamaError> {
        let parts = check_file(path)?.parts;
        let further = further_parts(path, parts);
        if parts > 1 && further.is_empty() {
            let what = format!("it is one of {parts} parts, and its name does not end in `-00001-of-{parts:05}.gguf`");
            return Err(LlamaError::Malformed { path: path.to_owned(), what });
        }
        std::iter::once(path.to_owned()).chain(further).map(|part| Self::open(&part)).collect()
    }

    /// Bytes of the file.
    pub(crate) fn len(&self) -> Result<u64, LlamaError> {
        let unreadable = |source| LlamaError::Unreadable { path: self.path.clone(), source };
        self.file.metadata().map(|metadata| metadata.len()).map_err(unreadable)
    }

    /// For ggml's functions that read.
    pub(crate) fn raw(&self) -> *const sys::gguf_context {
        self.raw.as_ptr()
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The value of a key that is a text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        let id = self.find(key, sys::GGUF_TYPE_STRING)?;
        // SAFETY: the key is there and has a text, which lives as long as the file and ends in NUL.
        let value = unsafe { CStr::from_ptr(sys::gguf_get_val_str(self.raw(), id)) };
        Some(value.to_string_lossy().into_owned())
    }

    /// The value of a key that is an F32.
    pub(crate) fn real(&self, key: &str) -> Option<f32> {
        let id = self.find(key, sys::GGUF_TYPE_FLOAT32)?;
        // SAFETY: the key is there and has a value of this type.
        Some(unsafe { sys::gguf_get_val_f32(self.raw(), id) })
    }

    /// Whether the key is there, whatever it holds.
    pub(crate) fn has(&self, key: &str) -> bool {
        // SAFETY: the file lives as long as `self`; the key is a C string that outlives the call.
        unsafe { sys::gguf_find_key(self.raw(), text_of(key).as_ptr()) >= 0 }
    }

    /// The number of a key that is there with a value of that type.
    fn find(&self, key: &str, kind: sys::gguf_type) -> Option<i64> {
        // SAFETY: the file lives as long as `self`; the key is a C string that outlives the call.
        let id = unsafe { sys::gguf_find_key(self.raw(), text_of(key).as_ptr()) };
        // SAFETY: the number was just found.
        (id >= 0 && unsafe { sys::gguf_get_kv_type(self.raw(), id) } == kind).then_some(id)
    }

    /// Bytes before the first tensor's, and what every tensor's bytes are padded to.
    pub(crate) fn layout(&self) -> (usize, usize) {
        // SAFETY: the file lives as long as `self`.
        unsafe { (sys::gguf_get_data_offset(self.raw()), sys::gguf_get_alignment(self.raw())) }
    }

    /// The tensors, in the order of the file.
    pub(crate) fn tensors(&self) -> Vec<Tensor> {
        let (start, _) = self.layout();
        // SAFETY: the file lives as long as `self`.
        let count = unsafe { sys::gguf_get_n_tensors(self.raw()) };
        (0..count).map(|id| self.tensor(id, start)).collect()
    }

    fn tensor(&self, id: i64, start: usize) -> Tensor {
        // SAFETY: the number is below that of the tensors; name and sizes live as long as the file, and there are four sizes.
        let (name, sizes, kind, offset, bytes) = unsafe {
            (
                CStr::from_ptr(sys::gguf_get_tensor_name(self.raw(), id)),
                *sys::gguf_get_tensor_ne(self.raw(), id).cast::<[i64; 4]>(),
                sys::gguf_get_tensor_type(self.raw(), id),
                sys::gguf_get_tensor_offset(self.raw(), id),
                sys::gguf_get_tensor_size(self.raw(), id),
            )
        };
        // ggml refuses sizes below zero.
        let shape = sizes.map(|size| usize::try_from(size).unwrap_or_default());
        Tensor { name: name.to_string_lossy().into_owned(), shape, kind, at: (start + offset) as u64, bytes }
    }

    /// Fills `bytes` from a place in the file.
    pub(crate) fn read(&self, bytes: &mut [u8], at: u64) -> Result<(), LlamaError> {
        let unreadable = |source| LlamaError::Unreadable { path: self.path.clone(), source };
        self.file.read_exact_at(bytes, at).map_err(unreadable)
    }

    /// All bytes of a tensor.
    pub(crate) fn bytes(&self, tensor: &Tensor) -> Result<Vec<u8>, LlamaError> {
        let mut bytes = vec![0; tensor.bytes];
        self.read(&mut bytes, tensor.at)?;
        Ok(bytes)
    }
}

impl Drop for GgufFile {
    fn drop(&mut self) {
        // SAFETY: made by `gguf_init_from_file` and freed here only.
        unsafe { sys::gguf_free(self.raw.as_ptr()) }
    }
}
