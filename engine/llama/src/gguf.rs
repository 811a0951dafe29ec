//! Looks at a GGUF file before llama.cpp does, to say in words what llama.cpp would only abort or return null about.
//!
//! Reads the header alone, never more than the file holds, and keeps names but none of the values it skips. What it does not
//! check (shapes, names, the meaning of keys) llama.cpp checks itself, without aborting.

pub(crate) mod file;
pub(crate) mod values;
pub(crate) mod writer;

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use llama_cpp_sys_2 as sys;

use crate::LlamaError;

const MAGIC: &[u8; 4] = b"GGUF";
/// Longest key, tensor name or architecture that is read rather than refused.
const LONGEST_NAME: u64 = 1 << 16;
/// Bytes that a tensor's name may have in a file: ggml holds as many and a NUL.
pub(crate) const LONGEST_TENSOR_NAME: usize =
    std::mem::offset_of!(sys::ggml_tensor, extra) - std::mem::offset_of!(sys::ggml_tensor, name) - 1;
/// The value types of the format that are not numbers.
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// `general.architecture`, empty where the file names none.
    pub(crate) architecture: String,
    /// `general.file_type`, which says as what kind of file the tensors were written.
    pub(crate) file_type: Option<sys::llama_ftype>,
    /// Whether any tensor is quantized.
    pub(crate) quantized: bool,
    /// Names of the tensors in this file.
    pub(crate) names: Vec<String>,
    /// Number of tensors in this file; of a checked model, in all of its files.
    tensors: u64,
    /// Number of files that the model is split into.
    parts: u64,
    /// Bytes up to the end of the last tensor.
    bytes: u64,
}

/// Why a header could not be read.
#[derive(Debug)]
enum Fault {
    Io(io::Error),
    NotGguf(Vec<u8>),
    /// The file would have to hold this many bytes.
    Cut(u64),
    Malformed(String),
}

/// Checks that `path`, and every further part of a split model, is a whole GGUF file, and that there are weights.
pub(crate) fn check(path: &Path) -> Result<Header, LlamaError> {
    let header = check_parts(path)?;
    if header.tensors == 0 {
        return Err(LlamaError::VocabularyOnly { path: path.to_owned() });
    }
    Ok(header)
}

/// Checks that `path`, and every further part of a split model, is a whole GGUF file.
pub(crate) fn check_parts(path: &Path) -> Result<Header, LlamaError> {
    let mut header = check_file(path)?;
    for part in further_parts(path, header.parts) {
        let part = check_file(&part)?;
        header.tensors = header.tensors.saturating_add(part.tensors);
        header.quantized |= part.quantized;
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
    Ok((read_header(BufReader::new(file), bytes), bytes))
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

fn read_header(source: impl BufRead, len: u64) -> Result<Header, Fault> {
    let mut reader = Reader { source, at: 0, len };
    let start = reader.start()?;
    if !start.starts_with(MAGIC) {
        return Err(Fault::NotGguf(start));
    }
    reader.skip(MAGIC.len() as u64)?;
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(Fault::Malformed(format!("format version {version}, and versions 2 and 3 are known")));
    }
    let (tensors, pairs) = (reader.u64()?, reader.u64()?);
    let mut header = Header {
        architecture: String::new(),
        file_type: None,
        quantized: false,
        names: Vec::new(),
        tensors,
        parts: 1,
        bytes: 0,
    };
    let mut alignment = 32;
    for _ in 0..pairs {
        let key = reader.name()?;
        match (key.as_str(), reader.u32()?) {
            ("general.architecture", STRING) => header.architecture = reader.name()?,
            ("general.file_type", 4) => header.file_type = Some(reader.u32()?),
            ("general.alignment", 4) => alignment = u64::from(reader.u32()?),
            ("split.count", 2) => header.parts = u64::from(reader.u16()?),
            (_, kind) => reader.skip_value(&key, kind)?,
        }
    }
    if !alignment.is_power_of_two() {
        return Err(Fault::Malformed(format!("an alignment of {alignment}")));
    }
    let mut data = 0;
    for _ in 0..tensors {
        let tensor = reader.tensor()?;
        data = data.max(tensor.end);
        header.quantized |= tensor.quantized;
        header.names.push(tensor.name);
    }
    let padded = if tensors == 0 { Some(reader.at) } else { reader.at.checked_next_multiple_of(alignment) };
    header.bytes = padded.and_then(|start| start.checked_add(data)).ok_or_else(too_large)?;
    Ok(header)
}

fn too_large() -> Fault {
    Fault::Malformed("sizes beyond what a file can hold".to_owned())
}

/// What a tensor's entry says.
struct Tensor {
    name: String,
    /// Where its data ends, counted from the start of the data.
    end: u64,
    /// Whether its values lie in blocks that share a scale.
    quantized: bool,
}

/// A source of little-endian values that knows how much is left.
struct Reader<R> {
    source: R,
    at: u64,
    len: u64,
}

impl<R: BufRead> Reader<R> {
    /// The first bytes, unread.
    fn start(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(self.source.fill_buf().map_err(Fault::Io)?.iter().take(12).copied().collect())
    }

    /// Accounts for the next `count` bytes.
    fn claim(&mut self, count: u64) -> Result<(), Fault> {
        let end = self.at.checked_add(count).ok_or_else(too_large)?;
        if end > self.len {
            return Err(Fault::Cut(end));
        }
        self.at = end;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.claim(N as u64)?;
        self.source.read_exact(&mut bytes).map_err(Fault::Io)?;
        Ok(bytes)
    }

    fn u16(&mut self) -> Result<u16, Fault> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn skip(&mut self, count: u64) -> Result<(), Fault> {
        self.claim(count)?;
        let skipped = io::copy(&mut self.source.by_ref().take(count), &mut io::sink()).map_err(Fault::Io)?;
        if skipped == count { Ok(()) } else { Err(Fault::Io(ErrorKind::UnexpectedEof.into())) }
    }

    /// A key, a tensor's name, or the architecture.
    fn name(&mut self) -> Result<String, Fault> {
        let count = self.u64()?;
        if count > LONGEST_NAME {
            return Err(Fault::Malformed(format!("a name of {count} bytes at byte {}", self.at)));
        }
        self.claim(count)?;
        let mut bytes = Vec::new();
        self.source.by_ref().take(count).read_to_end(&mut bytes).map_err(Fault::Io)?;
        String::from_utf8(bytes)
            .map_err(|_| Fault::Malformed(format!("a name that is no text before byte {}", self.at)))
    }

    fn skip_value(&mut self, key: &str, kind: u32) -> Result<(), Fault> {
        match kind {
            STRING => self.u64().and_then(|count| self.skip(count)),
            ARRAY => {
                let (kind, count) = (self.u32()?, self.u64()?);
                if kind == STRING {
                    return (0..count).try_for_each(|_| self.u64().and_then(|count| self.skip(count)));
                }
                self.skip(width(key, kind)?.checked_mul(count).ok_or_else(too_large)?)
            }
            kind => self.skip(width(key, kind)?),
        }
    }

    /// Reads a tensor's entry.
    fn tensor(&mut self) -> Result<Tensor, Fault> {
        let name = self.name()?;
        let dimensions = self.u32()?;
        if dimensions > 4 {
            return Err(Fault::Malformed(format!("tensor `{name}` has {dimensions} dimensions")));
        }
        let mut shape = [1; 4];
        for size in shape.iter_mut().take(dimensions as usize) {
            *size = self.u64()?;
        }
        let kind = self.u32()?;
        let offset = self.u64()?;
        let (values, bytes) = block(kind)
            .ok_or_else(|| Fault::Malformed(format!("tensor `{name}` has type {kind}, which is not known")))?;
        if shape[0] % values != 0 {
            return Err(Fault::Malformed(format!("rows of tensor `{name}` are not whole blocks of {values}")));
        }
        let rows = shape[1..].iter().try_fold(shape[0] / values, |product: u64, size| product.checked_mul(*size));
        let size = rows.and_then(|blocks| blocks.checked_mul(bytes));
        let end = size.and_then(|size| size.checked_add(offset)).ok_or_else(too_large)?;
        Ok(Tensor { name, end, quantized: values > 1 })
    }
}

/// Bytes of a number of the format.
fn width(key: &str, kind: u32) -> Result<u64, Fault> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(Fault::Malformed(format!("key `{key}` has type {kind}, which is not known"))),
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
        read_header(bytes, bytes.len() as u64)
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
