//! An exhibit for a person to read.
//!
//! What comes from the data stands last in its line: a terminal that writes Hebrew from right to left moves nothing else.

use super::exhibit::{Exhibit, Word, Words};
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use xlt_core::answers::{Answer, Ended, Generated, TextLength, Written};
use xlt_core::spec::{Normalize, Score};

/// Columns of the heading and the rules.
pub(super) const WIDTH: usize = 80;
/// Where the answer goes.
pub(super) const SLOT: &str = "⟦answer⟧";
/// Where the model writes before it.
const REASONING: &str = "⟦reasoning⟧";
/// Marks what was predicted, and what is right.
const MARK: &str = "●";

pub(super) fn page(exhibit: &Exhibit<'_>, tokens: bool) -> String {
    let rule = "─".repeat(WIDTH);
    let words = match &exhibit.question {
        Ok(words) => words,
        Err(why) => return format!("{}\n{}\n{rule}\n{why}\n", heading(exhibit), exhibit.item.key),
    };
    let body = if tokens { token_lines(exhibit, words) } else { prompt(exhibit, words) };
    let below = match &exhibit.answer {
        Ok(answer) => format!("{}\n\n{}", answers(exhibit, answer), remarks(exhibit, answer)),
        Err(_) => options(exhibit),
    };
    format!(
        "{}\n{} · {} tokens\n{rule}\n{body}\n{rule}\n{below}\n",
        heading(exhibit),
        exhibit.item.key,
        words.prompt.len()
    )
}

fn heading(exhibit: &Exhibit<'_>) -> String {
    headed(exhibit.stage, exhibit.answer.as_ref().map_or_else(|why| *why, |_| "cached"))
}

/// The stage, and at the right whether it has an answer, or has been made.
pub(super) fn headed(stage: &str, status: &str) -> String {
    let gap = WIDTH.saturating_sub(stage.chars().count() + status.chars().count()).max(2);
    format!("{stage}{}{status}", " ".repeat(gap))
}

/// The prompt, its special tokens dimmed where the terminal can; and what leads from reasoning to the answer.
fn prompt(exhibit: &Exhibit<'_>, words: &Words) -> String {
    let text = flowing(&words.prompt);
    match &words.lead {
        Some(lead) if exhibit.work.mode.generates() => format!("{text}{REASONING}{}{SLOT}", harmless(lead)),
        _ => text + SLOT,
    }
}

/// Tokens as text, special ones dimmed.
pub(super) fn flowing(words: &[Word]) -> String {
    let mut text = String::new();
    for run in words.chunk_by(|a, b| a.special == b.special) {
        let part = harmless(&Words::text(run));
        text.push_str(&if run[0].special { term::dim(&part) } else { part });
    }
    text
}

/// A line for every token; the first is at that place of `places`.
pub(super) fn lines(words: &[Word], first: usize, places: usize) -> String {
    let wide = places.saturating_sub(1).to_string().len();
    words.iter().zip(first..).map(|(word, at)| format!("{at:>wide$}  {:>6}  {}\n", word.id, spelled(word))).collect()
}

/// A line for every token of the prompt, then for those of each answer, which go on from there.
fn token_lines(exhibit: &Exhibit<'_>, words: &Words) -> String {
    let longest = words.answers.iter().map(Vec::len).max().unwrap_or(0);
    let places = words.prompt.len() + longest;
    let mut text = lines(&words.prompt, 0, places);
    for (label, answer) in exhibit.work.prompt.labels.iter().zip(&words.answers) {
        text.push_str(&format!("{SLOT} {}\n{}", harmless(label), lines(answer, words.prompt.len(), places)));
    }
    text.trim_end().to_owned()
}

/// A table of the options with what the model gave each.
fn answers(exhibit: &Exhibit<'_>, answer: &Answer) -> String {
    let texts = answer.texts.as_deref();
    let by_character = texts.is_some() && exhibit.work.mode.normalize == Normalize::Character;
    let figures: &[&str] = match texts {
        None if answer.logprobs.is_empty() => &[],
        None => &["log-prob", "probability"],
        Some(_) if by_character => &["log-prob", "per token", "per byte", "per character"],
        Some(_) => &["log-prob", "per token", "per byte"],
    };
    let mut table = plain_table();
    table.set_header([&["label", "predicted", "gold"], figures, &["option"]].concat());
    for (number, option) in exhibit.item.options.iter().enumerate() {
        let logprob = answer.logprobs.get(number).copied();
        let mut row = vec![
            harmless(&exhibit.work.prompt.labels[number]),
            mark(Some(number) == answer.prediction),
            mark(number == answer.gold),
        ];
        row.extend(logprob.map(|logprob| format!("{logprob:.2}")));
        match (logprob, texts.and_then(|texts| texts.get(number))) {
            (None, _) => {}
            (Some(logprob), None) => row.push(percent(logprob.exp())),
            (Some(logprob), Some(&length)) => {
                let per = |normalize| format!("{:.3}", logprob / TextLength::divisor(length, normalize));
                row.extend([per(Normalize::Token), per(Normalize::Byte)]);
                row.extend(by_character.then(|| per(Normalize::Character)));
            }
        }
        row.push(one_line(option));
        table.add_row(row);
    }
    for column in 3..3 + figures.len() {
        table.column_mut(column).into_iter().for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
    }
    table.trim_fmt()
}

/// The options of a question without an answer.
fn options(exhibit: &Exhibit<'_>) -> String {
    let mut table = plain_table();
    table.set_header(["label", "gold", "option"]);
    for (number, (label, option)) in exhibit.work.prompt.labels.iter().zip(&exhibit.item.options).enumerate() {
        table.add_row([harmless(label), mark(number == exhibit.item.answer), one_line(option)]);
    }
    table.trim_fmt()
}

/// How much the labels have of the model's belief, or by what texts were compared, and what it would have said.
fn remarks(exhibit: &Exhibit<'_>, answer: &Answer) -> String {
    let first = match (answer.answer_mass, exhibit.work.mode.score) {
        (Some(mass), _) => format!(" answer mass  {mass:.3}, the labels' share of all probability at the slot"),
        (None, Score::Texts) => {
            let by = match exhibit.work.mode.normalize {
                Normalize::Sum => "as it is",
                Normalize::Token => "per token",
                Normalize::Byte => "per byte",
                Normalize::Character => "per character",
            };
            format!(" predicted    the highest log-probability {by}")
        }
        (None, Score::Labels | Score::Generate) => String::new(),
    };
    let first = [answer.reasoning.as_ref().map(reasoning), Some(first), answer.generated.as_ref().map(generated)];
    let first: Vec<String> = first.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let first = first.join("\n");
    format!("{first}\n likeliest    {:?}, of all tokens", answer.argmax_text)
}

fn reasoning(written: &Written) -> String {
    format!(" reasoning    {}\n{}", ending(written), indented(&written.text))
}

fn generated(generated: &Generated) -> String {
    let Generated { written, extraction } = generated;
    let found = match extraction.rule {
        Some(rule) => format!("found by the rule `{}`", rule.word()),
        None => format!("no answer found: {}", extraction.outcome.word()),
    };
    format!(" answer       {}; {found}\n{}", ending(written), indented(&written.text))
}

fn ending(written: &Written) -> String {
    let ended = match written.ended {
        Ended::Model => "ended by the model",
        Ended::Stop => "ended at a stop text",
        Ended::Budget => "cut at the budget",
    };
    format!("{} tokens, {ended}", written.tokens)
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(|line| format!("   {}", one_line(line))).collect();
    lines.join("\n")
}

fn mark(here: bool) -> String {
    if here { MARK } else { "" }.to_owned()
}

fn percent(share: f64) -> String {
    if share < 0.0005 { "<0.1 %".to_owned() } else { format!("{:.1} %", 100.0 * share) }
}

/// A token's text in quotes, a special one without. Bytes that are only half a character are written `\xd7`.
fn spelled(word: &Word) -> String {
    let mut text = String::new();
    for chunk in word.bytes.utf8_chunks() {
        text.extend(chunk.valid().escape_debug());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    if word.special { text } else { format!("\"{text}\"") }
}

/// A text that commands no terminal: control characters are written out, line breaks and tabs stay.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => harmless.push(letter),
            _ if letter.is_control() => harmless.extend(letter.escape_default()),
            _ => harmless.push(letter),
        }
    }
    harmless
}

fn one_line(text: &str) -> String {
    harmless(text).replace('\n', "\\n").replace('\t', "\\t")
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_half_a_character_shows_its_bytes() {
        let spelled = |bytes: &[u8], special| spelled(&Word { id: 0, bytes: bytes.to_vec(), special });
        assert_eq!(spelled(b" a\n", false), r#"" a\n""#);
        assert_eq!(spelled(b" \xd7", false), r#"" \xd7""#);
        assert_eq!(spelled("\"שלום".as_bytes(), false), r#""\"שלום""#);
        assert_eq!(spelled(b"<|im_end|>", true), "<|im_end|>");
    }

    #[test]
    fn data_commands_no_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\u{9b}b\r\n\tשלום"), "a\\u{1b}[2J\\u{9b}b\\r\n\tשלום");
        assert_eq!(one_line("a\nb"), "a\\nb");
    }

    #[test]
    fn a_share_too_small_to_show_is_not_nothing() {
        assert_eq!([percent(0.399), percent(0.00051), percent(1e-9)], ["39.9 %", "0.1 %", "<0.1 %"]);
    }
}
