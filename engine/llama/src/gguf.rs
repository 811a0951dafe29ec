//! Looks at a GGUF file before llama.cpp does, to say in words what llama.cpp would only abort or return null about.
//!
//! The header is read by [`Header`]; here are the files, and the types of tensors that this llama.cpp knows.

pub(crate) mod file;
pub(crate) mod values;
pub(crate) mod writer;

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use llama_cpp_sys_2 as sys;
use xlt_core::gguf::Fault;
pub(crate) use xlt_core::gguf::Header;

use crate::LlamaError;

/// Bytes that a tensor's name may have in a file: ggml holds as many and a NUL.
pub(crate) const LONGEST_TENSOR_NAME: usize =
    std::mem::offset_of!(sys::ggml_tensor, extra) - std::mem::offset_of!(sys::ggml_tensor, name) - 1;

/// Checks that `path`, and every further part of a split model, is a whole GGUF file, and that there are weights.
pub(crate) fn check(path: &Path) -> Result<Header, LlamaError> {
    let header = check_parts(path)?;
    if header.tensors.is_empty() {
        return Err(LlamaError::VocabularyOnly { path: path.to_owned() });
    }
    Ok(header)
}

/// Checks that `path`, and every further part of a split model, is a whole GGUF file.
pub(crate) fn check_parts(path: &Path) -> Result<Header, LlamaError> {
    let mut header = check_file(path)?;
    for part in further_parts(path, header.parts) {
        header.extend(check_file(&part)?);
    }
    Ok(header)
}

/// Checks that `path` is a whole GGUF file.
pub(crate) fn check_file(path: &Path) -> Result<Header, LlamaError> {
    let path = path.to_owned();
    let (header, found) = match read_file(&path) {
        Ok(read) => read,
        Err(source) if source.kind() == ErrorKind::NotFound => return Err(LlamaError::Missing { path }),
        Err(source) => return Err(LlamaError::Unreadable { path, source }),
    };
    match header {
        Ok(header) if header.bytes > found => Err(LlamaError::Truncated { path, expected: header.bytes, found }),
        Ok(header) => Ok(header),
        Err(Fault::Io(source)) => Err(LlamaError::Unreadable { path, source }),
        Err(Fault::NotGguf(start)) => Err(LlamaError::NotGguf { path, start: start.escape_ascii().to_string() }),
        Err(Fault::Cut(expected)) => Err(LlamaError::Truncated { path, expected, found }),
        Err(Fault::Malformed(what)) => Err(LlamaError::Malformed { path, what }),
    }
}

/// The header, and the file's size.
fn read_file(path: &Path) -> io::Result<(Result<Header, Fault>, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((Header::read(BufReader::new(file), bytes, block), bytes))
}

/// The parts after the first, by llama.cpp's naming: `name-00001-of-00003.gguf`. None where the name is not of this
/// form: llama.cpp then says what it misses.
fn further_parts(first: &Path, parts: u64) -> Vec<PathBuf> {
    let ending = format!("-00001-of-{parts:05}.gguf");
    match first.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(&ending)) {
        Some(stem) => {
            (2..=parts).map(|part| first.with_file_name(format!("{stem}-{part:05}-of-{parts:05}.gguf"))).collect()
        }
        None => Vec::new(),
    }
}

/// Values and bytes of one block of a tensor type, `None` for one that this llama.cpp does not know.
fn block(kind: sys::ggml_type) -> Option<(u64, u64)> {
    if kind >= sys::GGML_TYPE_COUNT {
        return None;
    }
    // SAFETY: both look the type up in a table of `GGML_TYPE_COUNT` entries; the index was checked.
    let (values, bytes) = unsafe { (sys::ggml_blck_size(kind), sys::ggml_type_size(kind)) };
    // Types that were removed have empty entries.
    u64::try_from(values).ok().filter(|values| *values > 0).map(|values| (values, bytes as u64))
}

/// A text as C wants it, up to the first NUL.
fn text_of(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|byte| *byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny::TinyModel;

    fn read(bytes: &[u8]) -> Result<Header, Fault> {
        Header::read(bytes, bytes.len() as u64, block)
    }

    #[test]
    fn header_accounts_for_every_byte() {
        let bytes = TinyModel::default().bytes();
        let header = read(&bytes).unwrap();
        assert_eq!((header.architecture.as_str(), header.parts), ("llama", 1));
        assert_eq!((header.file_type, header.quantized), (Some(sys::LLAMA_FTYPE_ALL_F32), false));
        assert_eq!(header.bytes, bytes.len() as u64);
    }

    #[test]
    fn cut_anywhere_is_an_error_and_no_panic() {
        let bytes = TinyModel::default().bytes();
        let data = read(&bytes).unwrap().bytes;
        for len in (4..bytes.len()).step_by(53) {
            match read(&bytes[..len]) {
                Ok(header) => assert_eq!(header.bytes, data),
                Err(fault) => assert!(matches!(fault, Fault::Cut(needed) if needed > len as u64), "{len}: {fault:?}"),
            }
        }
    }

    #[test]
    fn wrong_bytes_are_no_panic() {
        let bytes = TinyModel { weights: false, ..TinyModel::default() }.bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let _ = read(&damaged);
        }
    }

    #[test]
    fn other_files_are_named_by_their_start() {
        assert!(matches!(read(b"<!DOCTYPE html>"), Err(Fault::NotGguf(start)) if start == b"<!DOCTYPE ht"));
        assert!(matches!(read(b""), Err(Fault::NotGguf(start)) if start.is_empty()));
    }

    #[test]
    fn parts_follow_the_first() {
        let parts = further_parts(Path::new("a/m-00001-of-00003.gguf"), 3);
        assert_eq!(parts, [Path::new("a/m-00002-of-00003.gguf"), Path::new("a/m-00003-of-00003.gguf")]);
        assert!(further_parts(Path::new("a/m.gguf"), 1).is_empty());
        assert!(further_parts(Path::new("a/m.gguf"), 3).is_empty());
    }
}
