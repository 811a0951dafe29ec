//! Writes the page of a made-up study of 100,000 answers: `cargo run --release --example page -- FILE`. With numbers behind the file
//! (models, languages, items, words of a passage, words of a reasoning) of another size.

#[path = "../tests/browser/study.rs"]
mod study;

use study::Size;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, numbers) = arguments.split_first().ok_or("name the file to write")?;
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    let number = |at: usize, usual: usize| numbers.get(at).copied().unwrap_or(usual);
    let size = Size {
        models: number(0, 7),
        languages: number(1, 48),
        items: number(2, 100),
        words: number(3, 80),
        thoughts: number(4, 250),
    };
    std::fs::write(path, study::page(size))?;
    Ok(())
}
