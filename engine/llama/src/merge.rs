//! An adapter into the weights that it changes: `W + alpha / rank · B A`, in the type that each weight has.
//!
//! The file is copied, and a changed tensor goes through memory some rows at a time. A row depends on nothing but its own
//! numbers, so the number of threads does not show.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::thread;

use llama_cpp_sys_2 as sys;
use xlt_core::lora::{Lora, Pair, PairShape};

use crate::LlamaError;
use crate::gguf::file::{GgufFile, Tensor};
use crate::gguf::values;
use crate::gguf::writer::Writer;
use crate::unfinished::Unfinished;

/// Numbers that one thread has in memory at once, and bytes that are copied at once.
const AT_ONCE: usize = 1 << 20;

/// Keys by which a split model says so, and one that says how its tensors are padded, which the writer does by default.
const OF_A_PART: [&str; 4] = ["split.no", "split.count", "split.tensors.count", "general.alignment"];

/// Writes to the new file `out` the model at `base` with what `lora` learned added to its weights. Everything else is the
/// base's, byte for byte; of a split model, whose first part is named, all parts become one file. Weights that are quantized
/// are quantized again, as ggml does without knowing how they are used. `threads` does not change the result.
///
/// # Errors
/// Where a pair names no weight of the base, or one of another shape or of a type that cannot be written: all of them are
/// named. Then nothing is left behind.
pub fn merge(base: &Path, lora: &Lora, out: &Path, threads: u32) -> Result<(), LlamaError> {
    if threads == 0 {
        return Err(LlamaError::Zero { option: "threads" });
    }
    let parts = GgufFile::open_all(base)?;
    let refused = |faults| LlamaError::Merge { path: base.to_owned(), faults };
    let tensors: Vec<(&GgufFile, Tensor)> =
        parts.iter().flat_map(|part| part.tensors().into_iter().map(move |tensor| (part, tensor))).collect();
    let faults = faults(&parts[0], &tensors, lora);
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let (unfinished, file) = Unfinished::new(out)?;
    let mut work = Work { out: BufWriter::new(file), path: out, threads: threads as usize };
    let pairs: BTreeMap<&str, &Pair> = lora.pairs.iter().map(|pair| (pair.tensor.as_str(), pair)).collect();
    let changed = |tensor: &Tensor| pairs.get(tensor.name.as_str()).map(|pair| (*pair, lora.alpha));
    let lost = match &parts[..] {
        [whole] => work.patch(whole, &tensors, &changed)?,
        _ => work.join(&parts[0], &tensors, &changed)?,
    };
    if !lost.is_empty() {
        return Err(refused(lost));
    }
    work.out.flush().map_err(|source| LlamaError::Unwritable { path: out.to_owned(), source })?;
    unfinished.keep();
    Ok(())
}

/// Everything that keeps the adapter from being merged.
fn faults(base: &GgufFile, tensors: &[(&GgufFile, Tensor)], lora: &Lora) -> Vec<String> {
    let mut faults = lora.faults();
    let architecture = base.text("general.architecture").unwrap_or_default();
    if architecture != lora.architecture {
        faults.push(format!(
            "the adapter is for the architecture `{}` and the model is of `{architecture}`",
            lora.architecture
        ));
    }
    let weights: BTreeMap<&str, &Tensor> = tensors.iter().map(|(_, tensor)| (tensor.name.as_str(), tensor)).collect();
    for pair in &lora.pairs {
        let fault = match weights.get(pair.tensor.as_str()) {
            None => Some("the model has no such tensor".to_owned()),
            Some(_)
                if weights.contains_key(pair.tensor.replace(".weight", ".scale").as_str())
                    && pair.tensor.ends_with(".weight") =>
            {
                Some("the model scales it by another tensor".to_owned())
            }
            Some(tensor) => unfit(tensor, pair.shape),
        };
        faults.extend(fault.map(|fault| format!("`{}`: {fault}", pair.tensor)));
    }
    faults
}

/// Why a pair of this shape cannot change a tensor.
fn unfit(tensor: &Tensor, shape: PairShape) -> Option<String> {
    let PairShape { experts, inputs, outputs, .. } = shape;
    if tensor.shape != [inputs, outputs, experts, 1] {
        let found = &tensor.shape[..3];
        return Some(format!(
            "it is of shape {found:?} in the model, and the adapter's is {:?}",
            [inputs, outputs, experts]
        ));
    }
    let writable = values::is_writable(tensor.kind);
    (!writable).then(|| format!("it is of type {}, which cannot be written again", values::type_name(tensor.kind)))
}

/// Finds the pair that changes a tensor, and the adapter's alpha.
type Changed<'a> = dyn Fn(&Tensor) -> Option<(&'a Pair, f32)> + 'a;

/// The file in the making.
struct Work<'a> {
    out: BufWriter<std::fs::File>,
    path: &'a Path,
    threads: usize,
}

impl Work<'_> {
    /// Copies a file, but for the tensors that are changed. Returns which of these could not be.
    fn patch(
        &mut self,
        file: &GgufFile,
        tensors: &[(&GgufFile, Tensor)],
        changed: &Changed<'_>,
    ) -> Result<Vec<String>, LlamaError> {
        let (mut at, mut lost) = (0, Vec::new());
        for (_, tensor) in tensors {
            if let Some(change) = changed(tensor) {
                self.copy(file, at, tensor.at)?;
                lost.extend(self.change(file, tensor, change)?);
                at = tensor.at + tensor.bytes as u64;
            }
        }
        let end = file.len()?;
        self.copy(file, at, end)?;
        Ok(lost)
    }

    /// Writes the parts of a split model as one file. Returns which of the changed tensors could not be.
    fn join(
        &mut self,
        first: &GgufFile,
        tensors: &[(&GgufFile, Tensor)],
        changed: &Changed<'_>,
    ) -> Result<Vec<String>, LlamaError> {
        let mut header = Writer::new();
        header.keys_of(first);
        OF_A_PART.iter().for_each(|key| header.remove(key));
        let mut names = BTreeSet::new();
        for (part, tensor) in tensors {
            if !names.insert(&tensor.name) {
                let what = format!("tensor `{}` is in another part, too", tensor.name);
                return Err(LlamaError::Malformed { path: part.path().to_owned(), what });
            }
            header.announce(&tensor.name, tensor.dimensions(), tensor.kind);
        }
        self.write(&header.header())?;
        let mut lost = Vec::new();
        for (part, tensor) in tensors {
            match changed(tensor) {
                Some(change) => lost.extend(self.change(part, tensor, change)?),
                None => self.copy(part, tensor.at, tensor.at + tensor.bytes as u64)?,
            }
            self.write(&vec![0; tensor.bytes.next_multiple_of(header.alignment()) - tensor.bytes])?;
        }
        Ok(lost)
    }

    fn copy(&mut self, file: &GgufFile, mut from: u64, to: u64) -> Result<(), LlamaError> {
        let mut bytes = vec![0; AT_ONCE];
        while from < to {
            let count = usize::try_from(to - from).map_or(AT_ONCE, |left| left.min(AT_ONCE));
            file.read(&mut bytes[..count], from)?;
            self.write(&bytes[..count])?;
            from += count as u64;
        }
        Ok(())
    }

    /// Writes a changed tensor. Returns its name, and why, if its type cannot hold what came out.
    fn change(
        &mut self,
        file: &GgufFile,
        tensor: &Tensor,
        (pair, alpha): (&Pair, f32),
    ) -> Result<Option<String>, LlamaError> {
        let (rows, width) = tensor.rows();
        let at_once = (AT_ONCE / width).max(1);
        let row = tensor.bytes / rows;
        let mut next = 0;
        while next < rows {
            let batch: Vec<(usize, usize)> = (next..rows)
                .step_by(at_once)
                .take(self.threads)
                .map(|first| (first, at_once.min(rows - first)))
                .collect();
            let mut read = Vec::new();
            for (first, count) in &batch {
                let mut bytes = vec![0; count * row];
                file.read(&mut bytes, tensor.at + (first * row) as u64)?;
                read.push((*first, bytes));
                next = first + count;
            }
            let changed: Vec<Option<Vec<u8>>> = thread::scope(|scope| {
                let threads: Vec<_> = read
                    .iter()
                    .map(|(first, bytes)| scope.spawn(|| add(tensor.kind, bytes, pair, alpha, *first)))
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    .collect()
            });
            for bytes in changed {
                let Some(bytes) = bytes else {
                    let kind = values::type_name(tensor.kind);
                    return Ok(Some(format!("`{}`: it would hold numbers that {kind} cannot hold", tensor.name)));
                };
                self.write(&bytes)?;
            }
        }
        Ok(None)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LlamaError> {
        self.out
            .write_all(bytes)
            .map_err(|source: io::Error| LlamaError::Unwritable { path: self.path.to_owned(), source })
    }
}

/// Rows of a weight from row `first` on, with what was learned of them added; `None` where the type cannot hold it.
fn add(kind: sys::ggml_type, bytes: &[u8], pair: &Pair, alpha: f32, first: usize) -> Option<Vec<u8>> {
    let PairShape { rank, inputs, outputs, .. } = pair.shape;
    let scale = alpha / rank as f32;
    let mut weights = values::to_f32(kind, bytes, inputs)?;
    let mut learned = vec![0.0; inputs];
    for (row, weights) in (first..).zip(weights.chunks_exact_mut(inputs)) {
        let (a, b) = (&pair.a[row / outputs * rank * inputs..], &pair.b[row * rank..]);
        learned.fill(0.0);
        for (b, a) in b[..rank].iter().zip(a.chunks_exact(inputs)) {
            learned.iter_mut().zip(a).for_each(|(learned, a)| *learned += b * a);
        }
        weights.iter_mut().zip(&learned).for_each(|(weight, learned)| *weight += scale * learned);
    }
    /// The largest number of F16 that is one.
    const MOST_F16: f32 = 65504.0;
    let most = if kind == sys::GGML_TYPE_F16 { MOST_F16 } else { f32::MAX };
    weights.iter().all(|weight| weight.abs() <= most).then(|| values::from_f32(kind, &weights, inputs))?
}
