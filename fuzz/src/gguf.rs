//! The header of a GGUF file: nothing is kept that the file does not hold, and less of the file says no other things.

use xlt_core::gguf::{Fault, Header};

/// The input is the file.
pub fn check(input: &[u8]) {
    let Ok(header) = read(input) else { return };
    // The shortest entry of a tensor takes 24 bytes.
    assert!(header.tensors.len() * 24 <= input.len());
    assert!(header.names().map(String::len).sum::<usize>() <= input.len());
    let found = header.dimensions();
    assert!(found.active.is_none_or(|active| header.numbers("expert_used_count").iter().max()
        > header.numbers("expert_count").iter().max()
        || active <= found.parameters));
    for len in [input.len() / 2, input.len() - 1] {
        match read(&input[..len]) {
            Ok(part) => assert_eq!(part, header),
            Err(Fault::Cut(needed)) => assert!(needed > len as u64),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Header, Fault> {
    Header::read(bytes, bytes.len() as u64, block)
}

/// Values and bytes of a block: some types of ggml.
fn block(kind: u32) -> Option<(u64, u64)> {
    match kind {
        0 => Some((1, 4)),
        1 => Some((1, 2)),
        2 => Some((32, 18)),
        8 => Some((32, 34)),
        12 => Some((256, 144)),
        _ => None,
    }
}
