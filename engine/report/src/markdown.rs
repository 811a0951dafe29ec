//! Markdown: the table that a person reads first.

mod effects;

use crate::column;
use crate::fertility::FertilityTable;
use crate::languages::english_name;
use crate::probe::ProbeTable;
use crate::rotation::RotationTable;
use crate::training::TrainingTable;
use crate::{seeds, written};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use xlt_core::results::{Cell, CellId, Column, FORMAT_FAILURE_BELOW, GroupMean, LEVEL, Results};
use xlt_core::stats::Interval;

/// Follows the numbers of cells that are failures of format.
const FAILURE: &str = " †";

/// Follows the numbers that rest on cells of which too many items were cut off.
const CANNOT_TELL: &str = " ‡";

/// Follows intervals that cover the sampling of items alone.
const ITEMS_ONLY: &str = " §";

/// The results as Markdown: languages as rows, model, condition and mode as columns, then what must be known to read it.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let mut text = format!("# {}\n\n", inline(&results.study));
    effects::claims(&mut text, results);
    if results.cells.is_empty() {
        text.push_str("There are no results yet.\n");
    } else {
        effects::facts(&mut text, results);
        caption(&mut text, results);
        table(&mut text, results);
        footnotes(&mut text, results);
        effects::sheets(&mut text, results);
        normalizations(&mut text, results);
        reasoning(&mut text, results);
        generation(&mut text, results);
        rotation(&mut text, results);
        tokens(&mut text, results);
    }
    training(&mut text, results);
    noise(&mut text, results);
    fertility(&mut text, results);
    list(&mut text, "Notes", &results.notes);
    text
}

fn caption(text: &mut String, results: &Results) {
    let trials = || results.cells.iter().map(|cell| cell.score.trials());
    let (least, most) = (trials().min().unwrap_or(0), trials().max().unwrap_or(0));
    let items = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let level = LEVEL * 100.0;
    text.push_str("## Accuracy\n\n");
    let _ =
        writeln!(text, "In per cent, with Wilson's {level:.0} % interval in brackets; {items} items in each cell.\n");
}

fn table(text: &mut String, results: &Results) {
    let columns = rows(text, results, |cell| {
        let marks = marks(cell.format_failure(), cell.cannot_tell());
        format!("{:.1} % {}{marks}", cell.score.rate() * 100.0, interval(cell, cell.interval))
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
        row(
            text,
            &cell_name(&cell.id),
            cell.by_normalization.iter().map(|by| format!("{:.1} %", by.score.rate() * 100.0)),
        );
    }
}

/// What was written before the answers, where something was.
fn reasoning(text: &mut String, results: &Results) {
    let cells = || results.cells.iter().filter_map(|cell| Some((cell, cell.reasoning.as_ref()?)));
    if cells().next().is_none() {
        return;
    }
    let _ = writeln!(text, "\n## Reasoning\n\n{}\n", written::REASONING);
    text.push_str(
        "| Language | Column | Cut off | Tokens | Script | Against | Changed | Wrong to right | Right to wrong |\n",
    );
    let _ = writeln!(text, "|---|---|{}---|{}", "---:|".repeat(3), "---:|".repeat(3));
    for (cell, reasoning) in cells() {
        let cut = format!("{}{}", written::share(reasoning.cut.items), marks(false, cell.cannot_tell()));
        let change = match &reasoning.change {
            Some(change) => [
                inline(&change.against),
                format!("{} of {}{}", change.changed, change.items, marks(false, change.cannot_tell)),
                change.to_right.to_string(),
                change.to_wrong.to_string(),
            ],
            None => Default::default(),
        };
        let written = [cut, written::tokens(reasoning), written::script(reasoning)];
        row(text, &cell_name(&cell.id), written.into_iter().chain(change));
    }
}

/// What became of generated answers, where there are any.
fn generation(text: &mut String, results: &Results) {
    let cells = || results.cells.iter().filter_map(|cell| Some((cell, cell.generation.as_ref()?)));
    if cells().next().is_none() {
        return;
    }
    let _ = writeln!(text, "\n## Answers in the model's own words\n\n{}\n", written::GENERATION);
    text.push_str("| Language | Column | Parsed | Unparsed | Truncated | Refused | Cut off | Accuracy | of the parsed | Found by |\n");
    let _ = writeln!(text, "|---|---|{}---|", "---:|".repeat(7));
    for (cell, generation) in cells() {
        let marks = marks(false, cell.cannot_tell());
        let of_parsed = generation.of_parsed.zip(generation.interval()).map(|(score, interval)| {
            format!("{:.1} % {}{marks}", score.rate() * 100.0, self::interval(cell, interval))
        });
        let outcomes = [generation.parsed, generation.unparsed, generation.truncated, generation.refused];
        let scores = [
            written::share(generation.cut.items),
            format!("{:.1} %{marks}", cell.score.rate() * 100.0),
            of_parsed.unwrap_or_default(),
            written::rules(generation),
        ];
        row(text, &cell_name(&cell.id), outcomes.into_iter().map(|count| count.to_string()).chain(scores));
    }
}

/// How far answers hang on the order of the options, where it was rotated.
fn rotation(text: &mut String, results: &Results) {
    let table = RotationTable::new(results);
    if table.rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Rotated options\n\n{}\n", table.about());
    let _ = writeln!(text, "| Language | Column | {} |\n|---|---|---:|---:|---|---|", table.heads.join(" | "));
    for (cell, texts) in table.rows {
        row(text, &cell_name(cell), texts.into_iter());
    }
}

fn tokens(text: &mut String, results: &Results) {
    text.push_str("\n## Tokens a prompt\n\nThe mean over the items, in the model's own tokens.\n\n");
    rows(text, results, |cell| format!("{:.1}", cell.mean_prompt_tokens));
}

/// Tokens that the models need, where they were counted.
fn fertility(text: &mut String, results: &Results) {
    let table = FertilityTable::new(&results.fertility);
    if table.rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Tokens by language\n\n{}\n", table.about());
    let ids = |parity: String| table.parity.then_some(parity);
    row(text, "Language | Model", table.heads.iter().cloned().chain(ids("Ids".to_owned())));
    let _ = writeln!(text, "|---|---|{}{}", "---:|".repeat(table.heads.len()), if table.parity { "---|" } else { "" });
    for of in &table.rows {
        let parity = of.parity.map(|parity| inline(&parity.to_string())).unwrap_or_default();
        let name = format!("{} | {}", language_name(of.language), inline(of.model));
        row(text, &name, of.numbers.iter().cloned().chain(ids(parity)));
    }
}

/// How adapters were trained, where that was done here.
fn training(text: &mut String, results: &Results) {
    let table = TrainingTable::new(&results.trainings);
    if table.rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Training\n\n{}\n", table.about());
    row(text, "Model | Adapter | Seed", table.heads.iter().map(|&head| head.to_owned()));
    let _ = writeln!(text, "|---|---|---:|{}", "---:|".repeat(table.heads.len()));
    for of in table.rows {
        let name = format!("{} | {} | {}", inline(&of.of.model), inline(&of.of.adapter), of.of.seed);
        row(text, &name, of.numbers.into_iter());
    }
}

/// How far scores depend on company, where that was probed.
fn noise(text: &mut String, results: &Results) {
    let table = ProbeTable::new(&results.probes);
    if table.rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Noise floor\n\n{}\n", table.about());
    row(text, "Language | Column", table.heads.iter().copied().chain(["Between"]).map(str::to_owned));
    text.push_str("|---|---|---:|---:|---:|---|\n");
    for of in &table.rows {
        let place = of.place.map(|place| inline(&place.to_string())).unwrap_or_default();
        row(text, &cell_name(of.cell), of.numbers.iter().cloned().chain([place]));
    }
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
    if results.cells.iter().any(Cell::cannot_tell) {
        let _ = writeln!(text, "\n‡ {} A mean is marked if any of its languages is.", written::cannot_tell());
    }
    if results.cells.iter().any(|cell| cell.items_only) {
        let _ = writeln!(text, "\n§ {}", seeds::ITEMS_ONLY);
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
    let marks = marks(mean.format_failures > 0, mean.cannot_tell > 0);
    format!("{:.1} % ({}){marks}", mean.accuracy * 100.0, mean.languages)
}

/// `[21–94]`, with the mark of the cell's intervals.
fn interval(cell: &Cell, Interval { low, high }: Interval) -> String {
    let mark = if cell.items_only { ITEMS_ONLY } else { "" };
    format!("[{:.0}–{:.0}]{mark}", low * 100.0, high * 100.0)
}

fn marks(failure: bool, cannot_tell: bool) -> String {
    let mark = |is: bool, mark| if is { mark } else { "" };
    format!("{}{}", mark(failure, FAILURE), mark(cannot_tell, CANNOT_TELL))
}

/// Two columns that say what a row is of.
fn cell_name(CellId { column, language }: &CellId) -> String {
    format!("{} | {}", language_name(language), inline(&column::heading(column)))
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

## At a glance

- Answer mass: 0.50 (median of 2 cells)
- Failures of format: 1 of 2 cells
- Noise floor: not probed

## Accuracy

In per cent, with Wilson's 95 % interval in brackets; 3 items in each cell.

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
    fn what_was_written_has_tables_of_its_own() {
        let text = markdown(&fixture::written());
        for part in [
            "| Language | m base/cot | m base/direct | m base/free |\n|---|---:|---:|---:|\n\
             | Hebrew (heb_Hebr) | 75.0 % [30–95] ‡ | 50.0 % [15–85] | 25.0 % [5–70] ‡ |\n\
             | *mean of target* | 75.0 % (1) ‡ | 50.0 % (1) | 25.0 % (1) ‡ |\n",
            "\n‡ Cannot tell: in more than 5 % of the items the budget of tokens cut off the reasoning or the answer, so \
             the number says as much about the budget as about the model. A mean is marked if any of its languages is.\n",
            "| Language | Column | Cut off | Tokens | Script | Against | Changed | Wrong to right | Right to wrong |\n\
             |---|---|---:|---:|---:|---|---:|---:|---:|\n\
             | Hebrew (heb_Hebr) | m base/cot | 1 of 4 (25.0 %) ‡ | 750.0 | Latn 75.0 % | direct | 3 of 4 ‡ | 2 | 1 |\n\n",
            "| Language | Column | Parsed | Unparsed | Truncated | Refused | Cut off | Accuracy | of the parsed | Found by |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|---|\n\
             | Hebrew (heb_Hebr) | m base/free | 2 | 0 | 1 | 1 | 1 of 4 (25.0 %) | 25.0 % ‡ | 50.0 % [9–91] ‡ \
             | cue 1, boxed 1 |\n\n",
            "- cannot tell: m, base/cot, heb_Hebr: 1 of 4 items (25.0 %) were cut off by the budget of tokens; set \
             `modes.cot.reason.max_tokens` to 4096.\n\
             - cannot tell: m, base/free, heb_Hebr: 1 of 4 items (25.0 %) were cut off by the budget of tokens; set \
             `modes.free.max_tokens` to 32.\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!markdown(&fixture::results()).contains('‡'));
    }

    #[test]
    fn what_is_not_known_of_reasoning_is_blank() {
        let mut results = fixture::written();
        let reasoning = results.cells[0].reasoning.as_mut().expect("reasoning");
        reasoning.mean_tokens = None;
        reasoning.scripts.clear();
        reasoning.change = None;
        let text = markdown(&results);
        assert!(text.contains("| m base/cot | 1 of 4 (25.0 %) ‡ |  |  |  |  |  |  |\n"), "{text}");
        let generation = results.cells[2].generation.as_mut().expect("generated");
        generation.of_parsed = None;
        generation.rules.clear();
        let text = markdown(&results);
        assert!(text.contains("| 1 of 4 (25.0 %) | 25.0 % ‡ |  |  |\n"), "{text}");
    }

    #[test]
    fn tokens_have_a_table_where_they_were_counted() {
        let text = markdown(&fixture::counted());
        let table = "\n## Tokens by language\n\nTokens that a model needs for the same texts";
        let rows = "| Language | Model | Passages | Tokens a passage | a character | a byte | of heb_Hebr | Ids |\n\
                    |---|---|---:|---:|---:|---:|---:|---|\n\
                    | Hebrew (heb_Hebr) | m | 2 | 4.0 | 1.333 | 0.667 | 1.00x | same ids |\n\
                    | Maltese (mlt_Latn) | m | 2 | 7.0 | 2.333 | 1.167 | 1.75x | 3 of 14 texts differ, first: option 2 of item \
                    p\\|1, token 5: 17 \" כ\" in the GGUF, none in its tokenizer |\n";
        assert!(text.contains(table) && text.contains(rows), "{text}");
        let mut results = fixture::counted();
        for measured in results.fertility.values_mut() {
            measured.reference = None;
            measured.languages.iter_mut().for_each(|of| (of.premium, of.parity) = (None, None));
        }
        let text = markdown(&results);
        assert!(text.contains("| a character | a byte |\n|---|---|---:|---:|---:|---:|\n"), "{text}");
        assert!(!text.contains("premium") && !text.contains("Ids"), "{text}");
    }

    #[test]
    fn the_noise_floor_has_a_table_where_cells_were_probed() {
        let text = markdown(&fixture::probed());
        let table = "\n## Noise floor\n\nThe same items scored alone, as answered, and in units twice as large";
        let rows = "| Language | Column | Items | Greatest difference (nats) | Flips of 100 | Between |\n\
                    |---|---|---:|---:|---:|---|\n\
                    | Hebrew (heb_Hebr) | m base/direct | 8 | 1.2e-3 | 12.5 | option 2 of item p\\|1, alone and in units twice as \
                    large |\n\
                    | Maltese (mlt_Latn) | m base/direct | 4 | 0 | 0.0 |  |\n";
        assert!(text.contains(table) && text.contains(rows), "{text}");
        assert!(!markdown(&fixture::results()).contains("## Noise floor"));
    }

    #[test]
    fn trainings_have_a_table() {
        let text = markdown(&fixture::trained());
        let rows = "| Model | Adapter | Seed | Steps | Examples | Tokens | First loss | Last | Smoothed | Lowest | Trained |\n\
                    |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
                    | m | arabic | 17 | 3 | 40 | 2700 | 3.000 | 0.500 | 1.413 | 0.500 | 0.3072 % |\n\
                    | m | french | 1 | 1 | 40 | 900 | 3.000 | 3.000 | 3.000 | 3.000 | 0.3072 % |\n\
                    | m | french | 2 | 0 | 40 |  |  |  |  |  | 0.3072 % |\n";
        assert!(text.contains("\n## Training\n\nThe examples of a pass") && text.contains(rows), "{text}");
        assert!(!markdown(&fixture::results()).contains("Training"));
    }

    #[test]
    fn every_interval_of_one_seed_says_that_it_covers_items_only() {
        let text = markdown(&fixture::trained());
        assert!(text.contains("| Hebrew (heb_Hebr) | 50.0 % [9–91] | 50.0 % [9–91] § |\n"), "{text}");
        let note = "\n§ Items only: the adapter has one seed, so the interval covers the sampling of items, not of trainings. \
                    Another seed may well fall outside it.\n";
        assert!(text.contains(note), "{text}");
        let mut written = fixture::written();
        assert!(!markdown(&written).contains('§'));
        written.cells[2].items_only = true;
        let text = markdown(&written);
        assert!(text.contains("25.0 % [5–70] § ‡ |") && text.contains("50.0 % [9–91] § ‡ |"), "{text}");
    }

    #[test]
    fn without_cells_it_says_so() {
        let results = xlt_core::results::compute("s", &BTreeMap::new(), &[], 4);
        assert_eq!(markdown(&results), "# s\n\nThere are no results yet.\n");
    }
}
