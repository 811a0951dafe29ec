//! The parts of a file: which are here, and how far it goes without a gap.

use std::collections::{BTreeSet, VecDeque};

use super::journal::Noted;

/// A part that a connection is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) index: u64,
    /// The next byte that is missing.
    pub(super) at: u64,
    /// The first byte that is not its own.
    pub(super) end: u64,
}

/// All parts of a file.
pub(super) struct Chunks {
    pub(super) total: u64,
    /// Bytes of a part; the last one may have fewer.
    pub(super) size: u64,
    /// Of each part, its next byte that is missing.
    at: Vec<u64>,
    /// The first part that may miss something.
    first: usize,
    received: u64,
}

impl Chunks {
    /// Of a file whose first `here` bytes are here.
    pub(super) fn after(here: u64, total: u64, size: u64) -> Self {
        Self::with(total, size, |start, end| here.clamp(start, end))
    }

    /// Of a file whose finished parts were written down. What lies beyond its `length` was cut off since.
    pub(super) fn noted(noted: &Noted, length: u64) -> Self {
        let Noted { total, size, done } = noted;
        let here = |start: u64, end: u64| if done.contains(&(start / size)) && end <= length { end } else { start };
        Self::with(*total, *size, here)
    }

    fn with(total: u64, size: u64, here: impl Fn(u64, u64) -> u64) -> Self {
        let starts = (0..total.div_ceil(size)).map(|index| index * size);
        let at: Vec<u64> = starts.clone().map(|start| here(start, total.min(start + size))).collect();
        let received = starts.zip(&at).map(|(start, at)| at - start).sum();
        Self { total, size, at, first: 0, received }
    }

    /// Notes that a part is here up to this byte; says whether it is finished.
    pub(super) fn wrote(&mut self, index: u64, to: u64) -> bool {
        let at = &mut self.at[index as usize];
        self.received += to - *at;
        *at = to;
        to == self.end(index)
    }

    /// How many bytes are here before the first gap.
    pub(super) fn front(&mut self) -> u64 {
        while self.at.get(self.first).is_some_and(|at| *at == self.end(self.first as u64)) {
            self.first += 1;
        }
        self.at.get(self.first).copied().unwrap_or(self.total)
    }

    /// Bytes that are here.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// What is to be brought, the front first.
    pub(super) fn missing(&self) -> VecDeque<Chunk> {
        let all = (0..).zip(&self.at).map(|(index, at)| Chunk { index, at: *at, end: self.end(index) });
        all.filter(|chunk| chunk.at < chunk.end).collect()
    }

    /// Numbers of the parts that are finished.
    pub(super) fn done(&self) -> BTreeSet<u64> {
        (0..).zip(&self.at).filter(|(index, at)| **at == self.end(*index)).map(|(index, _)| index).collect()
    }

    fn end(&self, index: u64) -> u64 {
        self.total.min((index + 1) * self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_behind_what_is_here() {
        let mut chunks = Chunks::after(15, 35, 10);
        let chunk = |index, at, end| Chunk { index, at, end };
        assert_eq!(chunks.missing(), [chunk(1, 15, 20), chunk(2, 20, 30), chunk(3, 30, 35)]);
        assert_eq!((chunks.front(), chunks.received()), (15, 15));
        assert!(chunks.wrote(3, 35) && !chunks.wrote(2, 25));
        assert_eq!((chunks.front(), chunks.received()), (15, 25), "there is a gap");
        assert!(chunks.wrote(1, 20));
        assert_eq!((chunks.front(), chunks.done()), (25, BTreeSet::from([0, 1, 3])));
        assert!(chunks.wrote(2, 30));
        assert_eq!((chunks.front(), chunks.missing().len()), (35, 0));
    }

    #[test]
    fn a_part_that_was_cut_off_is_not_believed_to_be_here() {
        let noted = Noted { total: 35, size: 10, done: BTreeSet::from([0, 2, 3, 9]) };
        assert_eq!(Chunks::noted(&noted, 35).done(), BTreeSet::from([0, 2, 3]));
        assert_eq!(Chunks::noted(&noted, 34).done(), BTreeSet::from([0, 2]));
        assert_eq!(Chunks::noted(&noted, 5).done(), BTreeSet::new());
    }
}
