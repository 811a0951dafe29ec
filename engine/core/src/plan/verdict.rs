//! Which stages are done already, which must run, and of which that cannot be known yet.

use super::{Facts, InputSource, KnownOutputs, Plan, Stage, StageId};
use crate::key::{Difference, Digest, Key, differences};
use crate::record::Output;

/// What a plan says of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Recorded: nothing to do.
    Cached {
        /// Its key.
        key: Key,
        /// What it left.
        outputs: Vec<Output>,
    },
    /// It must run.
    Run {
        /// Its key; `None` for a remote file that has no pin yet.
        key: Option<Key>,
        /// Why.
        why: Reason,
    },
    /// Its key depends on what another stage makes: if that comes out as before, it need not run.
    Maybe {
        /// The first such stage.
        on: StageId,
    },
}

/// Why a stage must run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No record has its key. What changed since the last record of its name is told by [`Plan::changes`].
    NoRecord,
    /// A remote file that the lock does not pin yet.
    NotPinned,
    /// An artifact that is needed again is no longer in the cache.
    Gone {
        /// Number of the output.
        output: u16,
    },
}

impl Verdict {
    /// The key, where it is known.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Cached { key, .. } => Some(key),
            Self::Run { key, .. } => key.as_ref(),
            Self::Maybe { .. } => None,
        }
    }

    /// `cached`, `run` or `maybe`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Cached { .. } => "cached",
            Self::Run { .. } => "run",
            Self::Maybe { .. } => "maybe",
        }
    }
}

/// What cached stages left: enough for the keys of everything that reads only cached stages.
impl KnownOutputs for Plan {
    fn output(&self, source: InputSource) -> Option<Digest> {
        match source {
            InputSource::Local(id) => Some(self.local(id).digest),
            InputSource::Stage(id, output) => match self.verdicts.get(id.index())? {
                Verdict::Cached { outputs, .. } => outputs.get(usize::from(output)).map(|output| output.digest),
                Verdict::Run { .. } | Verdict::Maybe { .. } => None,
            },
        }
    }
}

pub(super) fn judge(plan: &Plan, facts: &dyn Facts) -> Vec<Verdict> {
    let mut so_far = Verdicts { plan, verdicts: Vec::with_capacity(plan.stages.len()) };
    for stage in &plan.stages {
        let verdict = so_far.judge(stage, facts);
        so_far.verdicts.push(verdict);
    }
    let mut verdicts = so_far.verdicts;
    require_artifacts(plan, &mut verdicts, facts);
    verdicts
}

struct Verdicts<'a> {
    plan: &'a Plan,
    verdicts: Vec<Verdict>,
}

impl KnownOutputs for Verdicts<'_> {
    fn output(&self, source: InputSource) -> Option<Digest> {
        match source {
            InputSource::Local(id) => Some(self.plan.local(id).digest),
            InputSource::Stage(id, output) => match &self.verdicts[id.index()] {
                Verdict::Cached { outputs, .. } => outputs.get(usize::from(output)).map(|output| output.digest),
                Verdict::Run { .. } | Verdict::Maybe { .. } => None,
            },
        }
    }
}

impl Verdicts<'_> {
    fn judge(&self, stage: &Stage, facts: &dyn Facts) -> Verdict {
        let open = stage.producers().find(|(id, _)| !matches!(self.verdicts[id.index()], Verdict::Cached { .. }));
        if let Some((on, _)) = open {
            return Verdict::Maybe { on };
        }
        let Some(key) = self.plan.key(stage, self) else { return Verdict::Run { key: None, why: Reason::NotPinned } };
        match facts.record(&key) {
            Some(outputs) if outputs.len() == stage.outputs().count() => Verdict::Cached { key, outputs },
            _ => Verdict::Run { key: Some(key), why: Reason::NoRecord },
        }
    }
}

/// A record is enough while nobody reads the artifact. Where a stage that must run reads one that is gone, or a result is to be
/// written again from one that is gone, the stage that made it must run too.
fn require_artifacts(plan: &Plan, verdicts: &mut [Verdict], facts: &dyn Facts) {
    let require = |verdicts: &mut [Verdict], id: StageId, output: u16| {
        let Verdict::Cached { key, outputs } = &verdicts[id.index()] else { return };
        let gone = outputs.get(usize::from(output)).is_some_and(|output| !facts.present(&output.digest));
        if gone {
            verdicts[id.index()] = Verdict::Run { key: Some(*key), why: Reason::Gone { output } };
        }
    };
    for export in &plan.exports {
        let Verdict::Cached { outputs, .. } = &verdicts[export.stage.index()] else { continue };
        let Some(output) = outputs.get(usize::from(export.output)) else { continue };
        if !facts.exported(&export.path, &output.digest) {
            require(verdicts, export.stage, export.output);
        }
    }
    for at in (0..plan.stages.len()).rev() {
        if matches!(verdicts[at], Verdict::Run { .. }) {
            for (id, output) in plan.stages[at].producers() {
                require(verdicts, id, output);
            }
        }
    }
}

impl Plan {
    /// What differs between a stage's manifest and that of the newest record of its name; `None` where there is no such record.
    /// Inputs that are not known yet are left out.
    #[must_use]
    pub fn changes(&self, id: StageId, facts: &dyn Facts) -> Option<Vec<Difference>> {
        let stage = self.stage(id);
        let last = facts.last_manifest(&stage.name)?;
        let now = self.manifest(stage, self);
        let known = |difference: &Difference| {
            difference.after.as_deref() != Some("?") && !is_part_of_unknown(&now, &difference.field)
        };
        Some(differences(&last, &now).into_iter().filter(known).collect())
    }

    /// One sentence: why the plan says of a stage what it says.
    #[must_use]
    pub fn reason(&self, id: StageId, facts: &dyn Facts) -> String {
        match &self.verdicts[id.index()] {
            Verdict::Cached { .. } => "nothing changed".to_owned(),
            Verdict::Maybe { on } => format!("depends on what {} makes", self.stage(*on).name),
            Verdict::Run { why: Reason::NotPinned, .. } => "not in the lock file yet".to_owned(),
            Verdict::Run { why: Reason::Gone { output }, .. } => {
                let name = self.stage(id).outputs().nth(usize::from(*output)).unwrap_or("output").to_owned();
                format!("its {name} is needed and no longer in the cache")
            }
            Verdict::Run { why: Reason::NoRecord, .. } => match self.changes(id, facts) {
                None => "never run".to_owned(),
                Some(changes) if changes.is_empty() => "its record is gone from the cache".to_owned(),
                Some(changes) => {
                    let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
                    format!("changed: {}", fields.join(", "))
                }
            },
        }
    }
}

/// A fan-in that is not known yet stands as one line `input.NAME = ?`; its old parts are `input.NAME.PART`.
fn is_part_of_unknown(manifest: &str, field: &str) -> bool {
    let unknown = manifest.lines().filter_map(|line| line.strip_suffix(" = ?"));
    unknown.into_iter().any(|name| field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}
