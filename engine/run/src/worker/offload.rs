//! Which layers of a model a job's GPUs hold: as many as fit, and of a training's on the first GPU alone.

use super::Desk;
use std::path::Path;
use xlt_core::items::Item;
use xlt_core::offload::{Beside, Fit, left_for_training};
use xlt_core::plan::EvaluateWork;
use xlt_core::schedule::Share;
use xlt_core::spec::Kv;
use xlt_llama::{LlamaError, LoadOptions, parts};

/// Bytes around an item that a prompt may have, of a chat's template and the like.
const AROUND: usize = 1 << 10;

/// How a model is loaded for a job, and what training may take beside it.
#[derive(Debug, Default)]
pub(super) struct Offload {
    pub(super) options: LoadOptions,
    /// Bytes of the GPU; `None` where the processor computes.
    pub(super) training: Option<u64>,
}

/// For asking these items.
pub(super) fn for_asking(
    desk: &Desk<'_>,
    path: &Path,
    work: &EvaluateWork,
    items: &[Item],
    examples: &[Item],
) -> Result<Offload, LlamaError> {
    let number = match work.evaluate.kv {
        Kv::F16 => 2,
        Kv::F32 => 4,
    };
    let cells = cells(work, items, examples);
    of(desk, path, &desk.job.gpus, |dimensions, _| Beside::asking(dimensions, cells, number))
}

/// For training, which computes on one GPU.
pub(super) fn for_training(desk: &Desk<'_>, path: &Path) -> Result<Offload, LlamaError> {
    of(desk, path, desk.job.gpus.get(..1).unwrap_or_default(), |_, memory| Beside::training(memory))
}

fn of(
    desk: &Desk<'_>,
    path: &Path,
    gpus: &[Share],
    beside: impl FnOnce(&xlt_core::cost::Dimensions, u64) -> Beside,
) -> Result<Offload, LlamaError> {
    let Some(first) = gpus.first() else { return Ok(Offload::default()) };
    let (parts, dimensions) = parts(path)?;
    let beside = beside(&dimensions, first.memory);
    let memories: Vec<u64> = gpus.iter().map(|share| share.memory).collect();
    let Fit { layers, of } = parts.fit(beside, &memories);
    desk.log.say(&said(layers, of, gpus));
    let used = parts.used(layers, Beside::default(), &memories);
    let training = (layers > 0).then(|| left_for_training(first.memory, used[0]));
    Ok(Offload {
        options: LoadOptions { gpus: gpus.to_vec(), gpu_layers: Some(layers), ..LoadOptions::default() },
        training,
    })
}

fn said(layers: u32, of: u32, gpus: &[Share]) -> String {
    let mib = gpus.iter().map(|share| share.memory >> 20).sum::<u64>();
    let place = match gpus {
        [_] => format!("a GPU of which {mib} MiB may be taken"),
        several => format!("{} GPUs of which {mib} MiB may be taken", several.len()),
    };
    let rest = if layers < of { "; the processor computes the others, for which there is no room there" } else { "" };
    format!("{layers} of {of} layers are on {place}{rest}")
}

/// Tokens that the cache holds at most, about: a token is a byte at least. Rounded up, so that the languages of a study have as many
/// layers on a GPU one as the other.
fn cells(work: &EvaluateWork, items: &[Item], examples: &[Item]) -> u64 {
    let length = |item: &Item| {
        let parts = item.passage.iter().chain([&item.question]).chain(&item.options).chain(item.extra.values());
        parts.map(String::len).sum::<usize>()
    };
    let longest = items.iter().map(length).max().unwrap_or_default();
    let shown = examples.iter().map(length).sum::<usize>() + AROUND * examples.len();
    let words = work.mode.instruction.as_ref().map_or(0, String::len);
    let prompt = (longest + shown + words + AROUND) as u64;
    let prompt = work.evaluate.context.map_or(prompt, |most| prompt.min(most.into()));
    let written = if work.mode.generates() { prompt + u64::from(work.mode.budget()) } else { 0 };
    // A probe asks in units of twice the size.
    let cells = 2 * u64::from(work.evaluate.unit) + prompt + u64::from(work.evaluate.slots) * written;
    cells.next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_what_is_not_on_a_gpu() {
        let share = |gpu| Share { gpu, memory: 3 << 30 };
        assert_eq!(said(37, 37, &[share(0)]), "37 of 37 layers are on a GPU of which 3072 MiB may be taken");
        assert_eq!(
            said(20, 37, &[share(0), share(1)]),
            "20 of 37 layers are on 2 GPUs of which 6144 MiB may be taken; the processor computes the others, for which there is \
             no room there"
        );
    }
}
