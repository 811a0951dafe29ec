//! Resources, counted but for GPUs that are known one by one, and the stages that wait for them.

use super::gpus::{Gpu, Gpus, Share, Want};
use crate::plan::{InputSource, Resources, Stage, StageId};
use std::collections::{BTreeMap, BTreeSet};

/// What stages share: what the machine has, less what runs.
#[derive(Debug)]
pub(super) struct Pool {
    total: Resources,
    free: Resources,
    /// Empty where GPUs are only counted, or there are none.
    gpus: Gpus,
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
    /// What it wants of GPUs that are known one by one.
    want: Option<Want>,
    model: Option<InputSource>,
}

/// What a stage has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) counted: Resources,
    /// Of each GPU that is known.
    pub(super) gpus: Vec<Share>,
}

impl Pool {
    pub(super) fn new(total: Resources, gpus: &[Gpu]) -> Self {
        let gpus = Gpus::new(gpus);
        Self { total, free: total, gpus, ready: BTreeMap::new(), loaded: None, expected: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, id: StageId, stage: &Stage) {
        self.ready.entry(self.class(stage)).or_default().insert(id);
    }

    /// The next stage that may start, its resources taken. What asks the model that is loaded goes first, and no other model is
    /// loaded while more of that is expected: so a model is loaded once whatever becomes ready when. Then earlier stages of the
    /// plan go first. One that does not fit holds back later ones that want
    /// the same resource (else a stage that needs the whole machine would wait for ever), but not those that want others: a
    /// download overlaps an evaluation.
    pub(super) fn pop(&mut self) -> Option<(StageId, Taken)> {
        let asks = |class: &Class| class.model.is_some() && class.model == self.loaded;
        let stays = self.loaded.is_some_and(|model| self.expected.contains_key(&model));
        let ready = self.ready.iter().filter(|(class, _)| !stays || class.model.is_none() || asks(class));
        let heads = ready.filter_map(|(class, stages)| Some((!asks(class), *stages.first()?, *class)));
        let mut heads: Vec<(bool, StageId, Class)> = heads.collect();
        heads.sort_unstable();
        let (mut held, mut gpus_held) = (NOTHING, false);
        for (_, stage, class) in heads {
            if overlap(&class.needs, &held) || (gpus_held && class.want.is_some()) {
                continue;
            }
            let short = self.short_of(&class.needs);
            held = add(&held, &short);
            if short == NOTHING {
                match class.want.map_or(Some(Vec::new()), |want| self.gpus.take(want, class.model)) {
                    Some(gpus) => return Some((stage, self.take(stage, class, gpus))),
                    None => gpus_held = true,
                }
            } else {
                gpus_held |= class.want.is_some();
            }
        }
        None
    }

    fn take(&mut self, stage: StageId, class: Class, gpus: Vec<Share>) -> Taken {
        self.forget(stage, class);
        self.free = subtract(&self.free, &class.needs);
        Taken { counted: class.needs, gpus }
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
    pub(super) fn release(&mut self, taken: &Taken, stage: &Stage) {
        self.free = add(&self.free, &taken.counted);
        self.gpus.give_back(&taken.gpus);
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

    /// A stage that asks for more than there is takes all there is. Where it has GPUs, its memory is theirs and not the machine's; where
    /// there are none, a model that wants some has all cores instead.
    fn class(&self, stage: &Stage) -> Class {
        let Resources { gpus: count, memory, .. } = stage.resources;
        let want = (count > 0 && self.gpus.count() > 0).then_some(Want { count: count.min(self.gpus.count()), memory });
        let asked = match want {
            Some(_) => Resources { memory: 0, gpus: 0, ..stage.resources },
            None if count > 0 && self.total.gpus == 0 && stage.model().is_some() => {
                Resources { cores: u32::MAX, ..stage.resources }
            }
            None => stage.resources,
        };
        Class { needs: zip(&asked, &self.total, u64::min), want, model: stage.model() }
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
