//! How much of what models wrote stands on the page.
//!
//! Reasoning of a large study would make the page larger than a browser likes. So where all texts together are too long, each is cut
//! at the same length, and the page says where the whole is.

use std::collections::BTreeSet;
use xlt_core::answers::Answer;
use xlt_core::evidence::Evidence;
use xlt_core::exact::Piece;

/// Bytes of all texts that models wrote, as shown. Packed and in base 64 they are half of that, and never more.
const TEXTS: usize = 28 << 20;

/// Bytes of all prompts that are kept whole. Packed they are much less, since they have much in common.
const PROMPTS: usize = 96 << 20;

/// The lengths at which texts are cut, the longest that fits.
const LENGTHS: [usize; 12] = [16_384, 8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512, 384, 256];

/// What the page holds of long things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// At how many bytes each text is cut; `None`: none is.
    pub(super) texts: Option<usize>,
    /// Whether it has the prompts that are kept whole.
    pub(super) prompts: bool,
}

pub(super) fn limit(evidence: &Evidence<'_>) -> Limit {
    let lengths: Vec<usize> =
        cells(evidence).flat_map(|behind| behind.answers.iter().flatten()).flat_map(written).collect();
    let fits = |most: usize| lengths.iter().map(|&length| length.min(most)).sum::<usize>() <= TEXTS;
    let [.., shortest] = LENGTHS;
    let cut = || LENGTHS.into_iter().find(|&most| fits(most)).unwrap_or(shortest);
    let texts = (!fits(usize::MAX)).then(cut);
    Limit { texts, prompts: prompts(evidence) <= PROMPTS }
}

/// Lengths of the texts of an answer.
fn written(answer: &&Answer) -> impl Iterator<Item = usize> {
    let generated = answer.generated.as_ref().map(|generated| generated.written.text.len());
    answer.reasoning.as_ref().map(|reasoning| reasoning.text.len()).into_iter().chain(generated)
}

/// Bytes of the prompts that are kept whole, of equal ones in a language once.
fn prompts(evidence: &Evidence<'_>) -> usize {
    let length = |prompt: &Vec<Piece>| -> usize {
        prompt
            .iter()
            .map(|piece| if let Piece::Text(text) | Piece::Special(text) = piece { text.len() } else { 0 })
            .sum()
    };
    let of_sheet = evidence.languages.iter().map(|sheet| {
        let exact = sheet.cells.iter().flatten().filter_map(|behind| behind.exact.as_ref());
        let whole: BTreeSet<&Vec<Piece>> = exact.flat_map(|exact| exact.whole.values()).collect();
        whole.into_iter().map(length).sum::<usize>()
    });
    of_sheet.sum()
}

fn cells<'e, 'a>(evidence: &'e Evidence<'a>) -> impl Iterator<Item = &'e xlt_core::evidence::Behind<'a>> {
    evidence.languages.iter().flat_map(|sheet| sheet.cells.iter().flatten())
}

/// The beginning of a text, in whole characters, and whether that is less than all of it.
pub(super) fn cut(text: &str, most: Option<usize>) -> (&str, bool) {
    match most {
        Some(most) if text.len() > most => (&text[..text.floor_char_boundary(most)], true),
        _ => (text, false),
    }
}
