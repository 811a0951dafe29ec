//! Numbers of a tensor type, whole rows at a time: to F32, and back.

use std::ffi::CStr;

use llama_cpp_sys_2 as sys;

/// The numbers in rows of `width` numbers; `None` where ggml cannot tell them, as of a type for other things than weights.
pub(crate) fn to_f32(kind: sys::ggml_type, bytes: &[u8], width: usize) -> Option<Vec<f32>> {
    if kind == sys::GGML_TYPE_F32 {
        return Some(bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect());
    }
    let rows = bytes.len().checked_div(row_bytes(kind, width)?)?;
    let count = rows * width;
    // SAFETY: the type is below `GGML_TYPE_COUNT`, as `row_bytes` found; the table lives as long as the program.
    let convert = unsafe { (*sys::ggml_get_type_traits(kind)).to_float }?;
    let mut values = vec![0.0; count];
    // SAFETY: `bytes` holds that many whole rows of this type, whose width is a multiple of its block, and `values` has room
    // for their numbers. The blocks of every type are of bytes or 16-bit numbers, and a vector's memory is aligned for these.
    unsafe { convert(bytes.as_ptr().cast(), values.as_mut_ptr(), i64::try_from(count).ok()?) };
    Some(values)
}

/// Numbers in rows of `width`, as rows of a type; `None` where ggml cannot write it without knowing how the weights are used.
pub(crate) fn from_f32(kind: sys::ggml_type, values: &[f32], width: usize) -> Option<Vec<u8>> {
    let row = row_bytes(kind, width).filter(|_| is_writable(kind))?;
    let rows = values.len() / width;
    let mut bytes = vec![0; rows * row];
    // SAFETY: there are that many rows, and room for them in the type; it is one that needs no importance matrix, so none is
    // given.
    let written = unsafe {
        let (rows, width) = (i64::try_from(rows).ok()?, i64::try_from(width).ok()?);
        sys::ggml_quantize_chunk(kind, values.as_ptr(), bytes.as_mut_ptr().cast(), 0, rows, width, std::ptr::null())
    };
    (written == bytes.len()).then_some(bytes)
}

/// Whether numbers can be written as this type, knowing nothing but the numbers.
pub(crate) fn is_writable(kind: sys::ggml_type) -> bool {
    const PLAIN: [sys::ggml_type; 3] = [sys::GGML_TYPE_F32, sys::GGML_TYPE_F16, sys::GGML_TYPE_BF16];
    /// Types in which ggml computes, and which it never writes to a file; and one whose scales are in another tensor.
    const OTHERS: [sys::ggml_type; 3] = [sys::GGML_TYPE_Q8_1, sys::GGML_TYPE_Q8_K, sys::GGML_TYPE_NVFP4];
    // SAFETY: both look the type up, the first in a table of `GGML_TYPE_COUNT` entries.
    let is_quantized = kind < sys::GGML_TYPE_COUNT && unsafe { sys::ggml_is_quantized(kind) };
    // SAFETY: as above.
    PLAIN.contains(&kind)
        || is_quantized && !OTHERS.contains(&kind) && !unsafe { sys::ggml_quantize_requires_imatrix(kind) }
}

/// Bytes of a row; `None` of a width that is not whole blocks.
pub(crate) fn row_bytes(kind: sys::ggml_type, width: usize) -> Option<usize> {
    let (values, bytes) = super::block(kind)?;
    let (values, bytes) = (usize::try_from(values).ok()?, usize::try_from(bytes).ok()?);
    (width > 0 && width.is_multiple_of(values)).then(|| width / values * bytes)
}

/// The type's name, as ggml writes it.
pub(crate) fn type_name(kind: sys::ggml_type) -> String {
    if kind >= sys::GGML_TYPE_COUNT {
        return format!("type {kind}");
    }
    // SAFETY: the type is in the table; its name lives as long as the program, or is null where the type was removed.
    unsafe { sys::ggml_type_name(kind).as_ref() }.map_or_else(
        || format!("type {kind}"),
        // SAFETY: a C string of the table.
        |name| unsafe { CStr::from_ptr(name) }.to_string_lossy().to_uppercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type_that_is_written_come_back() {
        let values: Vec<f32> = (0..512_u16).map(|number| (f32::from(number) / 40.0).sin()).collect();
        // The others look their blocks up in tables that take seconds to make.
        let kinds = [
            sys::GGML_TYPE_F32,
            sys::GGML_TYPE_F16,
            sys::GGML_TYPE_BF16,
            sys::GGML_TYPE_Q8_0,
            sys::GGML_TYPE_Q4_0,
            sys::GGML_TYPE_Q6_K,
            sys::GGML_TYPE_Q4_K,
            sys::GGML_TYPE_Q2_K,
            sys::GGML_TYPE_MXFP4,
        ];
        for kind in kinds {
            let bytes = from_f32(kind, &values, 256).unwrap();
            assert_eq!(bytes.len(), 2 * row_bytes(kind, 256).unwrap(), "{}", type_name(kind));
            let back = to_f32(kind, &bytes, 256).unwrap();
            let error = |(one, other): (&f32, &f32)| (one - other).powi(2);
            let errors: f32 = values.iter().zip(&back).map(error).sum();
            assert!(
                errors / values.iter().map(|value| value * value).sum::<f32>() < 0.4,
                "{}: {errors}",
                type_name(kind)
            );
        }
    }

    #[test]
    fn what_is_no_weight_is_not_read() {
        assert_eq!(to_f32(sys::GGML_TYPE_I32, &[0; 8], 2), None);
        assert_eq!(from_f32(sys::GGML_TYPE_I32, &[0.0; 2], 2), None);
        assert_eq!(from_f32(sys::GGML_TYPE_IQ2_XXS, &[0.0; 256], 256), None);
        assert_eq!(to_f32(sys::GGML_TYPE_Q8_0, &[0; 34], 33), None);
        assert_eq!((type_name(sys::GGML_TYPE_Q4_K), type_name(9999)), ("Q4_K".to_owned(), "type 9999".to_owned()));
    }
}
