use super::*;

/// A file in the making.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new(tensors: u64, pairs: u64) -> Self {
        Self(b"GGUF".to_vec()).u32(3).u64(tensors).u64(pairs)
    }

    fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self = self.u64(text.len() as u64);
        self.0.extend(text.as_bytes());
        self
    }

    fn number(self, key: &str, number: u32) -> Self {
        self.text(key).u32(U32).u32(number)
    }

    fn tensor(self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        let sized = shape.iter().fold(self.text(name).u32(shape.len() as u32), |bytes, size| bytes.u64(*size));
        sized.u32(kind).u64(offset)
    }

    fn read(&self) -> Result<Header, Fault> {
        Header::read(&self.0[..], self.0.len() as u64, block)
    }

    #[track_caller]
    fn malformed(&self, words: &str) {
        match self.read() {
            Err(Fault::Malformed(what)) => assert!(what.contains(words), "{what}"),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn cut(&self) {
        assert!(matches!(self.read(), Err(Fault::Cut(needed)) if needed > self.0.len() as u64), "{:?}", self.read());
    }
}

/// F32, and Q8_0.
fn block(kind: u32) -> Option<(u64, u64)> {
    match kind {
        0 => Some((1, 4)),
        8 => Some((32, 34)),
        _ => None,
    }
}

#[test]
fn a_header_says_what_the_file_holds() {
    let bytes = Bytes::new(2, 3)
        .text("general.architecture")
        .u32(STRING)
        .text("llama")
        .text("llama.attention.head_count")
        .u32(ARRAY)
        .u32(I32)
        .u64(2)
        .u32(4)
        .u32(8)
        .number("llama.block_count", 2)
        .tensor("token_embd.weight", &[64, 10], 8, 0)
        .tensor("blk.0.ffn_up_exps.weight", &[4, 4, 2], 0, 1000);
    let header = bytes.read().expect("a header");
    assert_eq!((header.architecture.as_str(), header.parts, header.quantized), ("llama", 1, true));
    assert_eq!((header.numbers("attention.head_count"), header.numbers("none")), (&[4, 8][..], &[][..]));
    assert_eq!(header.bytes, (bytes.0.len() as u64).next_multiple_of(32) + 1000 + 128);
    let found = header.dimensions();
    assert_eq!((found.parameters, found.layers, found.vocabulary), (640 + 32, 2, 10));
}

#[test]
fn counts_and_lengths_are_held_against_the_file_before_anything_is_kept() {
    for huge in [1 << 60, 1 << 20] {
        Bytes::new(huge, 0).cut();
        Bytes::new(0, huge).cut();
        Bytes::new(0, 1).text("x").u32(ARRAY).u32(STRING).u64(huge).cut();
        Bytes::new(0, 1).text("x").u32(ARRAY).u32(0).u64(huge).cut();
        Bytes::new(0, 1).text("x").u32(STRING).u64(huge).read().expect_err("a text that is not there");
        Bytes::new(0, 1).u64(huge).malformed("a name of");
    }
    Bytes::new(0, 1).text("x").u32(ARRAY).u32(10).u64(1 << 62).malformed("beyond what a file can hold");
    Bytes::new(1, 0).tensor("x", &[1 << 40, 1 << 40], 0, 0).malformed("beyond what a file can hold");
    Bytes::new(1, 0).tensor("x", &[u64::MAX - 31, 32, 0, 1], 8, 0).malformed("beyond what a file can hold");
    Bytes::new(1, 0).tensor("x", &[1], 0, u64::MAX).malformed("beyond what a file can hold");
    let far = Bytes::new(1, 0).tensor("x", &[1], 0, 1 << 60).read().expect("a header");
    assert!(far.bytes > 1 << 60, "and no file is that long");
}

#[test]
fn a_header_of_gigabytes_is_refused_even_where_the_file_has_them() {
    let bytes = Bytes::new(0, 1).text("x").u32(STRING).u64(1 << 40);
    let read = Header::read(&bytes.0[..], u64::MAX, block);
    assert!(matches!(&read, Err(Fault::Malformed(what)) if what.contains("more than 256 MiB")), "{read:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for alignment in [0, 3, u32::MAX] {
        Bytes::new(0, 1).number("general.alignment", alignment).malformed("an alignment of");
    }
    for key in ["general.alignment", "general.architecture"] {
        Bytes::new(0, 1).text(key).u32(6).u32(0).malformed(&format!("key `{key}` has type 6"));
    }
    Bytes::new(0, 1).text("x").u32(13).malformed("key `x` has type 13");
    Bytes::new(0, 1).text("x").u32(ARRAY).u32(ARRAY).u64(1).malformed("key `x` has type 9");
    Bytes::new(1, 0).tensor("x", &[33], 8, 0).malformed("not whole blocks of 32");
    Bytes::new(1, 0).tensor("x", &[1], 7, 0).malformed("tensor `x` has type 7");
    Bytes::new(1, 0).tensor("x", &[1; 5], 0, 0).malformed("tensor `x` has 5 dimensions");
}

#[test]
fn numbers_that_cannot_be_are_large_and_no_panic() {
    let keys = ["expert_count", "expert_used_count", "expert_feed_forward_length", "attention.head_count"];
    let more = ["attention.key_length", "attention.kv_lora_rank", "rope.dimension_count", "embedding_length"];
    let bytes =
        keys.iter().chain(&more).fold(Bytes::new(3, 8), |bytes, key| bytes.number(&format!(".{key}"), u32::MAX));
    let bytes = ["a_exps.weight", "b_exps.weight", "token_embd.weight"]
        .iter()
        .fold(bytes, |bytes, name| bytes.tensor(name, &[1 << 31, 1 << 31], 8, 0));
    let found = bytes.read().expect("a header").dimensions();
    assert_eq!((found.parameters, found.cache, found.vocabulary), (3 << 62, u32::MAX, 1 << 31));
}
