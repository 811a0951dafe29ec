//! A record: what a finished stage leaves behind. Its presence in the cache is the commit point of the stage.
//!
//! The text form is JSON on one line, then a line with the BLAKE3 of the first, so that a torn record is never believed.

use crate::key::{Digest, Key};
use serde::{Deserialize, Serialize};

/// One artifact of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Name of the output in the stage, e.g. `model`, `answers`.
    pub name: String,
    /// Content.
    pub digest: Digest,
    /// Size in bytes; of a folder, the sum of its files.
    pub size: u64,
    /// Whether it is a folder.
    pub folder: bool,
}

/// What a finished stage leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Key,
    /// Its name when it ran, for `explain` and the ledger; not part of the key.
    pub stage: String,
    /// Name of the study it ran for.
    pub study: String,
    /// Its artifacts, in the order of the stage's declared outputs.
    pub outputs: Vec<Output>,
    /// Kernel class that computed it (`cpu-avx2`), where a model computed.
    pub kernel_class: Option<String>,
    /// Version of xlt.
    pub version: String,
    /// The manifest as text.
    pub manifest: String,
}

/// A record's text cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The last line is not the checksum of the first: cut short, or changed.
    #[error("its checksum does not match: it was cut short or changed")]
    Checksum,
    /// Whole, but not of this format.
    #[error("it is not of this version's format: {0}")]
    Format(String),
}

#[derive(Serialize, Deserialize)]
struct RecordOnDisk {
    key: String,
    stage: String,
    study: String,
    outputs: Vec<OutputOnDisk>,
    kernel_class: Option<String>,
    version: String,
    manifest: String,
}

#[derive(Serialize, Deserialize)]
struct OutputOnDisk {
    name: String,
    blake3: String,
    size: u64,
    folder: bool,
}

impl Record {
    /// The text that is stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        let disk = RecordOnDisk {
            key: self.key.to_string(),
            stage: self.stage.clone(),
            study: self.study.clone(),
            outputs: self.outputs.iter().map(OutputOnDisk::from).collect(),
            kernel_class: self.kernel_class.clone(),
            version: self.version.clone(),
            manifest: self.manifest.clone(),
        };
        let line = serde_json::json!(disk).to_string();
        format!("{line}\n{}\n", Digest::of(line.as_bytes()))
    }

    /// Reads what `to_text` wrote.
    ///
    /// # Errors
    /// [`BadRecord`] where the text is cut, changed, or of another format.
    pub fn from_text(text: &str) -> Result<Self, BadRecord> {
        let (line, rest) = text.split_once('\n').ok_or(BadRecord::Checksum)?;
        let sum: Digest = rest.trim_end_matches('\n').parse().map_err(|_| BadRecord::Checksum)?;
        if sum != Digest::of(line.as_bytes()) {
            return Err(BadRecord::Checksum);
        }
        let format = |error: &dyn std::fmt::Display| BadRecord::Format(error.to_string());
        let disk: RecordOnDisk = serde_json::from_str(line).map_err(|error| format(&error))?;
        let outputs = disk.outputs.into_iter().map(|output| {
            let digest = output.blake3.parse().map_err(|error| format(&error))?;
            Ok(Output { name: output.name, digest, size: output.size, folder: output.folder })
        });
        Ok(Self {
            key: disk.key.parse().map_err(|error| format(&error))?,
            stage: disk.stage,
            study: disk.study,
            outputs: outputs.collect::<Result<_, BadRecord>>()?,
            kernel_class: disk.kernel_class,
            version: disk.version,
            manifest: disk.manifest,
        })
    }
}

impl From<&Output> for OutputOnDisk {
    fn from(output: &Output) -> Self {
        let Output { name, digest, size, folder } = output;
        Self { name: name.clone(), blake3: digest.to_string(), size: *size, folder: *folder }
    }
}
