//! Counted resources, and the stages that wait for them.

use crate::plan::{InputSource, Resources, Stage, StageId};
use std::collections::{BTreeMap, BTreeSet};

/// What stages share: what the machine has, less what runs.
#[derive(Debug)]
pub(super) struct Pool {
    total: Resources,
    free: Resources,
    ready: BTreeMap<Class, BTreeSet<StageId>>,
    /// What the worker that was freed last has loaded.
    loaded: Option<InputSource>,
    /// How many stages that ask a model are being looked up or recorded: in a moment more may be ready that ask it.
    expected: BTreeMap<InputSource, usize>,
}

/// Stages that are alike to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    needs: Resources,
    model: Option<InputSource>,
}

impl Pool {
    pub(super) fn new(total: Resources) -> Self {
        Self { total, free: total, ready: BTreeMap::new(), loaded: None, expected: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, id: StageId, stage: &Stage) {
        self.ready.entry(self.class(stage)).or_default().insert(id);
    }

    /// The next stage that may start, its resources taken. What asks the model that is loaded goes first, and no other model is
    /// loaded while more of that is expected: so a model is loaded once whatever becomes ready when. Then earlier stages of the
    /// plan go first. One that does not fit holds back later ones that want
    /// the same resource (else a stage that needs the whole machine would wait for ever), but not those that want others: a
    /// download overlaps an evaluation.
    pub(super) fn pop(&mut self) -> Option<(StageId, Resources)> {
        let asks = |class: &Class| class.model.is_some() && class.model == self.loaded;
        let stays = self.loaded.is_some_and(|model| self.expected.contains_key(&model));
        let ready = self.ready.iter().filter(|(class, _)| !stays || class.model.is_none() || asks(class));
        let heads = ready.filter_map(|(class, stages)| Some((!asks(class), *stages.first()?, *class)));
        let mut heads: Vec<(bool, StageId, Class)> = heads.collect();
        heads.sort_unstable();
        let mut held = NOTHING;
        let found = heads.into_iter().find(|(_, _, Class { needs, .. })| {
            if overlap(needs, &held) {
                return false;
            }
            let short = self.short_of(needs);
            held = add(&held, &short);
            short == NOTHING
        });
        let (_, stage, class) = found?;
        self.forget(stage, class);
        self.free = subtract(&self.free, &class.needs);
        Some((stage, class.needs))
    }

    /// Forgets a waiting stage.
    pub(super) fn remove(&mut self, id: StageId, stage: &Stage) {
        self.forget(id, self.class(stage));
    }

    fn forget(&mut self, id: StageId, class: Class) {
        if let Some(stages) = self.ready.get_mut(&class) {
            stages.remove(&id);
            if stages.is_empty() {
                self.ready.remove(&class);
            }
        }
    }

    /// A stage occupies nothing more; its worker keeps the model that it asked.
    pub(super) fn release(&mut self, needs: &Resources, stage: &Stage) {
        self.free = add(&self.free, needs);
        self.loaded = stage.model().or(self.loaded);
    }

    /// A stage is being looked up or recorded.
    pub(super) fn expect(&mut self, stage: &Stage) {
        if let Some(model) = stage.model() {
            *self.expected.entry(model).or_default() += 1;
        }
    }

    /// It has been.
    pub(super) fn came(&mut self, stage: &Stage) {
        let Some(model) = stage.model() else { return };
        if let Some(count) = self.expected.get_mut(&model) {
            *count -= 1;
            if *count == 0 {
                self.expected.remove(&model);
            }
        }
    }

    /// Forgets every waiting stage.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
    }

    /// A stage that asks for more than there is takes all there is.
    fn class(&self, stage: &Stage) -> Class {
        Class { needs: zip(&stage.resources, &self.total, u64::min), model: stage.model() }
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
