//! The pure heart of xlt: no files, no network, no clock, no environment, no threads.
//!
//! Data goes spec -> plan -> schedule; answers go score -> stats -> results. The world is met through [`plan::Facts`] only.
#![forbid(unsafe_code)]

pub mod analysis;
pub mod answers;
pub mod asked;
pub mod attempts;
pub mod batch;
pub mod bytes;
pub mod chat;
pub mod cost;
pub mod duration;
pub mod evidence;
pub mod exact;
pub mod extract;
pub mod fertility;
pub mod gguf;
pub mod inner;
pub mod interop;
pub mod items;
mod jinja;
pub mod key;
pub mod languages;
pub mod lock;
pub mod lora;
pub mod offload;
pub mod orders;
pub mod panics;
pub mod peft;
pub mod plan;
pub mod probe;
pub mod prompt;
pub mod provenance;
pub mod record;
pub mod results;
pub mod sample;
pub mod schedule;
pub mod score;
pub mod script;
pub mod shards;
pub mod shots;
pub mod slurm;
pub mod spec;
pub mod split;
pub mod stats;
pub mod training;
