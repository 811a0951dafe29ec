//! Who reads whom, as two flat tables.

use crate::plan::{Plan, StageId};

/// The edges of a plan, each once however many inputs it stands for.
#[derive(Debug)]
pub(super) struct Graph {
    producers: Table,
    readers: Table,
}

/// The neighbours of stage `n` are `ids[starts[n]..starts[n + 1]]`.
#[derive(Debug)]
struct Table {
    starts: Vec<u32>,
    ids: Vec<StageId>,
}

impl Graph {
    pub(super) fn of(plan: &Plan) -> Self {
        let producers = producers(plan);
        let readers = producers.turned_round();
        Self { producers, readers }
    }

    /// Stages that a stage reads.
    pub(super) fn producers(&self, stage: StageId) -> &[StageId] {
        self.producers.of(stage)
    }

    /// Stages that read a stage.
    pub(super) fn readers(&self, stage: StageId) -> &[StageId] {
        self.readers.of(stage)
    }
}

fn producers(plan: &Plan) -> Table {
    let mut starts = Vec::with_capacity(plan.stages.len() + 1);
    let mut ids = Vec::new();
    let mut own: Vec<StageId> = Vec::new();
    starts.push(0);
    for stage in &plan.stages {
        own.clear();
        own.extend(stage.producers().map(|(id, _)| id));
        own.sort_unstable();
        own.dedup();
        ids.extend_from_slice(&own);
        starts.push(ids.len() as u32);
    }
    Table { starts, ids }
}

impl Table {
    fn of(&self, stage: StageId) -> &[StageId] {
        &self.ids[self.starts[stage.index()] as usize..self.starts[stage.index() + 1] as usize]
    }

    fn turned_round(&self) -> Self {
        let mut starts = vec![0_u32; self.starts.len()];
        self.ids.iter().for_each(|id| starts[id.index() + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut ids = vec![StageId(0); self.ids.len()];
        for from in (0..self.starts.len() as u32 - 1).map(StageId) {
            for to in self.of(from) {
                ids[next[to.index()] as usize] = from;
                next[to.index()] += 1;
            }
        }
        Self { starts, ids }
    }
}
