//! CSV: one line a cell, for spreadsheets and data frames.

mod claims;
mod gains;

pub use claims::claims_csv;
pub use gains::gains_csv;

use crate::written;
use std::fmt::Write as _;
use xlt_core::fertility::LanguageFertility;
use xlt_core::results::{Cell, Change, Generation, Reasoning, Results};
use xlt_core::stats::Proportion;

const HEADER: &str = "model,condition,mode,seed,language,n,correct,accuracy,low,high,median_answer_mass,format_failure,chance,\
     mean_prompt_tokens,cut_off,cannot_tell,reasoning_cut_off,mean_reasoning_tokens,reasoning_script,reasoning_script_share,\
     changed_against,compared,changed,wrong_to_right,right_to_wrong,answers_cut_off,parsed,unparsed,truncated,refused,\
     parsed_correct,parsed_accuracy,parsed_low,parsed_high,rules,interval_covers";

/// More columns where tokens were counted.
const FERTILITY: &str =
    ",tokens_per_passage,tokens_per_character,tokens_per_byte,premium,premium_over,compared_texts,differing_texts";

/// The cells as CSV (RFC 4180, lines ended by a line feed). Rates are 0 to 1, with six
/// decimals; `low` and `high` are Wilson's 95 % interval. A value that a cell does not have is empty. `cut_off` and what
/// ends so counts items that a budget of tokens cut off; `rules` is a list such as `cue=2 boxed=1`; `interval_covers`
/// is `items` where the condition's adapter has one seed. Where tokens were counted,
/// columns at the end say it of each cell's model and language.
#[must_use]
pub fn csv(results: &Results) -> String {
    let more = if results.fertility.is_empty() { "" } else { FERTILITY };
    let mut text = format!("{HEADER}{more}\n");
    for cell in &results.cells {
        line(&mut text, cell, results.chance());
        text.push_str(&fertility(results, cell).concat());
        text.push('\n');
    }
    text
}

fn line(text: &mut String, cell: &Cell, chance: f64) {
    let column = &cell.id.column;
    for name in [&column.model, &column.condition, &column.mode] {
        text.push_str(&quoted(name));
        text.push(',');
    }
    if let Some(seed) = column.seed {
        text.push_str(&seed.to_string());
    }
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        ",{},{},{},{:.6},{:.6},{:.6},{},{},{chance:.6},{:.1},{}",
        quoted(&cell.id.language),
        cell.score.trials(),
        cell.score.successes(),
        cell.score.rate(),
        cell.interval.low,
        cell.interval.high,
        cell.median_answer_mass.map(|mass| format!("{mass:.6}")).unwrap_or_default(),
        cell.format_failure(),
        cell.mean_prompt_tokens,
        written(cell).join(","),
    );
}

/// Tokens of the cell's model and language, each after a comma; nothing where none were counted.
fn fertility(results: &Results, cell: &Cell) -> Vec<String> {
    if results.fertility.is_empty() {
        return Vec::new();
    }
    let measured = results.fertility.get(&cell.id.column.model);
    let of = measured.and_then(|measured| measured.languages.iter().find(|of| of.language == cell.id.language));
    let number = |value: fn(&LanguageFertility) -> Option<f64>| {
        of.and_then(value).map(|value| format!("{value:.6}")).unwrap_or_default()
    };
    let count = |value: fn(&LanguageFertility) -> Option<u64>| {
        of.and_then(value).map(|value| value.to_string()).unwrap_or_default()
    };
    let fields = [
        number(|of| Some(of.fertility.per_passage())),
        number(|of| Some(of.fertility.per_character())),
        number(|of| Some(of.fertility.per_byte())),
        number(|of| of.premium.map(|premium| premium.ratio())),
        measured.and_then(|measured| measured.reference.clone()).unwrap_or_default(),
        count(|of| of.parity.as_ref().map(|parity| parity.texts)),
        count(|of| of.parity.as_ref().map(|parity| parity.differing)),
    ];
    fields.into_iter().map(|field| format!(",{field}")).collect()
}

/// What the model wrote; empty where it did not.
fn written(cell: &Cell) -> Vec<String> {
    let cut_off = cell.cut_off.map(|items| items.successes().to_string()).unwrap_or_default();
    let mut fields = vec![cut_off, cell.cannot_tell().to_string()];
    fields.extend(cell.reasoning.as_ref().map(reasoning).unwrap_or_default());
    fields.extend(cell.reasoning.as_ref().and_then(|of| of.change.as_ref()).map(change).unwrap_or_default());
    fields.extend(cell.generation.as_ref().map(generation).unwrap_or_default());
    fields.push(if cell.items_only { "items".to_owned() } else { String::new() });
    fields
}

fn reasoning(reasoning: &Reasoning) -> [String; 4] {
    let script = reasoning.script();
    [
        reasoning.cut.items.successes().to_string(),
        written::tokens(reasoning),
        script.map(|share| share.script.to_owned()).unwrap_or_default(),
        script.map(|share| format!("{:.6}", share.letters.rate())).unwrap_or_default(),
    ]
}

fn change(Change { against, items, changed, to_right, to_wrong, .. }: &Change) -> [String; 5] {
    let [items, changed, to_right, to_wrong] = [items, changed, to_right, to_wrong].map(u64::to_string);
    [quoted(against), items, changed, to_right, to_wrong]
}

fn generation(generation: &Generation) -> [String; 10] {
    let Generation { cut, parsed, unparsed, truncated, refused, of_parsed, rules } = generation;
    let rate = |rate: Option<f64>| rate.map(|rate| format!("{rate:.6}")).unwrap_or_default();
    let interval = generation.interval();
    let rules: Vec<String> = rules.iter().map(|(rule, count)| format!("{}={count}", rule.word())).collect();
    [
        cut.items.successes().to_string(),
        parsed.to_string(),
        unparsed.to_string(),
        truncated.to_string(),
        refused.to_string(),
        of_parsed.map(|score| score.successes().to_string()).unwrap_or_default(),
        rate(of_parsed.map(Proportion::rate)),
        rate(interval.map(|interval| interval.low)),
        rate(interval.map(|interval| interval.high)),
        rules.join(" "),
    ]
}

/// A number with six decimals; nothing where there is none.
fn number(value: Option<f64>) -> String {
    value.map(|value| format!("{value:.6}")).unwrap_or_default()
}

/// A p-value: small ones keep their digits.
fn p(value: Option<f64>) -> String {
    value.map(|p| if p < 1e-3 { format!("{p:.3e}") } else { format!("{p:.6}") }).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_line_per_cell() {
        let expected = [
            HEADER,
            "m,base,direct,,heb_Hebr,3,2,0.666667,0.207660,0.938508,0.900000,false,0.250000,100.0,,false,,,,,,,,,,,,,,,,,,,,",
            "m,base,direct,,mlt_Latn,3,0,0.000000,0.000000,0.561497,0.100000,true,0.250000,100.0,,false,,,,,,,,,,,,,,,,,,,,",
            "",
        ];
        assert_eq!(csv(&fixture::results()), expected.join("\n"));
    }

    #[test]
    fn separators_in_names_are_quoted() {
        let mut results = fixture::results();
        results.cells[0].id.column.model = "a,\"b\"".to_owned();
        results.cells[0].id.column.seed = Some(17);
        assert!(csv(&results).contains("\n\"a,\"\"b\"\"\",base,direct,17,heb_Hebr,"));
    }

    #[test]
    fn an_interval_of_one_seed_covers_items() {
        let text = csv(&fixture::trained());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(",interval_covers") && lines[1].ends_with(",,"), "{text}");
        assert!(lines[2].starts_with("m,tuned,direct,17,") && lines[2].ends_with(",,items"), "{text}");
    }

    #[test]
    fn texts_have_no_mass() {
        assert!(csv(&fixture::texts()).contains(",1.000000,,false,0.250000,100.0,,"), "{}", csv(&fixture::texts()));
    }

    #[test]
    fn tokens_have_columns_at_the_end_where_they_were_counted() {
        let mut results = fixture::counted();
        let mut elsewhere = results.cells[0].clone();
        elsewhere.id.column.model = "api".to_owned();
        results.cells.push(elsewhere);
        let text = csv(&results);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("{HEADER}{FERTILITY}"));
        assert!(lines[1].ends_with(",,4.000000,1.333333,0.666667,1.000000,heb_Hebr,14,0"), "{text}");
        assert!(lines[2].ends_with(",,7.000000,2.333333,1.166667,1.750000,heb_Hebr,14,3"), "{text}");
        for line in &lines {
            assert_eq!(line.matches(',').count(), lines[0].matches(',').count(), "{text}");
        }
    }

    #[test]
    fn what_was_written_stands_at_the_end() {
        let text = csv(&fixture::written());
        let ends = [
            ",false,0.250000,100.0,1,true,1,750.0,Latn,0.750000,direct,4,3,2,1,,,,,,,,,,,",
            ",false,0.250000,100.0,,false,,,,,,,,,,,,,,,,,,,,",
            ",false,0.250000,100.0,1,true,,,,,,,,,,1,2,0,1,1,1,0.500000,0.094531,0.905469,cue=1 boxed=1,",
        ];
        assert_eq!(text.lines().count(), 4);
        for (line, end) in text.lines().skip(1).zip(ends) {
            assert!(line.ends_with(end), "{line}");
            assert_eq!(line.matches(',').count(), HEADER.matches(',').count(), "{line}");
        }
    }
}
