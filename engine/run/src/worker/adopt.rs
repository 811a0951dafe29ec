//! Takes over an adapter that a program has trained: a folder of PEFT's, or a GGUF file. What has no place in the model is refused.

use super::{Desk, Product, Trouble};
use crate::{model_file, peft};
use std::path::Path;
use xlt_core::lora::Lora;
use xlt_core::peft::{ModelShape, from_peft};
use xlt_core::plan::AdoptWork;
use xlt_llama::{model_shape, read_lora, write_lora};

pub(super) fn run(desk: &Desk<'_>, work: &AdoptWork) -> Result<Product, Trouble> {
    let [model, made] = desk.inputs else { return Err(Trouble::new("it needs a model and an adapter")) };
    let AdoptWork { adapter, model: name, seed } = work;
    let model = model_file(model);
    // The paths of artifacts say nothing to a user.
    let said = |error: String| {
        let error = error.replace(&model.display().to_string(), "the model's file");
        let error = error.replace(&made.display().to_string(), "what the program made");
        Trouble::new(format!("adapter `{adapter}`, seed {seed}, for model `{name}`: {error}"))
    };
    let shape = model_shape(&model).map_err(|error| said(error.to_string()))?;
    let lora = read(made, &shape).map_err(said)?;
    let output = desk.folder.join("adapter.gguf");
    write_lora(&lora, &output).map_err(|error| said(error.to_string()))?;
    let ranks = lora.pairs.iter().map(|pair| pair.shape.rank);
    let (least, most) = (ranks.clone().min().unwrap_or(0), ranks.max().unwrap_or(0));
    let rank = if least == most { least.to_string() } else { format!("{least} to {most}") };
    desk.log.say(&format!("{} weights are adapted, rank {rank}, alpha {}", lora.pairs.len(), lora.alpha));
    Ok(Product { outputs: vec![output], ..Product::default() })
}

fn read(made: &Path, shape: &ModelShape) -> Result<Lora, String> {
    let refused = |faults: &[String]| format!("it cannot be brought to the model:\n  {}", faults.join("\n  "));
    if made.is_dir() {
        return from_peft(&peft::read(made)?, shape).map_err(|error| refused(&error.faults));
    }
    let lora = read_lora(made).map_err(|error| format!("{error}; a folder that PEFT saved would do, too"))?;
    let misfits = lora.misfits(shape);
    if misfits.is_empty() { Ok(lora) } else { Err(refused(&misfits)) }
}
