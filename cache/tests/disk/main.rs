//! The cache on a real disk: each file tells what one part of it promises.
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

mod cleaning;
mod ledger;
mod locks;
mod objects;
mod opening;
mod records;
mod space;
