//! Which tensors an adapter changes on a model: what the spec asks for, less what llama.cpp would ignore.

use std::path::Path;
use xlt_core::lora::PairShape;
use xlt_core::plan::FinetuneWork;
use xlt_core::training::{initial, targets};
use xlt_llama::{LlamaError, Model, TrainOptions, Trainer, write_lora};

/// How many names a message shows.
const SHOWN: usize = 8;

/// How an adapter's tensor is called beside the weight's name.
const HALVES: [&str; 2] = [".lora_a", ".lora_b"];

/// A trainer of a new adapter, and the names of the weights that it changes.
pub(super) struct Fitted<'m> {
    pub(super) trainer: Trainer<'m>,
    pub(super) targets: Vec<String>,
    /// Weights that were asked for by a word, and that llama.cpp would ignore.
    pub(super) left_out: Vec<String>,
}

/// Makes the adapter and what trains it. `folder`: where files may be written.
///
/// # Errors
/// A sentence: targets that match nothing, or that llama.cpp would ignore, a rank that is too high, too little memory.
pub(super) fn fit<'m>(
    work: &FinetuneWork,
    model: &'m Model,
    folder: &Path,
    options: &TrainOptions,
) -> Result<Fitted<'m>, String> {
    let lora = &work.training.lora;
    let mut chosen = chosen(work, model)?;
    ranks(lora.rank, &chosen)?;
    let mut left_out = Vec::new();
    let path = folder.join("initial.gguf");
    loop {
        let adapter = initial(model.architecture(), lora.alpha as f32, &chosen, work.seed);
        let said = |error: LlamaError| error.to_string().replace(&path.display().to_string(), "the new adapter");
        let _ = std::fs::remove_file(&path);
        write_lora(&adapter, &path).map_err(said)?;
        // A checkpoint copies the adapter and both moments.
        let copies = 3 * size_of::<f32>() as u64 * adapter.parameters() as u64;
        let memory = options.memory.map(|memory| memory.saturating_sub(copies));
        let unused = match Trainer::new(model, &path, &TrainOptions { memory, ..*options }) {
            Ok(trainer) => {
                let targets = chosen.into_iter().map(|(name, _)| name).collect();
                return Ok(Fitted { trainer, targets, left_out });
            }
            Err(LlamaError::AdapterUnused { unused, .. }) if left_out.is_empty() => unused,
            Err(error) => return Err(said(error)),
        };
        let weight = |tensor: &String| HALVES.iter().find_map(|half| tensor.strip_suffix(half)).map(str::to_owned);
        left_out = unused.iter().filter_map(weight).collect();
        left_out.dedup();
        let named: Vec<&String> = left_out.iter().filter(|name| targets::is_named(lora, name)).collect();
        if !named.is_empty() {
            return Err(format!(
                "llama.cpp does not compute with an adapter of {} on a model of architecture `{}`, though `lora.targets` names \
                 {}; leave {} out",
                listed(&named),
                model.architecture(),
                if named.len() == 1 { "it" } else { "them" },
                if named.len() == 1 { "it" } else { "them" },
            ));
        }
        chosen.retain(|(name, _)| !left_out.contains(name));
        if chosen.is_empty() {
            return Err(format!(
                "llama.cpp computes with none of the tensors that `lora.targets` means on a model of architecture `{}`; name \
                 others",
                model.architecture()
            ));
        }
    }
}

/// What the spec asks for, sorted by layer and name.
fn chosen(work: &FinetuneWork, model: &Model) -> Result<Vec<(String, PairShape)>, String> {
    let lora = &work.training.lora;
    let linear = model.linear_weights(lora.rank as usize).map_err(|error| error.to_string())?;
    let names: Vec<&str> = linear.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = targets::chosen(lora, &names).map_err(|error| error.to_string())?;
    let mut chosen: Vec<(String, PairShape)> =
        linear.iter().filter(|(name, _)| wanted.contains(&name.as_str())).cloned().collect();
    chosen.sort_by(|(one, _), (other, _)| (layer(one), one).cmp(&(layer(other), other)));
    chosen.dedup_by(|(one, _), (other, _)| one == other);
    Ok(chosen)
}

fn layer(name: &str) -> Option<u32> {
    name.strip_prefix("blk.")?.split_once('.')?.0.parse().ok()
}

/// A pair of a higher rank than its weight has rows or columns would learn nothing more.
fn ranks(rank: u32, chosen: &[(String, PairShape)]) -> Result<(), String> {
    let most = |shape: &PairShape| shape.inputs.min(shape.outputs);
    let high: Vec<&String> =
        chosen.iter().filter(|(_, shape)| rank as usize > most(shape)).map(|(name, _)| name).collect();
    if high.is_empty() {
        return Ok(());
    }
    let lowest = chosen.iter().map(|(_, shape)| most(shape)).min().unwrap_or(1);
    Err(format!(
        "`lora.rank` is {rank}, and {} {} fewer rows or columns; set it to {lowest} or less, or name other `targets`",
        listed(&high),
        if high.len() == 1 { "has" } else { "have" },
    ))
}

/// Names in quotes, the first few.
fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_no_higher_than_a_weight_is_wide() {
        let shape = |inputs, outputs| PairShape { experts: 1, rank: 8, inputs, outputs };
        let chosen =
            [("blk.0.attn_q.weight".to_owned(), shape(64, 64)), ("blk.0.attn_k.weight".to_owned(), shape(64, 32))];
        assert_eq!(ranks(32, &chosen), Ok(()));
        let why = ranks(33, &chosen).expect_err("too high");
        assert_eq!(
            why,
            "`lora.rank` is 33, and `blk.0.attn_k.weight` has fewer rows or columns; set it to 32 or less, or name other `targets`"
        );
    }

    #[test]
    fn layers_are_counted_and_not_spelled() {
        let mut names = ["blk.10.a", "blk.2.b", "blk.2.a"];
        names.sort_by(|one, other| (layer(one), one).cmp(&(layer(other), other)));
        assert_eq!(names, ["blk.2.a", "blk.2.b", "blk.10.a"]);
    }
}
