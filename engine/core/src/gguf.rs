//! The header of a GGUF file, read by ourselves: what says in words what llama.cpp would only abort or return null about.
//!
//! Knows no files: it takes a source of bytes and how many there are. A header may say anything, so nothing is believed: what
//! it claims is first held against what the source has, and no memory is taken that the source does not fill. What is
//! not checked (names, the meaning of keys) llama.cpp checks itself, without aborting.

mod dimensions;

use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, Read};

const MAGIC: &[u8; 4] = b"GGUF";
/// Longest key, tensor name or architecture that is read rather than refused.
const LONGEST_NAME: u64 = 1 << 16;
/// Bytes of the longest header that is read. Those in use have some 10 MB, nearly all of it vocabulary.
const LONGEST_HEADER: u64 = 1 << 28;
/// Longest list of numbers that is kept: there is one for each layer.
const LONGEST_LIST: u64 = 1 << 12;
/// Value types of the format.
const U16: u32 = 2;
const U32: u32 = 4;
const I32: u32 = 5;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `general.architecture`, empty where the file names none.
    pub architecture: String,
    /// `general.file_type`, which says as what kind of file the tensors were written.
    pub file_type: Option<u32>,
    /// Whether any tensor is quantized.
    pub quantized: bool,
    /// The tensors in this file.
    pub tensors: Vec<Tensor>,
    /// Number of files that the model is split into.
    pub parts: u64,
    /// Bytes up to the end of the last tensor.
    pub bytes: u64,
    /// Keys with a number, or a number for each layer.
    numbers: BTreeMap<String, Vec<u32>>,
}

/// What the header says of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Sizes, fastest dimension first; 1 for those that it does not have. Their product is below 2^64.
    pub shape: [u64; 4],
    /// Bytes of its data.
    pub bytes: u64,
    /// Where its data ends, counted from the start of the data.
    end: u64,
    /// Whether its values lie in blocks that share a scale.
    quantized: bool,
}

/// Why a header could not be read.
#[derive(Debug)]
pub enum Fault {
    /// The source fails.
    Io(io::Error),
    /// It begins with other bytes.
    NotGguf(Vec<u8>),
    /// The file would have to hold this many bytes.
    Cut(u64),
    /// It makes no sense, in words.
    Malformed(String),
}

impl Header {
    /// Reads the header at the start of `source`, which holds `len` bytes. `block` knows how many values and bytes a block of
    /// a tensor type has.
    ///
    /// # Errors
    /// [`Fault`]: it is no whole header. That the file holds the data of its tensors, too, is `bytes <= len`.
    pub fn read(source: impl BufRead, len: u64, block: impl Fn(u32) -> Option<(u64, u64)>) -> Result<Self, Fault> {
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
        let mut header = Self {
            architecture: String::new(),
            file_type: None,
            quantized: false,
            tensors: Vec::new(),
            parts: 1,
            bytes: 0,
            numbers: BTreeMap::new(),
        };
        let mut alignment = 32;
        for _ in 0..pairs {
            let key = reader.name()?;
            match (key.as_str(), reader.u32()?) {
                ("general.architecture", STRING) => header.architecture = reader.name()?,
                ("general.file_type", U32) => header.file_type = Some(reader.u32()?),
                ("general.alignment", U32) => alignment = u64::from(reader.u32()?),
                ("general.architecture" | "general.alignment", kind) => {
                    return Err(Fault::Malformed(format!("key `{key}` has type {kind}, which is not its own")));
                }
                ("split.count", U16) => header.parts = u64::from(reader.u16()?),
                (_, U32) => drop(header.numbers.insert(key, vec![reader.u32()?])),
                (_, ARRAY) => {
                    if let Some(numbers) = reader.array(&key)? {
                        header.numbers.insert(key, numbers);
                    }
                }
                (_, kind) => reader.skip_value(&key, kind)?,
            }
        }
        if !alignment.is_power_of_two() {
            return Err(Fault::Malformed(format!("an alignment of {alignment}")));
        }
        let mut data = 0;
        for _ in 0..tensors {
            let tensor = reader.tensor(&block)?;
            data = data.max(tensor.end);
            header.quantized |= tensor.quantized;
            header.tensors.push(tensor);
        }
        let padded = if tensors == 0 { Some(reader.at) } else { reader.at.checked_next_multiple_of(alignment) };
        header.bytes = padded.and_then(|start| start.checked_add(data)).ok_or_else(too_large)?;
        Ok(header)
    }

    /// Adds the tensors of a further part of the model.
    pub fn extend(&mut self, part: Self) {
        self.quantized |= part.quantized;
        self.tensors.extend(part.tensors);
    }

    /// Names of the tensors.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.tensors.iter().map(|tensor| &tensor.name)
    }

    /// Numbers under `key`, which is written without the architecture before it: one for all layers, or one for each. None
    /// where there is no such key.
    #[must_use]
    pub fn numbers(&self, key: &str) -> &[u32] {
        self.numbers.get(&format!("{}.{key}", self.architecture)).map(Vec::as_slice).unwrap_or_default()
    }
}

fn too_large() -> Fault {
    Fault::Malformed("sizes beyond what a file can hold".to_owned())
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
        if end > LONGEST_HEADER {
            return Err(Fault::Malformed("a header of more than 256 MiB".to_owned()));
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

    /// The numbers of a list that may be one for each layer; `None` of any other, which is passed over.
    fn array(&mut self, key: &str) -> Result<Option<Vec<u32>>, Fault> {
        match (self.u32()?, self.u64()?) {
            (U32 | I32, count) if count <= LONGEST_LIST => {
                (0..count).map(|_| self.u32()).collect::<Result<_, _>>().map(Some)
            }
            (STRING, count) => (0..count).try_for_each(|_| self.text()).map(|()| None),
            (kind, count) => self.skip(width(key, kind)?.checked_mul(count).ok_or_else(too_large)?).map(|()| None),
        }
    }

    fn skip_value(&mut self, key: &str, kind: u32) -> Result<(), Fault> {
        if kind == STRING { self.text() } else { self.skip(width(key, kind)?) }
    }

    /// Passes over a text.
    fn text(&mut self) -> Result<(), Fault> {
        let count = self.u64()?;
        self.skip(count)
    }

    /// Reads a tensor's entry.
    fn tensor(&mut self, block: &impl Fn(u32) -> Option<(u64, u64)>) -> Result<Tensor, Fault> {
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
        let numbers =
            shape.iter().try_fold(1, |product: u64, size| product.checked_mul(*size)).ok_or_else(too_large)?;
        let bytes = (numbers / values).checked_mul(bytes).ok_or_else(too_large)?;
        let end = bytes.checked_add(offset).ok_or_else(too_large)?;
        Ok(Tensor { name, shape, bytes, end, quantized: values > 1 })
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

#[cfg(test)]
mod tests;
