//! From GGUF's names and order to PEFT's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::names::{self, EMBEDDINGS, Module};
use super::{AdapterConfig, ModelShape, PeftAdapter, PeftError, PeftTensor, rotary, transposed};
use crate::lora::{Lora, Pair, PairShape};

/// The adapter as PEFT has it, for the model of that shape, which the hub calls `base`.
///
/// # Errors
/// Where it is no adapter of that model, or a tensor has no place in PEFT's names: all of them are named.
pub fn to_peft(lora: &Lora, shape: &ModelShape, base: Option<&str>) -> Result<PeftAdapter, PeftError> {
    let mut faults = lora.faults();
    if lora.architecture != shape.architecture {
        let (adapter, model) = (&lora.architecture, &shape.architecture);
        faults.push(format!("the adapter is for the architecture `{adapter}` and the model is of `{model}`"));
    }
    faults.extend(names::unknown(&shape.architecture));
    if !faults.is_empty() {
        return Err(PeftError { faults });
    }
    let (mut tensors, mut ranks) = (BTreeMap::new(), BTreeMap::new());
    for pair in &lora.pairs {
        match of_pair(pair, shape) {
            Ok(modules) => {
                for (module, halves) in modules {
                    ranks.insert(module, pair.shape.rank);
                    tensors.extend(halves);
                }
            }
            Err(fault) => faults.push(format!("`{}` cannot be placed: {fault}", pair.tensor)),
        }
    }
    if !faults.is_empty() {
        return Err(PeftError { faults });
    }
    let r = most_common(&ranks);
    let others = ranks.iter().filter(|(_, rank)| **rank != r).map(|(module, rank)| (module.clone(), (*rank).into()));
    let config = AdapterConfig {
        base_model_name_or_path: base.map(str::to_owned),
        r,
        lora_alpha: f64::from(lora.alpha),
        target_modules: targets(&ranks, shape),
        rank_pattern: Some(others.collect::<Map<String, Value>>()),
        ..AdapterConfig::default()
    };
    Ok(PeftAdapter { config, tensors })
}

/// A module, and its two matrices by their names.
type Matrices = (String, [(String, PeftTensor); 2]);

/// What a pair is in PEFT: one module, or one for each expert.
fn of_pair(pair: &Pair, shape: &ModelShape) -> Result<Vec<Matrices>, String> {
    let PairShape { experts, rank, inputs, outputs } = pair.shape;
    let module = names::module(&pair.tensor, shape)?;
    let found = shape.tensors.get(&pair.tensor).ok_or("the model has no such tensor")?;
    if *found != [inputs, outputs, experts] {
        return Err(format!(
            "it is of shape {found:?} in the model, and the adapter's is {:?}",
            [inputs, outputs, experts]
        ));
    }
    let matrices = pair.a.chunks_exact(rank * inputs).zip(pair.b.chunks_exact(outputs * rank)).enumerate();
    matrices.map(|(expert, (a, b))| of_matrices(&module, expert, pair, a, b)).collect()
}

fn of_matrices(module: &Module, expert: usize, pair: &Pair, a: &[f32], b: &[f32]) -> Result<Matrices, String> {
    let PairShape { rank, inputs, outputs, .. } = pair.shape;
    let name = module.name(expert);
    let tensor = |end: &str, shape: [usize; 2], values: Vec<f32>| {
        (format!("base_model.model.{name}.{end}"), PeftTensor { shape: shape.to_vec(), values })
    };
    let halves = if pair.tensor == EMBEDDINGS.1 {
        [
            tensor("lora_embedding_A", [rank, outputs], transposed(b, rank)),
            tensor("lora_embedding_B", [inputs, rank], transposed(a, inputs)),
        ]
    } else {
        let b = match module.heads {
            Some(heads) => rotary::from_gguf(b, rank, heads)
                .ok_or_else(|| format!("its {outputs} rows are not {heads} heads of whole pairs"))?,
            None => b.to_vec(),
        };
        [tensor("lora_A.weight", [rank, inputs], a.to_vec()), tensor("lora_B.weight", [outputs, rank], b)]
    };
    Ok((name, halves))
}

fn most_common(ranks: &BTreeMap<String, usize>) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    ranks.values().for_each(|rank| *counts.entry(*rank).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(1, |(rank, _)| rank)
}

/// The modules: by their names' last part where all modules of the model with this last part are changed.
fn targets(changed: &BTreeMap<String, usize>, shape: &ModelShape) -> Value {
    let last = |module: &str| module.rsplit('.').next().unwrap_or_default().to_owned();
    let modules = shape.tensors.iter().filter_map(|(tensor, [_, _, experts])| {
        let module = names::module(tensor, shape).ok()?;
        Some((0..*experts).map(move |expert| module.name(expert)))
    });
    let partly: BTreeSet<String> =
        modules.flatten().filter(|module| !changed.contains_key(module)).map(|module| last(&module)).collect();
    let names = changed.keys().map(|module| {
        let last = last(module);
        if partly.contains(&last) { module.clone() } else { last }
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
