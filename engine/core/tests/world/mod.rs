//! A world for plans that is made up by the test, and small specs to plan in it.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{Facts, Pin};
use xlt_core::record::Output;
use xlt_core::spec::{CommandInput, CommandStage, Executor, Limits, Source, Spec};

/// What is outside: nothing, until a test says otherwise. Every local file is there; its content is its path.
#[derive(Debug, Default, Clone)]
pub(crate) struct World {
    pub(crate) records: BTreeMap<Key, Vec<Output>>,
    pub(crate) gone: BTreeSet<Digest>,
    pub(crate) claims: BTreeMap<Digest, bool>,
}

impl Facts for World {
    fn local(&self, path: &str) -> Result<Digest, String> {
        Ok(Digest::of(path.rsplit('/').next().unwrap_or_default().as_bytes()))
    }

    fn pin(&self, source: &Source) -> Option<Pin> {
        let sha256 = "ab".repeat(32);
        matches!(source, Source::Hub { .. }).then_some(Pin { sha256, ..Pin::default() })
    }

    fn record(&self, key: &Key) -> Option<Vec<Output>> {
        self.records.get(key).cloned()
    }

    fn present(&self, digest: &Digest) -> bool {
        !self.gone.contains(digest)
    }

    fn exported(&self, _: &str, _: &Digest) -> bool {
        true
    }

    fn last_manifest(&self, _: &str) -> Option<String> {
        None
    }

    fn post_hoc(&self, claim: &Digest) -> Option<bool> {
        self.claims.get(claim).copied()
    }
}

/// One output named `out`.
pub(crate) fn made(text: &str) -> Vec<Output> {
    vec![Output { name: "out".to_owned(), digest: Digest::of(text.as_bytes()), size: 1, folder: false }]
}

/// A spec of these command stages alone.
pub(crate) fn commands(stages: Vec<CommandStage>) -> Spec {
    Spec {
        name: "study".to_owned(),
        models: vec![],
        languages: vec![],
        data: vec![],
        prompt: None,
        modes: vec![],
        conditions: vec![],
        adapters: vec![],
        evaluate: None,
        analyze: None,
        claims: vec![],
        stages,
        limits: Limits::default(),
        executor: Executor::default(),
    }
}

/// A stage that runs `tool`, reads these stages and makes `out`.
pub(crate) fn command(name: &str, reads: &[&str]) -> CommandStage {
    let input = |stage: &&str| {
        let input = CommandInput::Stage { stage: (*stage).to_owned(), output: "out".to_owned() };
        ((*stage).to_owned(), input)
    };
    CommandStage {
        name: name.to_owned(),
        program: "tool".to_owned(),
        args: vec![name.to_owned()],
        inputs: reads.iter().map(input).collect(),
        outputs: BTreeMap::from([("out".to_owned(), "out.txt".to_owned())]),
        params: BTreeMap::new(),
        matrix: BTreeMap::new(),
        axes: vec![],
        export: BTreeMap::new(),
        env: BTreeMap::new(),
        cores: 1,
        memory: 0,
        gpus: 0,
    }
}
