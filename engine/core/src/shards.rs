//! Names of the pieces of a split GGUF: `NAME-00001-of-00003.gguf`, as `llama-gguf-split` writes them.

/// One piece of a split GGUF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard<'a> {
    /// What stands before the number, folders included.
    pub stem: &'a str,
    /// From 1.
    pub number: u32,
    /// Of how many.
    pub count: u32,
}

impl<'a> Shard<'a> {
    /// Reads a path; `None` where it names no piece.
    #[must_use]
    pub fn of(path: &'a str) -> Option<Self> {
        let (rest, count) = path.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let (number, count) = (five_digits(number)?, five_digits(count)?);
        (number >= 1 && number <= count).then_some(Self { stem, number, count })
    }

    /// Paths of all pieces of its set, in order.
    pub fn set(&self) -> impl Iterator<Item = String> {
        let Self { stem, count, .. } = *self;
        (1..=count).map(move |number| format!("{stem}-{number:05}-of-{count:05}.gguf"))
    }
}

/// Whether these are all the pieces of one set, in order.
pub fn is_set<'a>(mut paths: impl Iterator<Item = &'a str> + Clone) -> bool {
    let first = paths.clone().next().and_then(Shard::of);
    first.is_some_and(|first| first.set().all(|path| paths.next() == Some(&*path)) && paths.next().is_none())
}

fn five_digits(text: &str) -> Option<u32> {
    (text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_that_the_splitter_writes_are_pieces() {
        let shard = Shard::of("BF16/m-of-x-00002-of-00003.gguf").expect("a piece");
        assert_eq!((shard.stem, shard.number, shard.count), ("BF16/m-of-x", 2, 3));
        for other in
            ["m-00004-of-00003.gguf", "m-00000-of-00003.gguf", "m-2-of-3.gguf", "m-00001-of-00002.bin", "m.gguf"]
        {
            assert_eq!(Shard::of(other), None, "{other}");
        }
        assert!(is_set(["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"].into_iter()));
        assert!(!is_set(["m-00001-of-00002.gguf", "n-00002-of-00002.gguf"].into_iter()));
        assert!(!is_set(["m-00002-of-00002.gguf"].into_iter()));
    }
}
