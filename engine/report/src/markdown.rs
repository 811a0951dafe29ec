//! Markdown: the table that a person reads first.

use crate::column;
use crate::languages::english_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use xlt_core::results::{Cell, CellId, Column, FORMAT_FAILURE_BELOW, GroupMean, LEVEL, Results};

/// Follows the numbers of cells that are failures of format.
const MARK: &str = " †";

/// The results as Markdown: languages as rows, model, condition and mode as columns, then what must be known to read it.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let mut text = format!("# {}\n\n", inline(&results.study));
    if results.cells.is_empty() {
        text.push_str("There are no results yet.\n");
    } else {
        caption(&mut text, results);
        table(&mut text, results);
        footnotes(&mut text, results);
        normalizations(&mut text, results);
        tokens(&mut text, results);
    }
    list(&mut text, "Notes", &results.notes);
    list(&mut text, "Not computed by this version", &results.not_computed);
    text
}

fn caption(text: &mut String, results: &Results) {
    let trials = || results.cells.iter().map(|cell| cell.score.trials());
    let (least, most) = (trials().min().unwrap_or(0), trials().max().unwrap_or(0));
    let items = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let level = LEVEL * 100.0;
    let _ = writeln!(text, "Accuracy, with Wilson's {level:.0} % interval in brackets; {items} items in each cell.\n");
}

fn table(text: &mut String, results: &Results) {
    let columns = rows(text, results, |cell| {
        let (low, high) = (cell.interval.low * 100.0, cell.interval.high * 100.0);
        let mark = if cell.format_failure() { MARK } else { "" };
        format!("{:.1} % [{low:.0}–{high:.0}]{mark}", cell.score.rate() * 100.0)
    });
    let groups: BTreeSet<&str> = results.group_means.iter().map(|mean| mean.group.as_str()).collect();
    for group in groups {
        let mean = |column: &Column| {
            let found = results.group_means.iter().find(|mean| mean.group == group && mean.column == *column);
            found.map(group_mean).unwrap_or_default()
        };
        row(text, &format!("*mean of {}*", inline(group)), columns.iter().map(|column| mean(column)));
    }
}

/// The head of a table and a row for each language; returns the columns.
fn rows<'a>(text: &mut String, results: &'a Results, show: impl Fn(&Cell) -> String) -> BTreeSet<&'a Column> {
    let columns: BTreeSet<&Column> = results.cells.iter().map(|cell| &cell.id.column).collect();
    row(text, "Language", columns.iter().map(|column| inline(&column::heading(column))));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(columns.len()));
    let cells: BTreeMap<&CellId, &Cell> = results.cells.iter().map(|cell| (&cell.id, cell)).collect();
    let languages: BTreeSet<&str> = results.cells.iter().map(|cell| cell.id.language.as_str()).collect();
    for language in languages {
        let cell = |column: &Column| {
            let id = CellId { column: column.clone(), language: language.to_owned() };
            cells.get(&id).map(|cell| show(cell)).unwrap_or_default()
        };
        row(text, &language_name(language), columns.iter().map(|column| cell(column)));
    }
    columns
}

/// Accuracy by what the likelihoods of texts are divided by, where there are texts.
fn normalizations(text: &mut String, results: &Results) {
    let cells: Vec<&Cell> = results.cells.iter().filter(|cell| !cell.by_normalization.is_empty()).collect();
    let Some(first) = cells.first() else { return };
    text.push_str("\n## Accuracy by normalization\n\n");
    text.push_str(
        "What the same likelihoods of the texts give when they are divided by their length, or not (sum).\n\n",
    );
    let names = first.by_normalization.iter().map(|by| by.normalize.word().to_owned());
    row(text, "Language | Column", names);
    let _ = writeln!(text, "|---|---|{}", "---:|".repeat(first.by_normalization.len()));
    for cell in cells {
        let id = format!("{} | {}", language_name(&cell.id.language), inline(&column::heading(&cell.id.column)));
        row(text, &id, cell.by_normalization.iter().map(|by| format!("{:.1} %", by.score.rate() * 100.0)));
    }
}

fn tokens(text: &mut String, results: &Results) {
    text.push_str("\n## Tokens a prompt\n\nThe mean over the items, in the model's own tokens.\n\n");
    rows(text, results, |cell| format!("{:.1}", cell.mean_prompt_tokens));
}

fn footnotes(text: &mut String, results: &Results) {
    let chance = results.chance() * 100.0;
    let _ = writeln!(text, "\nChance level: {chance:.1} % (1 of {} options).", results.n_options);
    if !results.group_means.is_empty() {
        text.push_str("\nA mean gives every language the same weight; the number of languages stands beside it.\n");
    }
    if results.cells.iter().any(|cell| cell.format_failure()) {
        let _ = writeln!(
            text,
            "\n† Failure of format: in the median item the labels together have a probability below {FORMAT_FAILURE_BELOW}, \
             so the number says more about the prompt than about the language. A mean is marked if any of its languages is.",
        );
    }
}

fn list(text: &mut String, title: &str, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title}\n");
    for sentence in sentences {
        let _ = writeln!(text, "- {}", sentence.replace('\n', " "));
    }
}

fn row(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(text, "| {first} |");
    for cell in cells {
        let _ = write!(text, " {cell} |");
    }
    text.push('\n');
}

fn group_mean(mean: &GroupMean) -> String {
    let mark = if mean.format_failures > 0 { MARK } else { "" };
    format!("{:.1} % ({}){mark}", mean.accuracy * 100.0, mean.languages)
}

fn language_name(code: &str) -> String {
    match english_name(code) {
        Some(name) => format!("{name} ({code})"),
        None => inline(code),
    }
}

/// Text that cannot break a table or a heading.
fn inline(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn reads_well() {
        let expected = "\
# demo

Accuracy, with Wilson's 95 % interval in brackets; 3 items in each cell.

| Language | m base/direct |
|---|---:|
| Hebrew (heb_Hebr) | 66.7 % [21–94] |
| Maltese (mlt_Latn) | 0.0 % [0–56] † |
| *mean of target* | 33.3 % (2) † |

Chance level: 25.0 % (1 of 4 options).

A mean gives every language the same weight; the number of languages stands beside it.

† Failure of format: in the median item the labels together have a probability below 0.5, so the number says more \
about the prompt than about the language. A mean is marked if any of its languages is.

## Tokens a prompt

The mean over the items, in the model's own tokens.

| Language | m base/direct |
|---|---:|
| Hebrew (heb_Hebr) | 100.0 |
| Maltese (mlt_Latn) | 100.0 |

## Notes

- format failure: m, base/direct, mlt_Latn: the median answer mass is 0.100; the model most often wanted to say \
\"The\" (3 of 3 items).

## Not computed by this version

- the gain of `tuned`
";
        assert_eq!(markdown(&fixture::results()), expected);
    }

    #[test]
    fn a_missing_cell_is_blank_and_a_bar_in_a_name_breaks_no_table() {
        let mut results = fixture::results();
        results.cells[0].id.column.model = "a|b".to_owned();
        let text = markdown(&results);
        assert!(text.contains("| Language | a\\|b base/direct | m base/direct |\n|---|---:|---:|\n"), "{text}");
        assert!(text.contains("| Hebrew (heb_Hebr) | 66.7 % [21–94] |  |\n"), "{text}");
    }

    #[test]
    fn texts_are_shown_by_every_normalization() {
        let text = markdown(&fixture::texts());
        let table = "| Language | Column | sum | token | byte | character |\n|---|---|---:|---:|---:|---:|\n\
                     | Hebrew (heb_Hebr) | m base/direct | 0.0 % | 0.0 % | 100.0 % | 0.0 % |\n\n";
        assert!(text.contains(table), "{text}");
        assert!(!markdown(&fixture::results()).contains("normalization"));
    }

    #[test]
    fn without_cells_it_says_so() {
        let results = xlt_core::results::compute("s", &BTreeMap::new(), &[], 4, Vec::new());
        assert_eq!(markdown(&results), "# s\n\nThere are no results yet.\n");
    }
}
