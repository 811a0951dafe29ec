//! The folder of an adapter that PEFT saved.

use std::fs;
use std::io::Error;
use std::path::Path;
use xlt_core::peft::{CONFIG_FILE, PeftAdapter, WEIGHTS_FILE};

/// Reads the folder's two files.
///
/// # Errors
/// A sentence or more: a file that is not there, or that is not what PEFT writes.
pub fn read(folder: &Path) -> Result<PeftAdapter, String> {
    let (config, weights) = (folder.join(CONFIG_FILE), folder.join(WEIGHTS_FILE));
    let unreadable =
        |path: &Path, error: Error, remedy: &str| format!("{} cannot be read: {error}; {remedy}", path.display());
    let config = fs::read_to_string(&config)
        .map_err(|error| unreadable(&config, error, "name a folder that PEFT's `save_pretrained` made"))?;
    let pickled = folder.join("adapter_model.bin").exists();
    let remedy = if pickled {
        "this one has its matrices pickled: load it with PEFT and save it with `safe_serialization=True`"
    } else {
        "name a folder that PEFT's `save_pretrained` made"
    };
    let weights = fs::read(&weights).map_err(|error| unreadable(&weights, error, remedy))?;
    PeftAdapter::read(&config, &weights)
        .map_err(|error| format!("{} is no adapter of PEFT:\n  {}", folder.display(), error.faults.join("\n  ")))
}
