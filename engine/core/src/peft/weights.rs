//! Matrices in the safetensors format.

use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::PeftTensor;

/// All tensors of a file.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, PeftTensor>, String> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| format!("{error}; it must be a whole safetensors file"))?;
    file.iter().map(|(name, view)| Ok((name.to_owned(), tensor(name, &view)?))).collect()
}

fn tensor(name: &str, view: &TensorView<'_>) -> Result<PeftTensor, String> {
    let bytes = view.data();
    let values = match view.dtype() {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|value| bf16(u16::from_le_bytes(*value))).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|value| f16(u16::from_le_bytes(*value))).collect(),
        other => return Err(format!("`{name}` is of type {other:?}; F32, F16 and BF16 are read")),
    };
    Ok(PeftTensor { shape: view.shape().to_vec(), values })
}

/// A file with these tensors, in F32.
pub(super) fn write(tensors: &BTreeMap<String, PeftTensor>) -> Result<Vec<u8>, String> {
    let data: Vec<(&String, &PeftTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor, tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views: Result<Vec<_>, _> = data
        .iter()
        .map(|(name, tensor, bytes)| Ok((name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?)))
        .collect();
    let written = views.and_then(|views| {
        // What wrote the tensors, which transformers asks of every file.
        let metadata = [("format".to_owned(), "pt".to_owned())];
        safetensors::serialize(views, Some(metadata.into_iter().collect()))
    });
    written.map_err(|error| error.to_string())
}

/// A number of which only the upper half is kept.
fn bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 half precision.
fn f16(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2.0_f32.powi(-24),
        0x1f if fraction == 0.0 => sign * f32::INFINITY,
        0x1f => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]
mod tests {
    use super::*;

    fn file(dtype: Dtype, bytes: &[u8], shape: &[usize]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
        safetensors::serialize([("x", view)], None).unwrap()
    }

    #[test]
    fn numbers_of_fewer_bits_are_read() {
        let cases = [0x0000_u16, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0xc000, 0x7bff, 0x7c00, 0xfc00];
        let values = [0.0, 5.960_464_5e-8, 6.097_555e-5, 6.103_515_6e-5, 1.0, 0.333_251_95, -2.0, 65504.0];
        let bytes: Vec<u8> = cases.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let read = read(&file(Dtype::F16, &bytes, &[5, 2])).unwrap();
        assert_eq!(read["x"].shape, [5, 2]);
        assert_eq!(read["x"].values[..8], values);
        assert_eq!(read["x"].values[8..], [f32::INFINITY, f32::NEG_INFINITY]);
        assert!(f16(0x7e00).is_nan());
        assert_eq!(super::read(&file(Dtype::BF16, &[0x20, 0xc0, 0x80, 0x3f], &[2])).unwrap()["x"].values, [-2.5, 1.0]);
    }

    #[test]
    fn what_is_written_is_read() {
        let tensor = |from: f32| PeftTensor { shape: vec![2, 1], values: vec![from, f32::MIN_POSITIVE] };
        let tensors = BTreeMap::from([("b".to_owned(), tensor(1.5)), ("a".to_owned(), tensor(-0.1))]);
        let bytes = write(&tensors).unwrap();
        assert_eq!(read(&bytes).unwrap(), tensors);
        assert!(String::from_utf8_lossy(&bytes).contains(r#""__metadata__":{"format":"pt"}"#));
        let wrong = BTreeMap::from([("a".to_owned(), PeftTensor { shape: vec![3], values: vec![0.0] })]);
        assert!(write(&wrong).is_err());
    }

    #[test]
    fn other_files_are_refused() {
        assert!(read(b"<!DOCTYPE html>").unwrap_err().contains("must be a whole safetensors file"));
        let whole = file(Dtype::F32, &[0; 8], &[2]);
        assert!(read(&whole[..whole.len() - 1]).is_err());
        assert!(read(&file(Dtype::I64, &[0; 8], &[1])).unwrap_err().contains("`x` is of type I64"));
    }
}
