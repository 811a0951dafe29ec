//! Takes over what a model answered elsewhere.

use super::{Desk, Product, Trouble, folder};
use std::fs;
use std::path::Path;
use xlt_core::answers;
use xlt_core::asked::Rows;
use xlt_core::interop::import;
use xlt_core::items::called;
use xlt_core::plan::ImportWork;

pub(super) fn run(desk: &Desk<'_>, work: &ImportWork) -> Result<Product, Trouble> {
    let [given, rows] = desk.inputs else { return Err(Trouble::new("it needs answers and rows")) };
    let asked = work.asked();
    let rows = Rows::read(&bytes(rows)?, asked).map_err(Trouble::new)?;
    let name = called(&work.file.source);
    let taken = import(&name, &bytes(given)?, work.format, &rows, asked).map_err(Trouble::new)?;
    desk.log.say(&format!("{} answers taken over from {name}", taken.len()));
    let path = desk.folder.join("answers.jsonl");
    fs::write(&path, answers::write(&taken)).map_err(|error| Trouble::new(folder::sentence(&path, &error)))?;
    Ok(Product { outputs: vec![path], ..Product::default() })
}

fn bytes(path: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(path).map_err(|error| Trouble::new(folder::sentence(path, &error)))
}
