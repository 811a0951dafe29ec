//! A record's outputs as one short blob: a count, then per output its name (length first), digest, size and kind.

use xlt_core::key::Digest;
use xlt_core::record::Output;

pub(super) fn encode(outputs: &[Output]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(4 + outputs.len() * 64);
    put_length(&mut blob, outputs.len());
    for output in outputs {
        put_length(&mut blob, output.name.len());
        blob.extend_from_slice(output.name.as_bytes());
        blob.extend_from_slice(&output.digest.0);
        blob.extend_from_slice(&output.size.to_le_bytes());
        blob.push(u8::from(output.folder));
    }
    blob
}

fn put_length(blob: &mut Vec<u8>, length: usize) {
    // A name of four billion bytes does not exist; cut short it would not decode, and the record be read instead.
    blob.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

/// `None` where the blob is not one that `encode` made.
pub(super) fn decode(blob: &[u8]) -> Option<Vec<Output>> {
    let mut rest = blob;
    let count = take_length(&mut rest)?;
    let outputs: Option<Vec<Output>> = (0..count).map(|_| take_output(&mut rest)).collect();
    outputs.filter(|_| rest.is_empty())
}

fn take_output(rest: &mut &[u8]) -> Option<Output> {
    let length = take_length(rest)?;
    let name = str::from_utf8(rest.split_off(..length)?).ok()?.to_owned();
    let digest = Digest(*take(rest)?);
    let size = u64::from_le_bytes(*take(rest)?);
    let [folder] = *take(rest)?;
    Some(Output { name, digest, size, folder: folder != 0 })
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Output> {
        let output = |name: &str, size, folder| {
            let digest = Digest::of(name.as_bytes());
            Output { name: name.to_owned(), digest, size, folder }
        };
        vec![output("model", u64::MAX, false), output("", 0, true), output("תשובה", 7, false)]
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(decode(&encode(&sample())), Some(sample()));
        assert_eq!(decode(&encode(&[])), Some(Vec::new()));
    }

    #[test]
    fn a_blob_that_is_cut_or_lengthened_is_refused() {
        let blob = encode(&sample());
        (0..blob.len()).for_each(|end| assert_eq!(decode(&blob[..end]), None, "{end} bytes"));
        assert_eq!(decode(&[blob.as_slice(), &[0]].concat()), None);
        assert_eq!(decode(&[255; 8]), None);
    }
}
