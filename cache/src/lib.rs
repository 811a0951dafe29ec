//! The disk: artifacts named by their content, the records that vouch for them, locks, and the ledger that finds them.
//!
//! A cache folder may be used by several processes on several hosts at once. It knows keys, digests and bytes, and
//! nothing of specs, models or stages' kinds.
#![forbid(unsafe_code)]

mod attempts;
mod content;
mod error;
mod export;
mod fingerprint;
mod gc;
mod holders;
mod layout;
mod ledger;
mod listing;
mod locks;
mod objects;
mod quarantine;
mod records;
mod sync;
mod tending;
mod tree;
mod usage;
mod uses;
mod verify;

pub use content::{Content, digest_path};
pub use error::{CacheError, Holders};
pub use fingerprint::Fingerprint;
pub use gc::{Gc, GcReport};
pub use holders::RunGuard;
pub use layout::Cache;
pub use ledger::{Ledger, Run, RunCounts, RunId, StageRun, Status};
pub use listing::{BadListing, FolderListing, ListedFile};
pub use locks::StageLock;
pub use objects::{Check, Ingested};
pub use records::Records;
pub use sync::LARGE;
pub use tending::Tending;
pub use usage::{Tally, Usage};
pub use verify::{Damaged, Incomplete, VerifyProgress, VerifyReport};
