//! `xlt adapter import`: an adapter that PEFT saved, as GGUF.

use super::refused;
use crate::failure::Failure;
use crate::term;
use std::fs;
use std::path::Path;
use xlt_core::peft::{CONFIG_FILE, PeftAdapter, WEIGHTS_FILE, from_peft};

pub(super) fn run(folder: &Path, base: &Path, to: &Path) -> Result<(), Failure> {
    let peft = read(folder)?;
    let shape = super::shape(base)?;
    let named = || format!("{} cannot be brought to {}", folder.display(), base.display());
    let lora = from_peft(&peft, &shape).map_err(|error| refused(named(), error))?;
    xlt_llama::write_lora(&lora, to).map_err(|error| Failure::sentence(error.to_string()))?;
    let modules: usize = lora.pairs.iter().map(|pair| pair.shape.experts).sum();
    term::say(&format!("{modules} modules of PEFT became {} tensors in {}", lora.pairs.len(), to.display()));
    Ok(())
}

fn read(folder: &Path) -> Result<PeftAdapter, Failure> {
    let (config, weights) = (folder.join(CONFIG_FILE), folder.join(WEIGHTS_FILE));
    let unreadable = |path: &Path, error: std::io::Error, remedy: &str| {
        Failure::sentence(format!("{} cannot be read: {error}; {remedy}", path.display()))
    };
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
        .map_err(|error| refused(format!("{} is no adapter of PEFT", folder.display()), error))
}
