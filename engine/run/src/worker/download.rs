//! Fetches a file into the stage's folder, which survives a kill: the next attempt resumes.

use super::{Desk, Product, Trouble, folder};
use crate::protocol::Unit;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use xlt_core::key::Digest;
use xlt_core::plan::Pin;
use xlt_core::spec::Source;
use xlt_fetch::{FetchError, Fetched, Order, Watch};

pub(super) fn run(
    desk: &Desk<'_>,
    source: &Source,
    pin: Option<&Pin>,
    size: Option<u64>,
    many: bool,
) -> Result<Product, Trouble> {
    let landing = desk.partial.join("download");
    std::fs::create_dir_all(&landing).map_err(|error| Trouble::new(folder::sentence(&landing, &error)))?;
    if let (Source::Local { .. }, [_, _, ..]) = (source, desk.inputs) {
        if pin.is_some() || size.is_some() {
            return Err(Trouble::new(
                "`sha256` and `size` speak of one file, and this model is split over several; leave them out",
            ));
        }
        let (folder, hashed) = set(desk, &landing)?;
        return Ok(Product { outputs: vec![folder], hashed, ..Product::default() });
    }
    let fetched = fetch(desk, &Order { source: &here(desk, source), pin, size, many, folder: &landing })?;
    let pin = fetched.pin();
    Ok(Product { outputs: vec![fetched.path], fetched: Some(pin), hashed: fetched.blake3, ..Product::default() })
}

fn fetch(desk: &Desk<'_>, order: &Order<'_>) -> Result<Fetched, Trouble> {
    xlt_fetch::fetch(order, desk).map_err(|error| match error {
        FetchError::Stopped => Trouble::Stopped,
        error => Trouble::new(error),
    })
}

/// A folder with all files of a split model that lies on this machine, under their own names, and the BLAKE3 of each.
fn set(desk: &Desk<'_>, landing: &Path) -> Result<(PathBuf, BTreeMap<PathBuf, Digest>), Trouble> {
    let (folder, piece) = (landing.join("set"), landing.join("piece"));
    let mut hashed = BTreeMap::new();
    for path in desk.inputs {
        let wrong = |error: std::io::Error| Trouble::new(folder::sentence(path, &error));
        fs::create_dir_all(&folder).and_then(|()| fs::create_dir_all(&piece)).map_err(wrong)?;
        let source = Source::Local { path: path.to_string_lossy().into_owned() };
        let fetched = fetch(desk, &Order { source: &source, pin: None, size: None, many: false, folder: &piece })?;
        let place = folder.join(path.file_name().unwrap_or_default());
        fs::rename(&fetched.path, &place).map_err(wrong)?;
        hashed.extend(fetched.blake3.into_values().map(|digest| (place.clone(), digest)));
    }
    Ok((folder, hashed))
}

/// Local files are inputs of the stage, in the order of the parts: the worker has their paths as the job gives them.
fn here(desk: &Desk<'_>, source: &Source) -> Source {
    let mut inputs = desk.inputs.iter().map(|path| Source::Local { path: path.to_string_lossy().into_owned() });
    match source {
        Source::Parts { parts } if source.is_local() => Source::Parts { parts: inputs.take(parts.len()).collect() },
        Source::Local { .. } => inputs.next().unwrap_or_else(|| source.clone()),
        elsewhere => elsewhere.clone(),
    }
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
