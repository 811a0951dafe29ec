//! From a spec to a plan: which stages there are, which of them are done already, and why the others are not.
//!
//! A function of the spec and of [`Facts`]; it touches nothing else.

mod command;
mod describe;
mod error;
mod links;
mod only;
mod placeholder;
mod stage;
mod study;
mod verdict;
mod work;

pub use command::{CommandInstance, CommandLine, CommandShared};
pub use describe::KnownOutputs;
pub use error::{PlanError, PlanErrors};
pub use placeholder::Placeholders;
pub use stage::{
    DownloadWork, Export, Input, InputSource, Kind, Local, LocalId, Pin, PinnedFile, QuantizeWork, Resources, Stage,
    StageId, Work,
};
pub use verdict::{Reason, Verdict};
pub use work::{
    AdoptWork, AnalyzeWork, Arm, EvaluateCell, EvaluateWork, FertilityWork, FinetuneWork, ImportWork, ProbeWork,
    TrainedAdapter,
};

use crate::key::{Digest, Key};
use crate::record::Output;
use crate::spec::{Claim, FileRef, Source, Spec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a plan must know of the world outside. Two implementers: the cache with its ledger, and the tests' own world.
pub trait Facts {
    /// Content of a local file, or a sentence saying why there is none.
    ///
    /// # Errors
    /// The sentence.
    fn local(&self, path: &str) -> Result<Digest, String>;
    /// What the lock says of a remote file.
    fn pin(&self, source: &Source) -> Option<Pin>;
    /// Outputs of the stage with that key, where it has been recorded.
    fn record(&self, key: &Key) -> Option<Vec<Output>>;
    /// Whether an artifact is still in the cache (a look at the folder, no hashing).
    fn present(&self, digest: &Digest) -> bool;
    /// Whether the results folder holds that artifact at that path.
    fn exported(&self, path: &str, digest: &Digest) -> bool;
    /// Manifest of the newest record of a stage of that name.
    fn last_manifest(&self, stage: &str) -> Option<String>;
    /// Whether the lock has a claim as one that came after answers; `None` where it does not have it.
    fn post_hoc(&self, claim: &Digest) -> Option<bool>;
}

/// A compiled spec.
#[derive(Debug)]
pub struct Plan {
    /// Name of the study.
    pub study: String,
    /// Version of llama.cpp, part of the key of every stage that computes with it.
    pub llama: String,
    /// The stages; inputs come before what reads them.
    pub stages: Vec<Stage>,
    /// One verdict per stage.
    pub verdicts: Vec<Verdict>,
    /// The user's files that stages read.
    pub locals: Vec<Local>,
    /// What a finished run leaves in the results folder.
    pub exports: Vec<Export>,
    /// Claims that the lock does not have yet.
    pub new_claims: Vec<NewClaim>,
}

/// A claim that no run has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    /// What tells it from others.
    pub digest: Digest,
    /// Its sentence.
    pub text: String,
    /// Whether there are answers already.
    pub post_hoc: bool,
}

/// Compiles a spec.
///
/// `llama` names the llama.cpp version in the keys of the stages that it computes.
///
/// # Errors
/// [`PlanErrors`]: every local file that is missing, every input that no stage makes, every name or result made twice.
pub fn plan(spec: &Spec, llama: &str, facts: &dyn Facts) -> Result<Plan, PlanErrors> {
    plan_only(spec, llama, facts, &|_| true)
}

/// As [`plan`], with no other stages than those that are wanted and what these read.
///
/// # Errors
/// [`PlanErrors`], of the whole spec.
pub fn plan_only(
    spec: &Spec,
    llama: &str,
    facts: &dyn Facts,
    wanted: &dyn Fn(&Stage) -> bool,
) -> Result<Plan, PlanErrors> {
    let mut builder = Builder::new(facts);
    study::expand(spec, &mut builder);
    builder.check_unique();
    let Builder { stages, locals, exports, errors, .. } = builder;
    if !errors.is_empty() {
        return Err(PlanErrors(errors));
    }
    let (stages, exports) = only::only(stages, exports, wanted);
    let mut plan = Plan {
        study: spec.name.clone(),
        llama: llama.to_owned(),
        stages,
        verdicts: Vec::new(),
        locals: locals.into_iter().flatten().collect(),
        exports,
        new_claims: new_claims(&spec.claims, facts),
    };
    plan.verdicts = verdict::judge(&plan, facts);
    if !plan.new_claims.is_empty() && plan.has_answers() {
        plan.mark_new_claims();
        plan.verdicts = verdict::judge(&plan, facts);
    }
    Ok(plan)
}

/// The claims that no run has seen, each as if there were no answers.
fn new_claims(claims: &[Claim], facts: &dyn Facts) -> Vec<NewClaim> {
    let of = |claim: &Claim| NewClaim { digest: claim.digest(), text: claim.text.clone(), post_hoc: false };
    claims.iter().map(of).filter(|claim| facts.post_hoc(&claim.digest).is_none()).collect()
}

impl Plan {
    /// The stage with that number.
    #[must_use]
    pub fn stage(&self, id: StageId) -> &Stage {
        &self.stages[id.index()]
    }

    /// All stages with their numbers, producers first.
    pub fn ids(&self) -> impl Iterator<Item = (StageId, &Stage)> {
        self.stages.iter().enumerate().map(|(at, stage)| (StageId(at as u32), stage))
    }

    /// The stage of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<StageId> {
        self.ids().find(|(_, stage)| stage.name == name).map(|(id, _)| id)
    }

    /// Whether any answers of the study are there.
    fn has_answers(&self) -> bool {
        let answers = self.stages.iter().zip(&self.verdicts);
        answers
            .into_iter()
            .any(|(stage, verdict)| matches!(stage.kind(), Kind::Evaluate | Kind::Import) && verdict.word() == "cached")
    }

    /// New claims come after answers.
    fn mark_new_claims(&mut self) {
        self.new_claims.iter_mut().for_each(|claim| claim.post_hoc = true);
        for stage in &mut self.stages {
            let Work::Analyze(work) = &mut stage.work else { continue };
            let work = Arc::make_mut(work);
            for (claim, post_hoc) in work.claims.iter().zip(&mut work.post_hoc) {
                let digest = claim.digest();
                *post_hoc |= self.new_claims.iter().any(|new| new.digest == digest);
            }
        }
    }

    /// Keys of stages given what is known of their inputs.
    #[must_use]
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
}

impl Stage {
    /// Stages that it reads, each once for every input that comes from it.
    pub fn producers(&self) -> impl Iterator<Item = (StageId, u16)> {
        self.inputs.iter().filter_map(|input| match input.source {
            InputSource::Stage(id, output) => Some((id, output)),
            InputSource::Local(_) => None,
        })
    }
}

/// Collects the stages of a plan; knows the world only through [`Facts`].
struct Builder<'a> {
    facts: &'a dyn Facts,
    stages: Vec<Stage>,
    exports: Vec<Export>,
    /// `None` where the file cannot be read: the error is in `errors`, once.
    locals: Vec<Option<Local>>,
    local_ids: BTreeMap<String, LocalId>,
    errors: Vec<PlanError>,
}

impl<'a> Builder<'a> {
    fn new(facts: &'a dyn Facts) -> Self {
        Self { facts, stages: vec![], exports: vec![], locals: vec![], local_ids: BTreeMap::new(), errors: vec![] }
    }

    fn next_id(&self) -> StageId {
        StageId(self.stages.len() as u32)
    }

    fn add(&mut self, stage: Stage) -> StageId {
        let id = self.next_id();
        self.stages.push(stage);
        id
    }

    fn stage(&self, id: StageId) -> &Stage {
        &self.stages[id.index()]
    }

    fn export(&mut self, export: Export) {
        self.exports.push(export);
    }

    fn error(&mut self, error: PlanError) {
        self.errors.push(error);
    }

    /// A stage of the study by name; only the study's own few stages are looked up so.
    fn find(&self, name: &str) -> Option<StageId> {
        self.stages.iter().position(|stage| stage.name == name).map(|at| StageId(at as u32))
    }

    /// The local file at `path`; `reader` names the stage and the input that read it, for the error.
    fn local(&mut self, path: &str, reader: impl FnOnce() -> (String, String)) -> Option<LocalId> {
        if let Some(&id) = self.local_ids.get(path) {
            return Some(id);
        }
        let id = LocalId(self.locals.len() as u32);
        let local = match self.facts.local(path) {
            Ok(digest) => Some(Local { path: path.to_owned(), digest }),
            Err(why) => {
                let (stage, input) = reader();
                self.error(PlanError::Local { stage, input, path: path.to_owned(), why });
                None
            }
        };
        self.locals.push(local);
        self.local_ids.insert(path.to_owned(), id);
        Some(id)
    }

    /// What is known of a remote file: the spec's own word first, then the lock's.
    fn pin(&self, file: &FileRef) -> Option<Pin> {
        match &file.sha256 {
            Some(sha256) => {
                let locked = self.facts.pin(&file.source).filter(|pin| pin.sha256 == *sha256);
                let size = file.size.or(locked.as_ref().and_then(|pin| pin.size));
                Some(Pin { sha256: sha256.clone(), size, ..locked.unwrap_or_default() })
            }
            None => self.facts.pin(&file.source),
        }
    }

    /// Whether a claim is known to have come after answers.
    fn post_hoc(&self, claim: &Claim) -> bool {
        self.facts.post_hoc(&claim.digest()).unwrap_or(false)
    }

    fn check_unique(&mut self) {
        let mut names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
        names.sort_unstable();
        let twice =
            names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| PlanError::SameName(pair[0].to_owned()));
        let mut errors: Vec<PlanError> = twice.collect();
        let mut exports: Vec<&Export> = self.exports.iter().collect();
        exports.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        for pair in exports.windows(2).filter(|pair| pair[0].path == pair[1].path) {
            let name = |export: &Export| self.stages[export.stage.index()].name.clone();
            errors.push(PlanError::SameResult {
                path: pair[0].path.clone(),
                first: name(pair[0]),
                second: name(pair[1]),
            });
        }
        self.errors.append(&mut errors);
    }
}
