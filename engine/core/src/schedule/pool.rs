//! Counted resources, and the stages that wait for them.

use crate::plan::{Resources, StageId};
use std::collections::{BTreeMap, BTreeSet};

/// What stages share: what the machine has, less what runs.
#[derive(Debug)]
pub(super) struct Pool {
    total: Resources,
    free: Resources,
    ready: BTreeMap<Resources, BTreeSet<StageId>>,
}

impl Pool {
    pub(super) fn new(total: Resources) -> Self {
        Self { total, free: total, ready: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, stage: StageId, needs: Resources) {
        self.ready.entry(self.clamp(needs)).or_default().insert(stage);
    }

    /// The next stage that may start, its resources taken. Earlier stages of the plan go first; one that does not fit holds back
    /// later ones that want the same resource (else a stage that needs the whole machine would wait for ever), but not those that
    /// want others: a download overlaps an evaluation.
    pub(super) fn pop(&mut self) -> Option<(StageId, Resources)> {
        let mut heads: Vec<(StageId, Resources)> =
            self.ready.iter().filter_map(|(needs, stages)| Some((*stages.first()?, *needs))).collect();
        heads.sort_unstable();
        let mut held = NOTHING;
        let found = heads.into_iter().find(|(_, needs)| {
            if overlap(needs, &held) {
                return false;
            }
            let short = self.short_of(needs);
            held = add(&held, &short);
            short == NOTHING
        });
        let (stage, needs) = found?;
        self.remove(stage, needs);
        self.free = subtract(&self.free, &needs);
        Some((stage, needs))
    }

    /// Forgets a waiting stage.
    pub(super) fn remove(&mut self, stage: StageId, needs: Resources) {
        let needs = self.clamp(needs);
        if let Some(stages) = self.ready.get_mut(&needs) {
            stages.remove(&stage);
            if stages.is_empty() {
                self.ready.remove(&needs);
            }
        }
    }

    pub(super) fn release(&mut self, needs: &Resources) {
        self.free = add(&self.free, needs);
    }

    /// Forgets every waiting stage.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
    }

    /// A stage that asks for more than there is takes all there is.
    fn clamp(&self, needs: Resources) -> Resources {
        zip(&needs, &self.total, u64::min)
    }

    /// The resources of which too little is free.
    fn short_of(&self, needs: &Resources) -> Resources {
        zip(needs, &self.free, |needs, free| if needs > free { needs } else { 0 })
    }
}

const NOTHING: Resources = Resources { cores: 0, memory: 0, gpus: 0, downloads: 0 };

fn zip(a: &Resources, b: &Resources, with: impl Fn(u64, u64) -> u64) -> Resources {
    let small = |a: u32, b: u32| with(a.into(), b.into()).min(u32::MAX.into()) as u32;
    Resources {
        cores: small(a.cores, b.cores),
        memory: with(a.memory, b.memory),
        gpus: small(a.gpus, b.gpus),
        downloads: small(a.downloads, b.downloads),
    }
}

fn add(a: &Resources, b: &Resources) -> Resources {
    zip(a, b, u64::saturating_add)
}

fn subtract(a: &Resources, b: &Resources) -> Resources {
    zip(a, b, u64::saturating_sub)
}

fn overlap(a: &Resources, b: &Resources) -> bool {
    zip(a, b, |a, b| u64::from(a > 0 && b > 0)) != NOTHING
}
