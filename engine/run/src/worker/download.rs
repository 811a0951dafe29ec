//! Fetches a file into the stage's folder, which survives a kill: the next attempt resumes.

use super::{Desk, Fetched, Product, Trouble, folder};
use crate::protocol::Unit;
use xlt_core::spec::Source;
use xlt_fetch::{FetchError, Order, Watch};

pub(super) fn run(
    desk: &Desk<'_>,
    source: &Source,
    sha256: Option<&str>,
    size: Option<u64>,
) -> Result<Product, Trouble> {
    let landing = desk.partial.join("download");
    std::fs::create_dir_all(&landing).map_err(|error| Trouble::new(folder::sentence(&landing, &error)))?;
    let order = Order { source, sha256, size, folder: &landing };
    // A local file is an input of the stage: the worker has its path as the job gives it.
    let local = desk.inputs.first().map(|path| Source::Local { path: path.to_string_lossy().into_owned() });
    let order = Order { source: local.as_ref().unwrap_or(source), ..order };
    let fetched = xlt_fetch::fetch(&order, desk).map_err(|error| match error {
        FetchError::Stopped => Trouble::Stopped,
        error => Trouble::new(error),
    })?;
    let facts = Fetched { sha256: fetched.sha256, size: fetched.size };
    Ok(Product { outputs: vec![fetched.path], fetched: Some(facts), kernel_class: None })
}

impl Watch for Desk<'_> {
    fn progress(&self, done: u64, total: Option<u64>) {
        self.worker.progress(done, total, Unit::Bytes);
    }

    fn say(&self, line: &str) {
        self.log.say(line);
    }

    fn stop(&self) -> bool {
        self.worker.stopped()
    }
}
