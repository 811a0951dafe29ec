//! Provenance: which stage made the answers of each cell, of what, and with which programs.
//!
//! It is told to an analysis and is no part of its key: the same answers made by other stages are the same results.

use crate::plan::EvaluateCell;
use serde::{Deserialize, Serialize};

/// Where the answers of one cell come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The cell.
    pub cell: EvaluateCell,
    /// Name of the stage, e.g. `evaluate/qwen3-4b/tuned/heb_Hebr/direct`.
    pub stage: String,
    /// Its key, in hexadecimal.
    pub key: String,
    /// BLAKE3 of the answers, in hexadecimal.
    pub answers: String,
    /// Backend and instruction set, where a model computed: `cpu-avx2`.
    pub kernel_class: Option<String>,
    /// Version of llama.cpp with its patches, where it computed.
    pub llama: Option<String>,
    /// Version of xlt that ran it, where its record says so.
    pub version: Option<String>,
    /// What it read, in the order of the stage's inputs.
    pub inputs: Vec<Used>,
}

/// An artifact that a stage read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Used {
    /// Name of the input: `model`, `adapter`, `rows`.
    pub name: String,
    /// Name of the stage that made it.
    pub stage: String,
    /// BLAKE3 of its content, in hexadecimal.
    pub content: String,
}
