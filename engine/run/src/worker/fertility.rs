//! Counts the tokens that a model needs for each language. The model that the worker keeps loaded stays as it is.

use super::{Desk, Product, Trouble, folder, llama};
use crate::fertility::count;
use std::fs;
use xlt_core::plan::FertilityWork;

pub(super) fn run(desk: &Desk<'_>, work: &FertilityWork) -> Result<Product, Trouble> {
    let llama = llama::start(desk)?;
    let counted = count(&llama.backend, work, desk.inputs).map_err(Trouble::new)?;
    let text = counted.write().map_err(Trouble::new)?;
    let path = desk.folder.join("fertility.json");
    fs::write(&path, text).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
    Ok(Product { outputs: vec![path], ..Product::default() })
}
