//! What a sequence holds, on its way from one context to another.
//!
//! llama.cpp copies a sequence only between caches with the same number of streams (sets of cells): one where sequences share
//! cells, one for each sequence where they do not. What it writes says first how many there are, then the cells of each;
//! only one of them has any, so the same content is written down for another number by a few bytes. The layout is that of
//! `llama_kv_cache::state_write` of the llama.cpp that this crate is built with, which `Cargo.toml` pins; anything else is
//! not recognized, and refused.

use crate::{KvType, Model};

/// What a sequence held when it was copied.
#[derive(Debug)]
pub struct Saved<'m> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: usize,
    pub(crate) model: &'m Model,
    pub(crate) kv: KvType,
}

/// Bytes of the mark and of the sequence's number, with which a copy begins.
const HEAD: usize = 8;

/// A copy from a cache with one stream for one with `streams`. `None`: it is not what llama.cpp writes.
pub(crate) fn for_streams(bytes: &[u8], streams: usize) -> Option<Vec<u8>> {
    let count = u32::try_from(streams).ok()?;
    let mut spread = bytes.get(..HEAD)?.to_vec();
    for cache in caches(bytes.get(HEAD..)?)? {
        spread.extend(count.to_le_bytes());
        spread.extend(&cache[4..]);
        spread.resize(spread.len() + 4 * (streams - 1), 0);
    }
    Some(spread)
}

/// The caches of a copy: one, or two where some layers attend to a window only. Caches of latent attention hold no values.
fn caches(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    [(1, true), (2, true), (1, false)].into_iter().find_map(|(count, values)| {
        let mut reader = Reader { bytes };
        let caches: Option<Vec<&[u8]>> = (0..count).map(|_| reader.cache(values)).collect();
        caches.filter(|_| reader.bytes.is_empty())
    })
}

struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    /// The bytes of a cache with one stream.
    fn cache(&mut self, values: bool) -> Option<&'b [u8]> {
        let whole = self.bytes;
        let (streams, cells) = (self.number()?, self.number()?);
        if streams != 1 {
            return None;
        }
        if cells > 0 {
            self.cells(cells)?;
            self.tensors(cells, values)?;
        }
        Some(&whole[..whole.len() - self.bytes.len()])
    }

    /// Of each cell its position and its sequences.
    fn cells(&mut self, cells: u64) -> Option<()> {
        (0..cells).try_for_each(|_| {
            let _position = self.number()?;
            let sequences = self.number()?;
            self.skip(4 * sequences)
        })
    }

    /// Of each layer the keys, then of each the values.
    fn tensors(&mut self, cells: u64, values: bool) -> Option<()> {
        let (transposed, layers) = (self.number()?, self.number()?);
        self.skip(8)?;
        (0..layers).try_for_each(|_| self.rows(cells))?;
        match (values, transposed) {
            (false, _) => Some(()),
            (true, 0) => (0..layers).try_for_each(|_| self.rows(cells)),
            (true, _) => (0..layers).try_for_each(|_| {
                let _type = self.number()?;
                let (size, width) = (self.number()?, self.number()?);
                self.skip(size.checked_mul(width)?.checked_mul(cells)?)
            }),
        }
    }

    /// A row for each cell.
    fn rows(&mut self, cells: u64) -> Option<()> {
        let _type = self.number()?;
        let (size, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        self.skip(u64::from_le_bytes(*size).checked_mul(cells)?)
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u32::from_le_bytes(*number).into())
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}
