//! LaTeX: tables for a paper. They compile with the package booktabs and no other.

use crate::column;
use crate::effects::{self, claims};
use crate::points::points;
use crate::sheet::{Field, Head, Row, Sheet, short};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use xlt_core::results::{Cell, CellId, Column, Results};

/// Longer words are broken into lines.
const LONG: usize = 32;

/// Accuracies, gains by population and claims as floating tables, to be read in with `\input`.
#[must_use]
pub fn latex(results: &Results) -> String {
    let study = results.study.replace(['\n', '\r'], " ");
    let mut text = format!("% {study}: tables. In the preamble: \\usepackage{{booktabs}}\n");
    let models: BTreeSet<&str> = results.cells.iter().map(|cell| cell.id.column.model.as_str()).collect();
    let accuracies = models.into_iter().map(|model| (accuracies(results, model), means(results, model)));
    for (number, (sheet, means)) in accuracies.enumerate() {
        table(&mut text, &sheet, &means, &format!("accuracy-{}", number + 1));
    }
    if let Some(sheet) = effects::populations(results) {
        table(&mut text, &sheet, &[], "gains");
    }
    if let Some(sheet) = claims::claims(results) {
        // What is left fits the width of a page.
        table(&mut text, &sheet.without(&["p", "Detectable"]), &[], "claims");
    }
    text
}

/// The accuracies of a model: languages as rows, conditions and modes as columns.
fn accuracies(results: &Results, model: &str) -> Sheet {
    let columns = columns(results, model);
    let cells: BTreeMap<&CellId, &Cell> = results.cells.iter().map(|cell| (&cell.id, cell)).collect();
    let of_model = results.cells.iter().filter(|cell| cell.id.column.model == model);
    let languages: BTreeSet<&str> = of_model.map(|cell| cell.id.language.as_str()).collect();
    let row = |code: &str| {
        let field = |column: &&Column| {
            let id = CellId { column: (*column).clone(), language: code.to_owned() };
            cells
                .get(&id)
                .map(|cell| rate(cell.score.rate(), cell.format_failure(), cell.cannot_tell()))
                .unwrap_or_default()
        };
        Row::of_language(code, columns.iter().map(field))
    };
    let marked = |is: fn(&Cell) -> bool| results.cells.iter().any(|cell| cell.id.column.model == model && is(cell));
    let notes = [
        marked(Cell::format_failure)
            .then_some("† Failure of format: the model mostly wanted to say something else than a label."),
        marked(Cell::cannot_tell).then_some("‡ Cannot tell: a budget of tokens cut off too many texts."),
    ];
    Sheet {
        title: "Accuracy",
        about: format!("of {model} in per cent; chance is {}.", points(results.chance())),
        heads: [Head::words("Language")]
            .into_iter()
            .chain(columns.iter().map(|column| Head::Numbers(column::way(column))))
            .collect(),
        rows: languages.into_iter().map(row).collect(),
        notes: notes.into_iter().flatten().map(str::to_owned).collect(),
    }
}

/// Rows of the means over groups.
fn means(results: &Results, model: &str) -> Vec<Row> {
    let columns = columns(results, model);
    let groups: BTreeSet<&str> = results.group_means.iter().map(|mean| mean.group.as_str()).collect();
    let row = |group: &str| {
        let field = |column: &&Column| {
            let found = results.group_means.iter().find(|mean| mean.group == group && mean.column == **column);
            found.map(|mean| rate(mean.accuracy, mean.format_failures > 0, mean.cannot_tell > 0)).unwrap_or_default()
        };
        Row::new([format!("mean of {group}")].into_iter().chain(columns.iter().map(field)))
    };
    groups.into_iter().map(row).collect()
}

fn columns<'a>(results: &'a Results, model: &str) -> BTreeSet<&'a Column> {
    results.cells.iter().map(|cell| &cell.id.column).filter(|column| column.model == model).collect()
}

fn rate(rate: f64, failure: bool, cannot_tell: bool) -> String {
    let mark = |is: bool, mark: &'static str| if is { mark } else { "" };
    format!("{}{}{}", points(rate), mark(failure, " †"), mark(cannot_tell, " ‡"))
}

fn table(text: &mut String, Sheet { title, about, heads, rows, notes }: &Sheet, last: &[Row], label: &str) {
    let side = |(at, head): (usize, &Head)| match head {
        Head::Numbers(_) => "r",
        Head::Words(_) if rows.iter().any(|row| row.fields.get(at).is_some_and(is_long)) => "p{0.14\\linewidth}",
        Head::Words(_) => "l",
    };
    let sides: String = heads.iter().enumerate().map(side).collect();
    let join = if about.starts_with(char::is_lowercase) { " " } else { ". " };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n\\begin{{table}}\n\\caption{{{}}}\n\\label{{tab:{label}}}\n\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n\
         \\begin{{tabular}}{{@{{}}{sides}@{{}}}}\n\\toprule\n{} \\\\\n\\midrule\n",
        escaped(&format!("{title}{join}{about}")),
        heads.iter().map(head).collect::<Vec<_>>().join(" & "),
    );
    lines(text, rows);
    if !last.is_empty() {
        text.push_str("\\midrule\n");
        lines(text, last);
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    for note in notes {
        let _ = writeln!(text, "\\par\\smallskip {}", escaped(note));
    }
    text.push_str("\\end{table}\n");
}

fn lines(text: &mut String, rows: &[Row]) {
    for row in rows {
        let _ = writeln!(text, "{} \\\\", row.fields.iter().map(field).collect::<Vec<_>>().join(" & "));
    }
}

fn field(field: &Field) -> String {
    match field {
        Field::Language(code) => escaped(&short(code)),
        // A bracket at the start of a line of a table would be an argument of the line before it.
        Field::Text(text) if text.starts_with('[') => format!("{{}}{}", escaped(text)),
        Field::Text(text) => escaped(text),
    }
}

/// A head of numbers has a line for each part of a column's name.
fn head(head: &Head) -> String {
    let parts: Vec<String> = head.text().split(['/', ',']).map(|part| escaped(part.trim())).collect();
    match head {
        Head::Numbers(_) if parts.len() > 1 => format!("\\shortstack[r]{{{}}}", parts.join("\\\\")),
        _ => escaped(head.text()),
    }
}

fn is_long(field: &Field) -> bool {
    matches!(field, Field::Text(text) if text.chars().count() > LONG)
}

/// Text that means nothing else to LaTeX; signs that its fonts may lack become commands.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        let command = match character {
            '\\' => "\\textbackslash{}",
            '{' => "\\{",
            '}' => "\\}",
            '$' => "\\$",
            '&' => "\\&",
            '#' => "\\#",
            '%' => "\\%",
            '_' => "\\_",
            '~' => "\\textasciitilde{}",
            '^' => "\\textasciicircum{}",
            '<' => "$<$",
            '>' => "$>$",
            '−' => "$-$",
            '±' => "$\\pm$",
            '×' => "$\\times$",
            '≈' => "$\\approx$",
            '∞' => "$\\infty$",
            '†' => "\\dag{}",
            '‡' => "\\ddag{}",
            '§' => "\\S{}",
            '–' => "--",
            '’' => "'",
            '“' => "``",
            '”' => "''",
            '\u{a0}' => "~",
            '\n' | '\r' | '\t' => " ",
            other => {
                safe.push(other);
                continue;
            }
        };
        safe.push_str(command);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn accuracies_gains_and_claims_are_tables_of_booktabs() {
        let text = latex(&fixture::study());
        assert!(text.starts_with("% study: tables. In the preamble: \\usepackage{booktabs}\n"));
        for part in [
            "\\caption{Accuracy of large in per cent; chance is 25.0.}\n\\label{tab:accuracy-1}\n",
            "\\begin{tabular}{@{}lrrrrrr@{}}\n\\toprule\nLanguage & \\shortstack[r]{base\\\\cot} & ",
            " & \\shortstack[r]{other\\\\direct\\\\seed 17} & ",
            "Korean & 68.3 \\dag{} & 65.0 & 61.7 & 68.3 & 68.3 & 66.7 \\\\\n",
            "\\midrule\nmean of evaluated & 68.6 \\dag{} & 61.7 & ",
            "large & tuned over base & direct & relatives & 3 & 19.4 & {}[13.9, 25.6] \\S{} & $<$ 0.001 \\\\\n",
            " &  &  & controls & 3 & 3.3 & {}[$-$1.1, 7.8] \\S{} & 0.161 \\\\\n",
            "holds & Maltese is answered well \\& truly: 50 \\% and more. & above 50.0 & 60.0 & ",
            "cannot tell & Controls stay as they are. & within $\\pm$3.0 & 3.9 & ",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(text.matches("\\begin{table}").count(), 4);
        let commands: BTreeSet<&str> =
            text.split('\\').skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphabetic()).next()).collect();
        let rules = ["toprule", "midrule", "bottomrule"];
        assert!(rules.iter().all(|rule| commands.contains(rule)), "{commands:?}");
        assert!(!text.contains(['−', '§', '†', '±', '’', '“', '✓']), "fonts may lack them");
    }

    #[test]
    fn names_mean_nothing_to_latex() {
        assert_eq!(
            escaped("a_b & 5 % of $x^2 {#1} \\input ~ < −3"),
            "a\\_b \\& 5 \\% of \\$x\\textasciicircum{}2 \\{\\#1\\} \\textbackslash{}input \\textasciitilde{} $<$ $-$3"
        );
        let mut results = fixture::results();
        results.study = "a\n\\input{b}".to_owned();
        assert!(latex(&results).starts_with("% a \\input{b}: tables."), "still a comment");
    }

    #[test]
    fn without_cells_there_is_no_table() {
        let results = xlt_core::results::compute("s", &BTreeMap::new(), &[], 4);
        assert_eq!(latex(&results), "% s: tables. In the preamble: \\usepackage{booktabs}\n");
    }
}
