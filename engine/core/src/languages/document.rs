//! The table as that of `docs/languages.md`; exists only to compare them.

use super::{Language, belebele, distance};
use std::fmt::Write;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/languages.md");

/// The tables of `docs/languages.md` stand between `<!-- NAME -->` and `<!-- end -->`. To write them anew, run this test with
/// `BLESS=1`.
#[test]
#[expect(clippy::disallowed_methods, reason = "compares a file of the repository")]
fn the_documented_languages_are_those_of_the_table() {
    let document = std::fs::read_to_string(DOCUMENT).expect("docs/languages.md can be read");
    let tables = [("languages", languages()), ("relatives of arb_Arab", relatives("arb_Arab"))];
    let fresh = tables.into_iter().fold(document.clone(), |document, (name, table)| {
        let open = format!("<!-- {name} -->\n");
        let start = document.find(&open).unwrap_or_else(|| panic!("docs/languages.md has no {open}")) + open.len();
        let end = start + document[start..].find("<!-- end -->").expect("a table has an end");
        format!("{}{table}{}", &document[..start], &document[end..])
    });
    if std::env::var("BLESS").is_ok() {
        std::fs::write(DOCUMENT, &fresh).expect("docs/languages.md can be written");
    }
    assert!(
        fresh == document,
        "docs/languages.md differs from the table; run this test with BLESS=1 and look at the diff"
    );
}

fn languages() -> String {
    let head = "| code | language | branch | script | lines | resources | nodes |\n|---|---|---|---|---|---|---|\n";
    belebele().fold(head.to_owned(), |mut table, language| {
        let Language { code, name, resource, path, .. } = language;
        let (branch, script, lines) = (language.branch(), language.script(), language.direction().name());
        let resource = resource.map_or("not listed", |level| level.name());
        writeln!(table, "| `{code}` | {name} | {branch} | {script} | {lines} | {resource} | {} |", path.join(" › "))
            .expect("a string can be written to");
        table
    })
}

fn relatives(source: &str) -> String {
    let distances = belebele().filter_map(|language| Some((distance(source, language.code)?, language)));
    let mut near: Vec<_> = distances.filter(|(distance, _)| *distance < 1.0).collect();
    // Stable: equals stay in alphabetical order.
    near.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    near.into_iter().fold(
        "| distance | code | language |\n|---|---|---|\n".to_owned(),
        |mut table, (distance, language)| {
            writeln!(table, "| {distance:.2} | `{}` | {} |", language.code, language.name)
                .expect("a string can be written to");
            table
        },
    )
}
