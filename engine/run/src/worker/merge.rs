//! Adds an adapter to a model's weights.

use super::{Desk, Product, Trouble};
use crate::model_file;
use xlt_llama::{LlamaError, merge, read_lora};

pub(super) fn run(desk: &Desk<'_>) -> Result<Product, Trouble> {
    let [model, adapter] = desk.inputs else { return Err(Trouble::new("it needs a model and an adapter")) };
    // Two models at once may be more than the machine holds.
    desk.worker.llama.borrow_mut().clear();
    let model = model_file(model);
    let output = desk.folder.join("model.gguf");
    let said = |error: LlamaError| {
        let error = error.to_string().replace(&model.display().to_string(), "the model's file");
        Trouble::new(error.replace(&adapter.display().to_string(), "the adapter's file"))
    };
    let lora = read_lora(adapter).map_err(said)?;
    merge(&model, &lora, &output, desk.job.threads).map_err(said)?;
    desk.log.say(&format!("{} weights changed", lora.pairs.len()));
    Ok(Product { outputs: vec![output], ..Product::default() })
}
