//! GPUs, each by itself: how much of which one a stage gets.
//!
//! A stage that says how much memory it needs shares GPUs with others as far as that goes; one that does not has its own to
//! itself. Of a stage with several GPUs each holds a part in proportion to its memory, as the layers of a model are spread.

use crate::plan::InputSource;
use serde::{Deserialize, Serialize};

/// A GPU of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gpu {
    /// Bytes that stages may take of it; 0 where nobody knows: then one stage at a time has it.
    pub memory: u64,
}

/// What a stage gets of a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Number of the GPU among the machine's; for a worker, among those that it sees.
    pub gpu: u32,
    /// Bytes of its memory.
    pub memory: u64,
}

/// What a stage wants of the GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Want {
    /// How many, of those there are.
    pub(super) count: u32,
    /// Bytes of them together; 0: all of theirs.
    pub(super) memory: u64,
}

/// The GPUs, with what is left of each.
#[derive(Debug, Default)]
pub(super) struct Gpus(Vec<Used>);

#[derive(Debug)]
struct Used {
    memory: u64,
    free: u64,
    stages: u32,
    /// The model that was asked on it last: a worker there may have it loaded.
    model: Option<InputSource>,
}

impl Gpus {
    pub(super) fn new(gpus: &[Gpu]) -> Self {
        let used = |gpu: &Gpu| Used { memory: gpu.memory, free: gpu.memory, stages: 0, model: None };
        Self(gpus.iter().map(used).collect())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.0.len() as u32
    }

    /// Takes shares for a stage that asks this model, if they are free: where the model is already, else on the GPUs with the
    /// fewest stages and the most room.
    pub(super) fn take(&mut self, want: Want, model: Option<InputSource>) -> Option<Vec<Share>> {
        let count = want.count.min(self.count()) as usize;
        let stranger = |used: &Used| model.is_none() || used.model != model;
        let liked = self.ranked(|used| (stranger(used), used.stages, u64::MAX - used.free));
        let roomy = self.ranked(|used| (false, 0, u64::MAX - used.share_free()));
        let shares = [liked, roomy].iter().find_map(|order| self.shares(order.get(..count)?, want.memory))?;
        for share in &shares {
            let used = &mut self.0[share.gpu as usize];
            (used.free, used.stages, used.model) = (used.free - share.memory, used.stages + 1, model.or(used.model));
        }
        Some(shares)
    }

    /// They are free again.
    pub(super) fn give_back(&mut self, shares: &[Share]) {
        for share in shares {
            let used = &mut self.0[share.gpu as usize];
            (used.free, used.stages) = (used.free + share.memory, used.stages - 1);
        }
    }

    /// All, those with the smallest rank first; of equal ones the larger, then the first.
    fn ranked<R: Ord>(&self, rank: impl Fn(&Used) -> R) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|&at| (rank(&self.0[at]), u64::MAX - self.0[at].memory, at));
        order
    }

    /// The shares of a stage on these GPUs, if they are free. More memory than these could ever have is asked of larger ones,
    /// and where there are none, all of the largest is taken.
    fn shares(&self, chosen: &[usize], memory: u64) -> Option<Vec<Share>> {
        let sum = |of: &[usize]| of.iter().map(|&at| u128::from(self.0[at].memory)).sum::<u128>();
        let (here, most) = (sum(chosen), sum(&self.ranked(|used| u64::MAX - used.memory)[..chosen.len()]));
        let needed = if memory == 0 { here } else { u128::from(memory).min(most) };
        if needed > here {
            return None;
        }
        let share = |&at: &usize| {
            let used = &self.0[at];
            let share = if here == 0 { 0 } else { (u128::from(used.memory) * needed).div_ceil(here) as u64 };
            let whole = share == used.memory;
            let fits = share <= used.free && (used.stages == 0 || !whole);
            fits.then_some(Share { gpu: at as u32, memory: share })
        };
        let mut shares = chosen.iter().map(share).collect::<Option<Vec<Share>>>()?;
        shares.sort_unstable_by_key(|share| share.gpu);
        Some(shares)
    }
}

impl Used {
    /// Which part of it is free, in 2^-32.
    fn share_free(&self) -> u64 {
        (u128::from(self.free) << 32).checked_div(u128::from(self.memory)).unwrap_or_default() as u64
    }
}
