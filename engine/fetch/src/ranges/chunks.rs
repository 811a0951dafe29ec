//! The parts of a file: which are here, and how far it goes without a gap.

use std::collections::VecDeque;

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
    /// The same when it was last written down.
    noted: Vec<u64>,
    /// The first part that may miss something.
    first: usize,
    received: u64,
}

impl Chunks {
    /// Of a file whose first `here` bytes are here.
    pub(super) fn after(here: u64, total: u64, size: u64) -> Self {
        Self::with(total, size, |start, end| here.clamp(start, end))
    }

    /// Of a file of which this was written down. What lies beyond its `length` was cut off since.
    pub(super) fn resumed(noted: &Noted, length: u64) -> Self {
        let Noted { total, size, at } = noted;
        let at = |start: u64| at.get(&(start / size)).copied().unwrap_or_default();
        let here = |start: u64, end: u64| at(start).min(length).clamp(start, end);
        Self::with(*total, *size, here)
    }

    fn with(total: u64, size: u64, here: impl Fn(u64, u64) -> u64) -> Self {
        let starts = (0..total.div_ceil(size)).map(|index| index * size);
        let at: Vec<u64> = starts.clone().map(|start| here(start, total.min(start + size))).collect();
        let received = starts.zip(&at).map(|(start, at)| at - start).sum();
        Self { total, size, noted: at.clone(), at, first: 0, received }
    }

    /// A part is here up to this byte. Says whether that is to be written down: at its end, and after so many bytes.
    pub(super) fn wrote(&mut self, index: u64, to: u64, often: u64) -> bool {
        let at = &mut self.at[index as usize];
        self.received += to - *at;
        *at = to;
        let due = to == self.end(index) || to - self.noted[index as usize] >= often;
        if due {
            self.noted[index as usize] = to;
        }
        due
    }

    /// What is not written down yet.
    pub(super) fn not_noted(&self) -> Vec<(u64, u64)> {
        let all = (0..).zip(self.at.iter().zip(&self.noted));
        all.filter(|(_, (at, noted))| at > noted).map(|(index, (at, _))| (index, *at)).collect()
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

    /// Parts of which something is here, and up to which byte.
    pub(super) fn here(&self) -> impl Iterator<Item = (u64, u64)> {
        (0..).zip(self.at.iter().copied()).filter(|(index, at)| *at > index * self.size)
    }

    fn end(&self, index: u64) -> u64 {
        self.total.min((index + 1) * self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_file_is_cut_behind_what_is_here() {
        let mut chunks = Chunks::after(15, 35, 10);
        let chunk = |index, at, end| Chunk { index, at, end };
        assert_eq!(chunks.missing(), [chunk(1, 15, 20), chunk(2, 20, 30), chunk(3, 30, 35)]);
        assert_eq!((chunks.front(), chunks.received()), (15, 15));
        assert!(chunks.wrote(3, 35, 9) && !chunks.wrote(2, 25, 9));
        assert_eq!(chunks.not_noted(), [(2, 25)]);
        assert_eq!((chunks.front(), chunks.received()), (15, 25), "there is a gap");
        assert!(chunks.wrote(1, 20, 9));
        assert_eq!((chunks.front(), chunks.here().collect()), (25, vec![(0, 10), (1, 20), (2, 25), (3, 35)]));
        assert!(chunks.wrote(2, 29, 9) && chunks.wrote(2, 30, 9));
        assert_eq!((chunks.front(), chunks.missing().len()), (35, 0));
    }

    #[test]
    fn a_part_that_was_cut_off_is_not_believed_to_be_here() {
        let noted = Noted { total: 35, size: 10, at: BTreeMap::from([(0, 10), (1, 99), (2, 27), (9, 95)]) };
        let here = |length| Chunks::resumed(&noted, length).here().collect::<Vec<_>>();
        assert_eq!(here(35), [(0, 10), (1, 20), (2, 27)]);
        assert_eq!(here(25), [(0, 10), (1, 20), (2, 25)]);
        assert_eq!(here(5), [(0, 5)]);
    }
}
