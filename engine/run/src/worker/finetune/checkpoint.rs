//! Checkpoints: all that a training goes on from, in the stage's folder, whole or not there.
//!
//! Each is a folder `step-N`, written under another name, synced, and renamed; then the one before is removed. Its `state.json`
//! says which kernels computed, what was trained (the first line of the log), and the BLAKE3 of every file: what does not fit is
//! no checkpoint, and the training begins anew.

use super::super::{Trouble, folder};
use crate::workplace::remove;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use xlt_cache::digest_path;
use xlt_core::training::log::{self, Head};
use xlt_llama::{Checkpoint, read_lora, write_lora};

const BEGUN: &str = "step.new";
const PREFIX: &str = "step-";
const STATE: &str = "state.json";
const LOG: &str = "log.jsonl";
const LORAS: [&str; 3] = ["adapter.gguf", "first.gguf", "second.gguf"];

/// Format of the folder.
const VERSION: u32 = 1;

/// What a checkpoint says of itself.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u32,
    kernel_class: String,
    step: u64,
    /// BLAKE3 of each file, by name.
    files: BTreeMap<String, String>,
}

/// The checkpoints of one training.
pub(super) struct Checkpoints<'a> {
    /// The stage's folder.
    pub(super) partial: &'a Path,
    /// Backend and instruction set.
    pub(super) kernel_class: &'a str,
    /// What is trained.
    pub(super) head: &'a Head,
}

impl Checkpoints<'_> {
    /// Keeps a checkpoint, with the log up to there, in place of those before.
    pub(super) fn write(&self, checkpoint: &Checkpoint, log: &str) -> Result<(), Trouble> {
        let begun = self.partial.join(BEGUN);
        remove(&begun);
        let disk = |error: Error| Trouble::new(folder::sentence(&begun, &error));
        fs::create_dir_all(&begun).map_err(disk)?;
        for (name, lora) in LORAS.iter().zip([&checkpoint.adapter, &checkpoint.first, &checkpoint.second]) {
            write_lora(lora, &begun.join(name)).map_err(Trouble::new)?;
        }
        let place = self.place(checkpoint.step);
        self.seal(&begun, checkpoint.step, log)
            .and_then(|()| {
                // Of the same step there may be one that was of no use.
                remove(&place);
                fs::rename(&begun, &place)?;
                File::open(self.partial)?.sync_all()
            })
            .map_err(disk)?;
        self.steps().into_iter().filter(|step| *step != checkpoint.step).for_each(|step| remove(&self.place(step)));
        Ok(())
    }

    /// The last checkpoint that is whole and fits, with the log up to there.
    pub(super) fn read(&self) -> Option<(Checkpoint, String)> {
        self.steps().into_iter().rev().find_map(|step| self.read_one(step))
    }

    /// Adds the log and the state, and makes all of it durable.
    fn seal(&self, begun: &Path, step: u64, log: &str) -> Result<(), Error> {
        fs::write(begun.join(LOG), log)?;
        let mut files = BTreeMap::new();
        for name in LORAS.into_iter().chain([LOG]) {
            let path = begun.join(name);
            File::open(&path)?.sync_all()?;
            files.insert(name.to_owned(), digest(&path)?);
        }
        let state = State { version: VERSION, kernel_class: self.kernel_class.to_owned(), step, files };
        let path = begun.join(STATE);
        fs::write(&path, serde_json::to_vec(&state)?)?;
        File::open(&path)?.sync_all()?;
        File::open(begun)?.sync_all()
    }

    fn read_one(&self, step: u64) -> Option<(Checkpoint, String)> {
        let place = self.place(step);
        let state: State = serde_json::from_slice(&fs::read(place.join(STATE)).ok()?).ok()?;
        let fits = state.version == VERSION && state.kernel_class == self.kernel_class && state.step == step;
        let whole = |(name, sum): (&String, &String)| digest(&place.join(name)).is_ok_and(|found| found == *sum);
        if !fits || state.files.len() != LORAS.len() + 1 || !state.files.iter().all(whole) {
            return None;
        }
        let text = fs::read_to_string(place.join(LOG)).ok()?;
        let log = log::read(&text).ok()?;
        if text.lines().next() != self.head.line().lines().next() || log.steps.len() as u64 != step {
            return None;
        }
        let [adapter, first, second] = LORAS.map(|name| read_lora(&place.join(name)).ok());
        Some((Checkpoint { adapter: adapter?, first: first?, second: second?, step }, text))
    }

    /// Steps of which there is a folder, ascending.
    fn steps(&self) -> Vec<u64> {
        let entries = fs::read_dir(self.partial).into_iter().flatten().flatten();
        let step = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok();
        let mut steps: Vec<u64> = entries.filter_map(step).collect();
        steps.sort_unstable();
        steps
    }

    fn place(&self, step: u64) -> PathBuf {
        self.partial.join(format!("{PREFIX}{step}"))
    }
}

fn digest(path: &Path) -> Result<String, Error> {
    digest_path(path).map(|content| content.digest.to_string()).map_err(Error::other)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]
    use super::*;
    use xlt_core::lora::PairShape;
    use xlt_core::training::{initial, log::Entry};

    fn head() -> Head {
        let targets = vec!["blk.0.attn_q.weight".to_owned()];
        Head { targets, trainable: 1, parameters: 2, share: 0.5, examples: 4, window: 512, padding: 0.25, steps: 9 }
    }

    /// A checkpoint of so many steps, with its log.
    fn made(step: u64) -> (Checkpoint, String) {
        let shape = PairShape { experts: 1, rank: 2, inputs: 4, outputs: 3 };
        let lora = |seed| initial("llama", 4.0, &[("blk.0.attn_q.weight".to_owned(), shape)], seed);
        let entry = |step| Entry {
            step,
            epoch: 0,
            loss: 1.0,
            lr: 0.5,
            gradient_norm: 2.0,
            tokens: 9,
            answer_tokens: 2,
            examples: 1,
        };
        let log = head().line() + &(0..step).map(|step| entry(step).line()).collect::<String>();
        (Checkpoint { adapter: lora(step), first: lora(step + 100), second: lora(step + 200), step }, log)
    }

    fn write(partial: &Path, step: u64) {
        let (checkpoint, log) = made(step);
        let written = Checkpoints { partial, kernel_class: "cpu", head: &head() }.write(&checkpoint, &log);
        assert!(written.is_ok());
    }

    /// The step that is gone on from.
    fn read(partial: &Path, kernel_class: &str, head: &Head) -> Option<u64> {
        Checkpoints { partial, kernel_class, head }.read().map(|(checkpoint, _)| checkpoint.step)
    }

    #[test]
    fn the_last_one_is_read_as_it_was_written_and_the_one_before_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 3);
        write(folder.path(), 12);
        let checkpoints = Checkpoints { partial: folder.path(), kernel_class: "cpu", head: &head() };
        assert_eq!((checkpoints.steps(), checkpoints.read()), (vec![12], Some(made(12))));
        write(folder.path(), 12);
        assert_eq!(checkpoints.read(), Some(made(12)), "it may be written once more");
    }

    #[test]
    fn what_was_computed_otherwise_or_is_not_whole_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path();
        write(partial, 3);
        assert_eq!(read(partial, "cpu", &head()), Some(3));
        assert_eq!(read(partial, "cpu-avx2", &head()), None, "other kernels");
        assert_eq!(read(partial, "cpu", &Head { window: 768, ..head() }), None, "other windows");
        for name in LORAS.into_iter().chain([LOG, STATE]) {
            write(partial, 3);
            let path = partial.join("step-3").join(name);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            assert_eq!(read(partial, "cpu", &head()), None, "{name}");
        }
        write(partial, 3);
        fs::create_dir(partial.join(BEGUN)).unwrap();
        fs::create_dir(partial.join("step-4")).unwrap();
        assert_eq!(read(partial, "cpu", &head()), Some(3), "one that was never finished is none");
    }
}
