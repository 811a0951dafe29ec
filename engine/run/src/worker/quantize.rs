//! Makes a smaller model file of a larger one.

use super::{Desk, Product, Trouble, llama};
use crate::model_file;
use crate::protocol::Unit;
use xlt_llama::{QuantizeOptions, kernel_class, quantize};

pub(super) fn run(desk: &Desk<'_>, to: &str, requantize: bool) -> Result<Product, Trouble> {
    let [model] = desk.inputs else { return Err(Trouble::new("it needs a model")) };
    // Two models at once may be more than the machine holds.
    desk.worker.llama.borrow_mut().clear();
    let model = model_file(model);
    let output = desk.folder.join("model.gguf");
    let said = |error: xlt_llama::LlamaError| {
        let error = error.to_string().replace(&model.display().to_string(), "the model's file");
        Trouble::new(error)
    };
    let llama = llama::start(desk)?;
    let options = QuantizeOptions { to, requantize, threads: desk.job.threads };
    let mut progress = |done, total| desk.worker.progress(done, Some(total), Unit::Tensors);
    quantize(&llama.backend, &model, &output, &options, &mut progress).map_err(said)?;
    Ok(Product { outputs: vec![output], kernel_class: Some(kernel_class(&llama.backend)), ..Product::default() })
}
