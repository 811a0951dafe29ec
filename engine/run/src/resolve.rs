//! What a remote file is, asked of the model hub without fetching it.

use xlt_core::plan::Pin;
use xlt_core::spec::Source;
use xlt_fetch::Watch;

/// The pin of a source as the hub has it now; `None` where only the bytes tell. `many`: its pattern means all files that it fits.
///
/// # Errors
/// A sentence: the hub does not answer, or does not have it.
pub fn resolve(source: &Source, many: bool) -> Result<Option<Pin>, String> {
    xlt_fetch::resolve(source, many, &Nobody).map_err(|error| error.to_string())
}

/// Nobody waits for a byte, and nobody stops it.
struct Nobody;

impl Watch for Nobody {
    fn progress(&self, _: u64, _: Option<u64>) {}

    fn say(&self, _: &str) {}

    fn stop(&self) -> bool {
        false
    }
}
