//! One GGUF file to another, with its weights in fewer bits.

use std::ffi::CString;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use llama_cpp_sys_2 as sys;

use crate::file_type::{self, FileType};
use crate::unfinished::Unfinished;
use crate::{Backend, LlamaError, gguf, log};

/// Most threads that are started. Small tensors have work for fewer.
const MOST_THREADS: u32 = 512;

/// What to make of the input. `threads` does not change the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantizeOptions<'a> {
    /// The type to quantize to: one of [`crate::quantizes_to`].
    pub to: &'a str,
    /// Whether the input may be quantized already.
    pub requantize: bool,
    /// Threads that compute.
    pub threads: u32,
}

/// Quantizes the model at `input`, of a split model its first part, to the new file `output`, as `llama-quantize` does
/// without further options: rows that do not divide into the type's blocks, and tensors that need it, get another type.
///
/// `progress` hears of each tensor done: how many are, and of how many. The bytes do not depend on the number of
/// threads. If this fails there is no output.
pub fn quantize(
    _: &Backend,
    input: &Path,
    output: &Path,
    options: &QuantizeOptions<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), LlamaError> {
    let to = FileType::target(options.to)?;
    let Some(threads) = NonZeroU32::new(options.threads) else { return Err(LlamaError::Zero { option: "threads" }) };
    refuse(input, to, options.requantize)?;
    let missing = |_| LlamaError::Missing { path: input.to_owned() };
    let from = CString::new(input.as_os_str().as_encoded_bytes()).map_err(missing)?;
    let (unfinished, _) = Unfinished::new(output)?;
    let into = CString::new(output.as_os_str().as_encoded_bytes()).map_err(missing)?;
    let (code, log) = thread::scope(|scope| {
        // On a thread of its own, so that its log is told apart and this thread can tell of the progress.
        let (copies, lines) = mpsc::channel();
        let work = scope.spawn(move || log::copied_to(copies, || log::errors_of(|| run(&from, &into, to, threads))));
        lines.iter().filter_map(|line| tensors_done(&line)).for_each(|(done, total)| progress(done, total));
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let failed = |log| LlamaError::Quantize { path: input.to_owned(), to: to.name, log };
    if code != 0 {
        return Err(failed(log));
    }
    gguf::check(output).map_err(|error| failed(vec![error.to_string()]))?;
    unfinished.keep();
    Ok(())
}

/// What cannot be quantized, or should not.
fn refuse(input: &Path, to: FileType, requantize: bool) -> Result<(), LlamaError> {
    let header = gguf::check(input)?;
    let path = input.to_owned();
    if header.file_type == Some(to.number) {
        return Err(LlamaError::Pointless { path, to: to.name });
    }
    if header.quantized && !requantize {
        return Err(LlamaError::AlreadyQuantized { path, from: header.file_type.and_then(file_type::name) });
    }
    Ok(())
}

/// Returns what llama.cpp does: zero if it went well.
fn run(from: &CString, into: &CString, to: FileType, threads: NonZeroU32) -> u32 {
    // SAFETY: no precondition.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.ftype = to.number;
    params.nthread = i32::try_from(threads.get().min(MOST_THREADS)).unwrap_or(1);
    // Asked and answered above, in words.
    params.allow_requantize = true;
    // SAFETY: both paths are C strings and outlive the call, as do the parameters, whose pointers are null. The input is
    // a whole GGUF file; exceptions end in the call.
    unsafe { sys::llama_model_quantize(from.as_ptr(), into.as_ptr(), &raw const params) }
}

/// Reads llama.cpp's line about a tensor that is done: `[  12/ 272] blk.0.attn_q.weight - ...`.
fn tensors_done(line: &str) -> Option<(u64, u64)> {
    let (done, total) = line.strip_prefix('[')?.split_once(']')?.0.split_once('/')?;
    Some((done.trim().parse().ok()?, total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_stands_in_the_log() {
        let line = "[  12/ 272]                blk.0.attn_q.weight - [   64,    64,     1,     1], type =    f32, size =  1 MiB";
        assert_eq!(tensors_done(line), Some((12, 272)));
        assert_eq!(tensors_done("[1000/1272] x"), Some((1000, 1272)));
        assert_eq!(tensors_done("llama_model_quantize_impl: model size  =     0.50 MiB (32.00 BPW)"), None);
        assert_eq!(tensors_done("[  12, 272] x/y"), None);
    }
}
