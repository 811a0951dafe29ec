//! CSV: one line a cell, for spreadsheets and data frames.

use std::fmt::Write as _;
use xlt_core::results::{Cell, Results};

const HEADER: &str = "model,condition,mode,seed,language,n,correct,accuracy,low,high,median_answer_mass,format_failure,chance,\
     mean_prompt_tokens";

/// The cells as CSV (RFC 4180, lines ended by a line feed). Rates are 0 to 1, with six
/// decimals; `low` and `high` are Wilson's 95 % interval. A value that a cell does not have is empty.
#[must_use]
pub fn csv(results: &Results) -> String {
    let mut text = format!("{HEADER}\n");
    for cell in &results.cells {
        line(&mut text, cell, results.chance());
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
    let _ = writeln!(
        text,
        ",{},{},{},{:.6},{:.6},{:.6},{},{},{chance:.6},{:.1}",
        quoted(&cell.id.language),
        cell.score.trials(),
        cell.score.successes(),
        cell.score.rate(),
        cell.interval.low,
        cell.interval.high,
        cell.median_answer_mass.map(|mass| format!("{mass:.6}")).unwrap_or_default(),
        cell.format_failure(),
        cell.mean_prompt_tokens,
    );
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
            "m,base,direct,,heb_Hebr,3,2,0.666667,0.207660,0.938508,0.900000,false,0.250000,100.0",
            "m,base,direct,,mlt_Latn,3,0,0.000000,0.000000,0.561497,0.100000,true,0.250000,100.0",
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
    fn texts_have_no_mass() {
        assert!(csv(&fixture::texts()).ends_with(",1.000000,,false,0.250000,100.0\n"), "{}", csv(&fixture::texts()));
    }
}
