//! From PEFT's names and order to GGUF's.

use std::collections::BTreeMap;

use super::names::{self, EMBEDDINGS, Place};
use super::{ModelShape, PeftAdapter, PeftError, PeftTensor, rotary, transposed};
use crate::lora::{Lora, Pair, PairShape};

/// What comes before a module's name.
const PREFIX: &str = "base_model.model.";
/// End of the name of a weight that PEFT copies from the model, unchanged, where output or embeddings are among the targets.
const COPY: &str = ".base_layer.weight";
/// Ends of tensors' names, in twos.
const ENDS: [[&str; 2]; 2] = [[".lora_A.weight", ".lora_B.weight"], [".lora_embedding_A", ".lora_embedding_B"]];

/// The adapter as GGUF has it, for the model of that shape.
///
/// # Errors
/// Where it is no adapter of that model, or something that it learned has no place: all of it is named.
pub fn from_peft(adapter: &PeftAdapter, shape: &ModelShape) -> Result<Lora, PeftError> {
    let mut faults = adapter.config.faults();
    faults.extend(names::unknown(&shape.architecture));
    let modules = modules(adapter, shape, &mut faults);
    if modules.is_empty() && faults.is_empty() {
        faults.push("it holds no matrices".to_owned());
    }
    if !faults.is_empty() && names::unknown(&shape.architecture).is_some() {
        return Err(PeftError { faults });
    }
    let mut tensors: BTreeMap<(usize, String), Vec<Part>> = BTreeMap::new();
    for (module, (halves, embedding)) in modules {
        match part(&module, halves, embedding, shape) {
            Ok(part) => {
                let (layer, _) = names::order(&part.place.tensor);
                tensors.entry((layer, part.place.tensor.clone())).or_default().push(part);
            }
            Err(fault) => faults.push(format!("`{module}` cannot be placed: {fault}")),
        }
    }
    let alpha = |part: &Part| adapter.config.alpha(&part.module, part.shape.rank);
    let common = tensors.values().flatten().next().map_or(1.0, alpha) as f32;
    let mut pairs = Vec::new();
    for ((_, tensor), mut parts) in tensors {
        // What has another scale gets it by its B: the file has one numerator for all.
        for part in &mut parts {
            let factor = alpha(part) / f64::from(common);
            if alpha(part) as f32 != common {
                part.b.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
            }
        }
        match stack(&tensor, parts, shape) {
            Ok(pair) => pairs.push(pair),
            Err(fault) => faults.push(fault),
        }
    }
    let lora = Lora { architecture: shape.architecture.clone(), alpha: common, pairs };
    if faults.is_empty() {
        faults = lora.faults();
    }
    if faults.is_empty() { Ok(lora) } else { Err(PeftError { faults }) }
}

/// A and B of a module.
type Halves<'a> = [Option<&'a PeftTensor>; 2];

/// The modules' matrices, and whether they change embeddings. Tensors that are nothing of the kind are faults.
fn modules<'a>(
    adapter: &'a PeftAdapter,
    shape: &ModelShape,
    faults: &mut Vec<String>,
) -> BTreeMap<String, (Halves<'a>, bool)> {
    let mut modules: BTreeMap<String, (Halves<'a>, bool)> = BTreeMap::new();
    for (name, tensor) in &adapter.tensors {
        let half = name.strip_prefix(PREFIX).and_then(|name| {
            let mut ends =
                ENDS.iter().enumerate().flat_map(|(kind, ends)| ends.iter().enumerate().map(move |end| (kind, end)));
            ends.find_map(|(kind, (side, end))| Some((name.strip_suffix(end)?, side, kind == 1)))
        });
        if name.strip_prefix(PREFIX).is_some_and(|name| is_copy(name, tensor, shape)) {
            continue;
        }
        let Some((module, side, embedding)) = half else {
            faults.push(format!("tensor `{name}` cannot be placed: it is no A or B of a LoRA"));
            continue;
        };
        let entry = modules.entry(module.to_owned()).or_insert(([None, None], embedding));
        entry.0[side] = Some(tensor);
    }
    modules
}

/// Whether it is a weight of the model, of the model's size: LoRA does not train it. Of another size it belongs to a vocabulary
/// that was made larger.
fn is_copy(name: &str, tensor: &PeftTensor, shape: &ModelShape) -> bool {
    let place = name.strip_suffix(COPY).and_then(|module| names::place(module, shape).ok());
    place
        .and_then(|place| shape.tensors.get(&place.tensor))
        .is_some_and(|[inputs, outputs, _]| tensor.shape == [*outputs, *inputs])
}

/// One module's matrices, in GGUF's order.
struct Part {
    module: String,
    place: Place,
    /// Of one expert.
    shape: PairShape,
    a: Vec<f32>,
    b: Vec<f32>,
}

fn part(module: &str, halves: Halves<'_>, embedding: bool, shape: &ModelShape) -> Result<Part, String> {
    let place = names::place(module, shape)?;
    let [Some(a), Some(b)] = halves else {
        return Err(format!("it has no {}", if halves[0].is_none() { "A" } else { "B" }));
    };
    if embedding != (place.tensor == EMBEDDINGS.1) {
        return Err("embeddings have `lora_embedding_A` and `lora_embedding_B`, and other modules have not".to_owned());
    }
    let ([rank, columns], [rows, same]) = (size(a)?, size(b)?);
    if rank != same {
        return Err(format!("A is of shape {:?} and B of {:?}, which do not fit", a.shape, b.shape));
    }
    let (inputs, outputs) = if embedding { (rows, columns) } else { (columns, rows) };
    let [model_inputs, model_outputs, _] = shape.tensors.get(&place.tensor).copied().unwrap_or_default();
    if [inputs, outputs] != [model_inputs, model_outputs] {
        return Err(format!(
            "it changes a weight of {outputs} x {inputs} and the model's `{}` is {model_outputs} x {model_inputs}; name the \
             model that the adapter was trained on",
            place.tensor
        ));
    }
    let (a, b) = match place.heads {
        _ if embedding => (transposed(&b.values, rank), transposed(&a.values, outputs)),
        None => (a.values.clone(), b.values.clone()),
        Some(heads) => {
            let rows = rotary::to_gguf(&b.values, rank, heads);
            (a.values.clone(), rows.ok_or_else(|| format!("its {outputs} rows are not {heads} heads of whole pairs"))?)
        }
    };
    Ok(Part { module: module.to_owned(), place, shape: PairShape { experts: 1, rank, inputs, outputs }, a, b })
}

/// The two sizes of a matrix that has as many numbers.
fn size(tensor: &PeftTensor) -> Result<[usize; 2], String> {
    match tensor.shape[..] {
        [rows, columns] if rows * columns == tensor.values.len() && rows * columns > 0 => Ok([rows, columns]),
        _ => Err(format!("a matrix of shape {:?} with {} values is none of a LoRA", tensor.shape, tensor.values.len())),
    }
}

/// The parts of a tensor as one pair: its only one, or one for each expert.
fn stack(tensor: &str, mut parts: Vec<Part>, shape: &ModelShape) -> Result<Pair, String> {
    let experts = shape.tensors.get(tensor).map_or(1, |[_, _, experts]| *experts);
    parts.sort_by_key(|part| part.place.expert);
    let missing: Vec<String> = (0..experts)
        .filter(|expert| !parts.iter().any(|part| part.place.expert.unwrap_or(0) == *expert))
        .map(|expert| expert.to_string())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(format!(
            "`{tensor}` cannot be placed: it misses the experts {missing}; train all experts of a layer or none"
        ));
    }
    let first = parts[0].shape;
    if parts.len() != experts || parts.iter().any(|part| part.shape != first) {
        return Err(format!("`{tensor}` cannot be placed: its experts have several ranks; train them with one"));
    }
    let (a, b): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.a, part.b)).unzip();
    Ok(Pair { tensor: tensor.to_owned(), shape: PairShape { experts, ..first }, a: a.concat(), b: b.concat() })
}
