//! LoRA adapters between a GGUF file and memory, in the form that `llama_adapter_lora_init` reads.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use llama_cpp_sys_2 as sys;
use xlt_core::lora::{Lora, Pair, PairShape};

use crate::LlamaError;
use crate::gguf::file::{GgufFile, Tensor};
use crate::gguf::writer::Writer;
use crate::gguf::{LONGEST_TENSOR_NAME, values};
use crate::unfinished::Unfinished;

const A: &str = ".lora_a";
const B: &str = ".lora_b";
/// Of this weight llama.cpp looks rows up. Its files have `A` with the vocabulary's tokens, a row each, and `B` with the rows'
/// numbers; in memory it is a pair like any other, `W + alpha / rank · B A`.
const EMBEDDINGS: &str = "token_embd.weight";

/// Reads a LoRA adapter in GGUF, whatever type its tensors have.
///
/// # Errors
/// Where the file is no whole adapter: everything that is wrong is named at once.
pub fn read_lora(path: &Path) -> Result<Lora, LlamaError> {
    let file = GgufFile::open(path)?;
    let mut faults = kind_faults(&file);
    let mut pairs = Vec::new();
    for (name, halves) in halves(&file, &mut faults) {
        let sound = match &halves {
            [Some(a), Some(b)] => pair_shape(&name, a, b).map(|shape| (shape, a, b)),
            [None, _] => Err(format!("`{name}{B}` has no `{name}{A}`")),
            [_, None] => Err(format!("`{name}{A}` has no `{name}{B}`")),
        };
        match sound {
            Ok((shape, a, b)) => {
                let (a, b) = (numbers(&file, a, &mut faults)?, numbers(&file, b, &mut faults)?);
                pairs.push(in_memory(name, shape, a, b));
            }
            Err(fault) => faults.push(fault),
        }
    }
    let alpha = alpha(&file, &pairs).unwrap_or_else(|fault| {
        faults.push(fault);
        1.0
    });
    let lora = Lora { architecture: file.text("general.architecture").unwrap_or_default(), alpha, pairs };
    if faults.is_empty() {
        faults = lora.faults();
    }
    if faults.is_empty() { Ok(lora) } else { Err(LlamaError::NotLora { path: path.to_owned(), faults }) }
}

/// Writes a LoRA adapter to the new file `path`, in F32: the same adapter makes the same bytes.
///
/// # Errors
/// Where the adapter is not sound, and where the file cannot be made or is there already. Then nothing is left behind.
pub fn write_lora(lora: &Lora, path: &Path) -> Result<(), LlamaError> {
    let faults = unwritable(lora);
    if !faults.is_empty() {
        return Err(LlamaError::NotLora { path: path.to_owned(), faults });
    }
    let header = header(lora);
    let (unfinished, file) = Unfinished::new(path)?;
    let mut out = BufWriter::new(file);
    let written = out.write_all(&header.header()).and_then(|()| {
        for values in lora.pairs.iter().flat_map(in_file) {
            write_tensor(&mut out, &values, header.alignment())?;
        }
        out.flush()
    });
    written.map_err(|source| LlamaError::Unwritable { path: path.to_owned(), source })?;
    unfinished.keep();
    Ok(())
}

/// What is wrong with what the file says it is.
fn kind_faults(file: &GgufFile) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, expected) in [("general.type", "adapter"), ("adapter.type", "lora")] {
        let found = file.text(key);
        if found.as_deref() != Some(expected) {
            let found = found.map_or("is missing".to_owned(), |found| format!("is \"{found}\""));
            faults.push(format!("its key `{key}` {found} and must be \"{expected}\""));
        }
    }
    if file.has("adapter.alora.invocation_tokens") {
        faults.push("it is an activated LoRA, which is to be switched on within a prompt, and none is here".to_owned());
    }
    faults
}

/// The halves of each pair, in the order of the file.
fn halves(file: &GgufFile, faults: &mut Vec<String>) -> Vec<(String, [Option<Tensor>; 2])> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut pairs: Vec<(String, [Option<Tensor>; 2])> = Vec::new();
    for tensor in file.tensors() {
        let half = [A, B].into_iter().enumerate().find_map(|(side, end)| Some((side, tensor.name.strip_suffix(end)?)));
        let Some((side, name)) = half else {
            faults.push(format!("tensor `{}` is neither `{A}` nor `{B}` of a weight", tensor.name));
            continue;
        };
        let place = *places.entry(name.to_owned()).or_insert(pairs.len());
        if place == pairs.len() {
            pairs.push((name.to_owned(), [None, None]));
        }
        pairs[place].1[side] = Some(tensor);
    }
    pairs
}

/// The sizes of a pair, if those of its halves agree.
fn pair_shape(name: &str, a: &Tensor, b: &Tensor) -> Result<PairShape, String> {
    let embeddings = name == EMBEDDINGS;
    let shape = match (a.shape, b.shape) {
        ([rank, outputs, 1, 1], [same, inputs, 1, 1]) if embeddings && rank == same => {
            PairShape { experts: 1, rank, inputs, outputs }
        }
        ([inputs, rank, experts, 1], [same, outputs, all, 1]) if !embeddings && rank == same && experts == all => {
            PairShape { experts, rank, inputs, outputs }
        }
        _ => {
            let expected =
                if embeddings { "[rank, tokens] and [rank, width]" } else { "[inputs, rank] and [rank, outputs]" };
            let found = format!("of shape {} and {}", sizes(a.shape), sizes(b.shape));
            return Err(format!("the two matrices of `{name}` are {found}, which do not fit: {expected} would"));
        }
    };
    Ok(shape)
}

/// A shape without the dimensions that a tensor does not have.
fn sizes(shape: [usize; 4]) -> String {
    let dimensions = shape.iter().rposition(|size| *size != 1).unwrap_or(0).max(1) + 1;
    format!("{:?}", &shape[..dimensions])
}

/// A tensor's numbers; none, and a fault, where its type holds none.
fn numbers(file: &GgufFile, tensor: &Tensor, faults: &mut Vec<String>) -> Result<Vec<f32>, LlamaError> {
    let values = values::to_f32(tensor.kind, &file.bytes(tensor)?, tensor.shape[0]);
    Ok(values.unwrap_or_else(|| {
        faults.push(format!("`{}` is of type {}, which holds no weights", tensor.name, values::type_name(tensor.kind)));
        Vec::new()
    }))
}

/// The numerator of the scale. llama.cpp takes the learned change as it is where there is none.
fn alpha(file: &GgufFile, pairs: &[Pair]) -> Result<f32, String> {
    const KEY: &str = "adapter.lora.alpha";
    match file.real(KEY) {
        Some(alpha) if alpha != 0.0 => return Ok(alpha),
        None if file.has(KEY) => return Err(format!("its key `{KEY}` is no F32")),
        _ => {}
    }
    let mut ranks = pairs.iter().map(|pair| pair.shape.rank);
    let first = ranks.next().unwrap_or(1);
    if ranks.all(|rank| rank == first) {
        Ok(first as f32)
    } else {
        Err(format!("it has pairs of several ranks and no `{KEY}`, by which they are scaled"))
    }
}

/// A pair of what stands in the file.
fn in_memory(tensor: String, shape: PairShape, a: Vec<f32>, b: Vec<f32>) -> Pair {
    if tensor == EMBEDDINGS {
        Pair { tensor, shape, a: transposed(&b, shape.rank), b: a }
    } else {
        Pair { tensor, shape, a, b }
    }
}

/// The numbers of `lora_a` and `lora_b` as they stand in the file.
fn in_file(pair: &Pair) -> [Cow<'_, [f32]>; 2] {
    if pair.tensor == EMBEDDINGS {
        let columns = pair.shape.inputs;
        [Cow::Borrowed(&pair.b), Cow::Owned(transposed(&pair.a, columns))]
    } else {
        [Cow::Borrowed(&pair.a), Cow::Borrowed(&pair.b)]
    }
}

/// A matrix with rows of `width` numbers, its rows made columns.
fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| values.iter().skip(column).step_by(width)).copied().collect()
}

/// Everything that keeps an adapter from being written.
fn unwritable(lora: &Lora) -> Vec<String> {
    let mut faults = lora.faults();
    if !is_plain(&lora.architecture) {
        faults.push("it names no architecture".to_owned());
    }
    for Pair { tensor, shape, .. } in &lora.pairs {
        if !is_plain(tensor) || tensor.len() + A.len() > LONGEST_TENSOR_NAME {
            let most = LONGEST_TENSOR_NAME - A.len();
            faults.push(format!("`{}` is not a name of 1 to {most} bytes", tensor.escape_debug()));
        }
        if tensor == EMBEDDINGS && shape.experts != 1 {
            faults.push(format!("`{EMBEDDINGS}` has no experts"));
        }
    }
    faults
}

/// Whether there is a text that C can hold.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

/// The header, with a pair's `A` before its `B`.
fn header(lora: &Lora) -> Writer {
    let mut writer = Writer::new();
    writer.text("general.type", "adapter");
    writer.text("general.architecture", &lora.architecture);
    writer.text("adapter.type", "lora");
    writer.real("adapter.lora.alpha", lora.alpha);
    for Pair { tensor, shape, .. } in &lora.pairs {
        let PairShape { experts, rank, inputs, outputs } = *shape;
        let dimensions = if experts == 1 { 2 } else { 3 };
        let (a, b) = match tensor.as_str() {
            EMBEDDINGS => ([rank, outputs, 1], [rank, inputs, 1]),
            _ => ([inputs, rank, experts], [rank, outputs, experts]),
        };
        for (side, sizes) in [(A, a), (B, b)] {
            writer.announce(&format!("{tensor}{side}"), &sizes[..dimensions], sys::GGML_TYPE_F32);
        }
    }
    writer
}

/// Writes a tensor's numbers, and zeros up to where the next may begin.
fn write_tensor(out: &mut impl Write, values: &[f32], alignment: usize) -> io::Result<()> {
    for value in values {
        out.write_all(&value.to_le_bytes())?;
    }
    let len = size_of_val(values);
    out.write_all(&vec![0; len.next_multiple_of(alignment) - len])
}

#[cfg(test)]
mod tests;
