//! `xlt adapter import`: an adapter that PEFT saved, as GGUF.

use super::refused;
use crate::failure::Failure;
use crate::term;
use std::path::Path;
use xlt_core::peft::from_peft;

pub(super) fn run(folder: &Path, base: &Path, to: &Path) -> Result<(), Failure> {
    let peft = xlt_run::peft::read(folder).map_err(Failure::sentence)?;
    let shape = super::shape(base)?;
    let named = || format!("{} cannot be brought to {}", folder.display(), base.display());
    let lora = from_peft(&peft, &shape).map_err(|error| refused(named(), error))?;
    xlt_llama::write_lora(&lora, to).map_err(|error| Failure::sentence(error.to_string()))?;
    let modules: usize = lora.pairs.iter().map(|pair| pair.shape.experts).sum();
    term::say(&format!("{modules} modules of PEFT became {} tensors in {}", lora.pairs.len(), to.display()));
    Ok(())
}
