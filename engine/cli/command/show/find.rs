//! Which item is meant, said as a person types it.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::path::Path;
use xlt_core::items::Item;

/// Items listed where it is not clear which one is meant.
const LISTED: usize = 8;
/// Columns that a list keeps within.
const WIDTH: usize = 80;

/// The key of the one item that is meant.
pub(super) fn key<'i>(
    asked: &str,
    spec: Option<&Path>,
    items: impl IntoIterator<Item = &'i Item>,
) -> Result<String, Failure> {
    let mut questions: BTreeMap<&str, &str> = BTreeMap::new();
    for item in items {
        questions.entry(&item.key).or_insert(&item.question);
    }
    let keys: Vec<&str> = questions.keys().copied().collect();
    let (says, listed) = match matches(asked, &keys).as_slice() {
        [only] => return Ok((*only).to_owned()),
        [] => (
            format!("`{asked}` is in none of the {} keys that are asked; the nearest:", keys.len()),
            nearest(asked, &keys),
        ),
        several if asked.is_empty() => (format!("name one of {} items:", several.len()), several.to_vec()),
        several => (format!("`{asked}` is in {} keys; name one:", several.len()), several.to_vec()),
    };
    let program = spec.map_or_else(|| "xlt show".to_owned(), |spec| format!("xlt show {}", spec.display()));
    let lines: Vec<(String, &str)> = listed
        .iter()
        .take(LISTED)
        .map(|key| (format!("  {program} {}", for_shell(key, &keys)), questions[key]))
        .collect();
    let width = lines.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let line = |(command, question): &(String, &str)| {
        format!("\n{command:width$}  {}", cut(question, WIDTH.saturating_sub(width + 2)))
    };
    let mut text: String = says + &lines.iter().map(line).collect::<String>();
    if listed.len() > LISTED {
        text.push_str(&format!("\n  and {} more", listed.len() - LISTED));
    }
    Err(Failure::sentence(text))
}

/// The keys that can be meant: the exact one, or else those that read alike, or else those that hold the words as a part.
fn matches<'a>(asked: &str, keys: &[&'a str]) -> Vec<&'a str> {
    let words = loose(asked);
    let ways: [&dyn Fn(&str) -> bool; 4] =
        [&|key| key == asked, &|key| !words.is_empty() && loose(key) == words, &|key| key.contains(asked), &|key| {
            !words.is_empty() && loose(key).contains(&words)
        }];
    let found = ways.iter().map(|way| keys.iter().copied().filter(|key| way(key)).collect::<Vec<_>>());
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// A key without what stands between its words and without capitals: `p07|1`, `p07/1` and `P07 1` read alike.
fn loose(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The keys nearest to what was typed, the nearest first.
fn nearest<'a>(asked: &str, keys: &[&'a str]) -> Vec<&'a str> {
    let asked = loose(asked);
    let mut ranked: Vec<(f64, &str)> =
        keys.iter().map(|key| (strsim::jaro_winkler(&asked, &loose(key)), *key)).collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.into_iter().take(4).map(|(_, key)| key).collect()
}

/// A key as it can be typed: with `/` for `|` where that says the same, else in quotes.
fn for_shell(key: &str, keys: &[&str]) -> String {
    let plain = key.replace('|', "/");
    let safe = |letter: char| letter.is_alphanumeric() || "/._:@%+=,-".contains(letter);
    if !plain.starts_with('-') && plain.chars().all(safe) && matches(&plain, keys) == [key] {
        return plain;
    }
    format!("'{}'", key.replace('\'', r"'\''"))
}

/// The beginning of a text, on one line.
fn cut(text: &str, columns: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= columns {
        return line;
    }
    let kept: String = line.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["p01|1", "p07|1", "p07|10", "p07|2", "https://a.b/c_d|1"];

    #[track_caller]
    fn check(asked: &str, expected: &[&str]) {
        assert_eq!(matches(asked, &KEYS), expected, "{asked}");
    }

    #[test]
    fn a_key_is_meant_before_what_holds_it() {
        check("p07|1", &["p07|1"]);
        check("p07|10", &["p07|10"]);
        check("p07", &["p07|1", "p07|10", "p07|2"]);
    }

    #[test]
    fn what_stands_between_words_is_the_typists() {
        for asked in ["p07/1", "p07 1", "P07-1", "p07:1", " p07|1 "] {
            check(asked, &["p07|1"]);
        }
        check("c_d", &["https://a.b/c_d|1"]);
        check("b c d", &["https://a.b/c_d|1"]);
    }

    #[test]
    fn nothing_and_signs_alone_mean_no_item_in_particular() {
        check("", &KEYS);
        check("|", &KEYS);
        check("§", &[]);
    }

    #[test]
    fn a_key_for_the_shell_finds_itself() {
        for (key, typed) in [("p07|1", "p07/1"), ("a b|1", "'a b|1'"), ("it's|2", r"'it'\''s|2'"), ("-x|1", "'-x|1'")] {
            assert_eq!(for_shell(key, &[key]), typed);
        }
        assert_eq!(for_shell("a|1", &["a|1", "a/1"]), "'a|1'", "the other key is spelled so");
    }

    #[test]
    fn a_long_question_is_cut_at_a_character() {
        assert_eq!(cut("በየትኛው  ቀን\nዝግ ነው?", 8), "በየትኛው ቀ…");
        assert_eq!(cut("short", 8), "short");
    }
}
