//! The grammar as the tables of `docs/spec.md`; exists only to compare them.

use super::grammar;
use super::shape::{Key, Need, Shape, TableShape};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec.md");

/// The tables of `docs/spec.md` stand between `<!-- keys: NAME -->` and `<!-- end -->`. To write them anew, run this
/// test with `BLESS=1`.
#[test]
#[expect(clippy::disallowed_methods, reason = "compares a file of the repository")]
fn the_documented_keys_are_those_of_the_grammar() {
    let document = std::fs::read_to_string(DOCUMENT).expect("docs/spec.md can be read");
    let mut tables = Vec::new();
    collect(&grammar::SPEC, &mut tables);
    let fresh = tables.into_iter().fold(document.clone(), |document, shape| {
        let (open, close) = (format!("<!-- keys: {} -->\n", shape.name), "<!-- end -->");
        let start = document.find(&open).unwrap_or_else(|| panic!("docs/spec.md has no {open}")) + open.len();
        let end = start + document[start..].find(close).expect("a table has an end");
        format!("{}{}{}", &document[..start], table(shape), &document[end..])
    });
    if std::env::var("BLESS").is_ok() {
        std::fs::write(DOCUMENT, &fresh).expect("docs/spec.md can be written");
    }
    assert!(
        fresh == document,
        "docs/spec.md differs from the grammar; run this test with BLESS=1 and look at the diff"
    );
}

fn collect(shape: &'static TableShape, tables: &mut Vec<&'static TableShape>) {
    if tables.iter().any(|known| known.name == shape.name) {
        return;
    }
    tables.push(shape);
    shape.keys().for_each(|key| collect_value(&key.shape, tables));
}

fn collect_value(shape: &'static Shape, tables: &mut Vec<&'static TableShape>) {
    match shape {
        Shape::Table(shape) => collect(shape, tables),
        Shape::Map { item, .. } | Shape::List { item, .. } => collect_value(item, tables),
        _ => {}
    }
}

fn table(shape: &TableShape) -> String {
    let rows: String = shape.keys().map(row).collect();
    format!("{}\n\n| key | value | left out | meaning |\n|---|---|---|---|\n{rows}", shape.doc)
}

fn row(key: &Key) -> String {
    let left_out = match key.need {
        Need::Required => "**required**".to_owned(),
        Need::Optional => "–".to_owned(),
        Need::Default(toml) | Need::DefaultBeside(_, toml) => format!("`{toml}`"),
        Need::Without(other) => format!("**required** without `{other}`"),
        Need::Derived(words) => words.to_owned(),
    };
    format!("| `{}` | {} | {left_out} | {} |\n", key.name, kind(&key.shape), key.doc.replace('|', "\\|"))
}

fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".to_owned(),
        Shape::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::Integer { .. } => "whole number".to_owned(),
        Shape::Number { .. } => "number".to_owned(),
        Shape::Boolean => "`true`, `false`".to_owned(),
        Shape::Scalar => "string, number, `true`, `false`".to_owned(),
        Shape::Bytes => "whole number, string".to_owned(),
        Shape::List { item, min: 0, .. } => format!("list: {}", kind(item)),
        Shape::List { item, min, max: usize::MAX } => format!("list, {min} or more: {}", kind(item)),
        Shape::List { item, min, max } if min == max => format!("list of {min}: {}", kind(item)),
        Shape::List { item, min, max } => format!("list, {min} to {max}: {}", kind(item)),
        Shape::Texts => "string, list of strings".to_owned(),
        Shape::Table(shape) => format!("table `{}`", shape.name),
        Shape::Map { item, .. } => format!("by name: {}", kind(item)),
    }
}
