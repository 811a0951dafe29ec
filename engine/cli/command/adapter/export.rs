//! `xlt adapter export`: an adapter as PEFT has it.

use super::refused;
use crate::failure::Failure;
use crate::term;
use std::fs;
use std::io::Write;
use std::path::Path;
use xlt_core::peft::{CONFIG_FILE, WEIGHTS_FILE, to_peft};

pub(super) fn run(adapter: &Path, base: &Path, to: &Path, base_name: Option<&str>) -> Result<(), Failure> {
    let (lora, shape) = (super::read(adapter)?, super::shape(base)?);
    let named = || format!("{} cannot be brought to PEFT", adapter.display());
    let peft = to_peft(&lora, &shape, base_name).map_err(|error| refused(named(), error))?;
    let weights = peft.weights_bytes().map_err(|error| refused(named(), error))?;
    fs::create_dir_all(to).map_err(|error| unwritable(to, &error))?;
    for (name, bytes) in [(WEIGHTS_FILE, weights), (CONFIG_FILE, peft.config_text().into_bytes())] {
        let path = to.join(name);
        let written = fs::File::create_new(&path).and_then(|mut file| file.write_all(&bytes));
        written.map_err(|error| unwritable(&path, &error))?;
    }
    if base_name.is_none() {
        term::tell("`base_model_name_or_path` is left empty; give it with `--base-name ORG/REPO`");
    }
    let (tensors, modules) = (lora.pairs.len(), peft.tensors.len() / 2);
    term::say(&format!("{tensors} tensors became {modules} modules of PEFT in {}", to.display()));
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::sentence(format!("{} cannot be written: {error}; name a new folder", path.display()))
}
