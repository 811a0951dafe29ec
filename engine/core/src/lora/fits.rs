//! Whether an adapter is for a model.

use super::Lora;
use crate::peft::ModelShape;

impl Lora {
    /// Why it is none for the model of that shape: everything at once. Nothing where it is one.
    #[must_use]
    pub fn misfits(&self, shape: &ModelShape) -> Vec<String> {
        let mut misfits = Vec::new();
        if self.architecture != shape.architecture {
            let (own, model) = (&self.architecture, &shape.architecture);
            misfits.push(format!("the adapter is for the architecture `{own}` and the model is of `{model}`"));
        }
        for pair in &self.pairs {
            let own = [pair.shape.inputs, pair.shape.outputs, pair.shape.experts];
            match shape.tensors.get(&pair.tensor) {
                None => misfits.push(format!("`{}` cannot be placed: the model has no such tensor", pair.tensor)),
                Some(model) if *model != own => misfits.push(format!(
                    "`{}` cannot be placed: it is of shape {model:?} in the model, and the adapter's is {own:?}",
                    pair.tensor
                )),
                Some(_) => {}
            }
        }
        misfits
    }
}
