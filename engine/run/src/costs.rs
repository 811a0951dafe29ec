//! What costs are reckoned from: the lock file, headers and lines of what is in the cache, past rates, this machine.

use crate::doctor::free;
use crate::machine::Machine;
use crate::rates;
use crate::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use xlt_core::cost::{CostFacts, Dimensions, Means, Pace};
use xlt_core::key::Digest;
use xlt_core::lock::Estimate;
use xlt_core::spec::Source;

/// A world of which costs are reckoned.
#[derive(Debug)]
pub struct Reckoning<'a> {
    world: &'a World,
    /// Rates that were measured for this, in place of past ones.
    measured: BTreeMap<Pace, f64>,
    dimensions: RefCell<BTreeMap<Digest, Option<Dimensions>>>,
    rows: RefCell<BTreeMap<Digest, Option<(u64, u64)>>>,
}

impl<'a> Reckoning<'a> {
    /// Of a world; `measured` counts more than past rates.
    #[must_use]
    pub fn of(world: &'a World, measured: BTreeMap<Pace, f64>) -> Self {
        Self { world, measured, dimensions: RefCell::default(), rows: RefCell::default() }
    }
}

impl CostFacts for Reckoning<'_> {
    fn estimate(&self, source: &Source) -> Option<Estimate> {
        self.world.lock.estimate(source)
    }

    fn dimensions(&self, model: &Digest) -> Option<Dimensions> {
        let read = || rates::dimensions(&self.world.cache.object_path(model));
        *self.dimensions.borrow_mut().entry(*model).or_insert_with(read)
    }

    fn local(&self, path: &str) -> Option<(u64, Option<Dimensions>)> {
        let bytes = std::fs::metadata(path).ok()?.len();
        Some((bytes, rates::dimensions(Path::new(path))))
    }

    fn rows(&self, rows: &Digest) -> Option<(u64, u64)> {
        *self.rows.borrow_mut().entry(*rows).or_insert_with(|| lines(&self.world.cache.object_path(rows)))
    }

    fn rate(&self, pace: Pace) -> Option<f64> {
        self.measured.get(&pace).copied().or_else(|| self.world.ledger.rate(pace.name()))
    }

    fn means(&self) -> Means {
        let resources = Machine::look(None).resources;
        Means { memory: resources.memory, disk: free(self.world.cache.root()), cores: resources.cores }
    }
}

/// Share of the rate of bare products that reading prompts reaches (`docs/ARCHITECTURE.md`, Speed: 454 tokens/s of 135 M weights where
/// products alone make 220 GFLOP/s, of which the embeddings need none).
#[cfg(feature = "llama")]
const OF_PRODUCTS: f64 = 0.7;

/// Rates measured now, in a second or two.
///
/// # Errors
/// A sentence: llama.cpp cannot be started.
#[cfg(feature = "llama")]
pub fn calibrated() -> Result<BTreeMap<Pace, f64>, String> {
    let backend = xlt_llama::Backend::silent().map_err(|error| error.to_string())?;
    let cores = Machine::look(None).resources.cores;
    let products = xlt_llama::calibrate(&backend, cores).map_err(|error| error.to_string())?;
    Ok(BTreeMap::from([(Pace::Read, OF_PRODUCTS * products)]))
}

/// Without llama.cpp nothing is computed.
///
/// # Errors
/// Always.
#[cfg(not(feature = "llama"))]
pub fn calibrated() -> Result<BTreeMap<Pace, f64>, String> {
    Err("this xlt was built without llama.cpp".to_owned())
}

/// Lines of text and bytes; `None` of what has no lines. However large the file is, it is not held in memory.
fn lines(path: &Path) -> Option<(u64, u64)> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let (mut lines, mut bytes) = (0, 0);
    loop {
        let block = reader.fill_buf().ok()?;
        if block.is_empty() {
            return (lines > 1).then_some((lines, bytes));
        }
        let count = block.len();
        lines += block.iter().filter(|&&byte| byte == b'\n').count() as u64;
        bytes += count as u64;
        reader.consume(count);
    }
}
