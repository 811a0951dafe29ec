//! The pure heart of xlt: no files, no network, no clock, no environment, no threads.
//!
//! Data goes spec -> plan -> schedule; answers go score -> stats -> results. The world is met through [`plan::Facts`] only.
#![forbid(unsafe_code)]

pub mod key;
pub mod record;
pub mod spec;
