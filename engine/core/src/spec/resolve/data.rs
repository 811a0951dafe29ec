//! `[data.NAME]`: files, fields, splits; and which parts of which data others may use.

use super::{Context, DATA, blanks, fields, origin};
use crate::languages;
use crate::spec::languages::{known, name_of};
use crate::spec::suggest::{listed, nearest, suggest};
use crate::spec::text::{Place, Word};
use crate::spec::tree::{Entry, Node, Table};
use crate::spec::{Data, FileRef, Format, Quotes, Source, Split, SplitBy};
use std::collections::BTreeMap;

pub(super) const LANGUAGE: &str = "{language}";
const CODE: &str = "{code}";

pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<Data> {
    let data = cx.root.sorted("data").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let file = file(table, cx);
        let key = table.texts("key");
        if let (Some(node), true) = (table.get("key"), key.is_empty()) {
            cx.faults.at(node.place, "`key` needs at least one field").label("empty");
        }
        let fields = table.table("fields").and_then(|table| fields::resolve(table, cx));
        let group = table.texts("group");
        let format = format(table, file.as_ref(), cx);
        if let Some(format) = format {
            one_column(table, format, cx);
            quotes_of_tsv(table, format, cx);
        }
        let codes = codes(table, file.as_ref(), cx);
        let quotes = table.word("quotes").and_then(|word| Quotes::named(word.text));
        let split = match table.get("split") {
            Some(node) => Some(split(node, !group.is_empty(), cx)?),
            None => None,
        };
        let name = entry.key.clone();
        Some(Data { name, file: file?, codes, format: format?, quotes, key, group, fields: fields?, split })
    });
    data.collect()
}

fn file(table: &Table, cx: &mut Context<'_>) -> Option<FileRef> {
    let file = origin::file(table, "file", cx)?;
    let help = "the path of a data set knows `{language}`, the language's code, and `{code}`, the one in `codes`";
    blanks::check(table, "file", &[LANGUAGE, CODE], help, cx);
    if per_language(&file.source) {
        blanks::not_of_one(table, "a file in each language", cx);
    }
    Some(file)
}

/// Whether there is a file in each language.
fn per_language(source: &Source) -> bool {
    source.in_language("") != *source || has_code(source)
}

fn has_code(source: &Source) -> bool {
    source.filled("code", "") != *source
}

/// The data set's own codes, where the path asks for them.
fn codes(table: &Table, file: Option<&FileRef>, cx: &mut Context<'_>) -> BTreeMap<String, String> {
    let entries = table.sorted("codes");
    for entry in entries.iter().filter(|entry| name_of(&entry.key).is_none()) {
        let known: Vec<&str> = known().iter().map(|(code, _)| *code).collect();
        cx.faults
            .at(entry.key_place, format!("unknown language code `{}`", entry.key))
            .label("not known")
            .help(suggest(&entry.key, "codes", &known));
    }
    let text = |entry: &&Entry| Some((entry.key.clone(), entry.node.word()?.text.to_owned()));
    if let (Some(node), Some(false)) = (table.get("codes"), file.map(|file| has_code(&file.source))) {
        cx.faults
            .at(node.place, format!("`codes`, but no `{CODE}` in `file`"))
            .label("nothing asks for them")
            .help(format!("write `{CODE}` where the path has the data's own code, or leave them out"));
    }
    match file {
        Some(file) if has_code(&file.source) => entries.iter().filter_map(text).collect(),
        _ => BTreeMap::new(),
    }
}

/// How rows are written: as the spec says, else as the file's ending says.
fn format(table: &Table, file: Option<&FileRef>, cx: &mut Context<'_>) -> Option<Format> {
    if let Some(word) = table.word("format") {
        return Format::named(word.text);
    }
    let name = file?.source.file_name();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let (what, help) = match ending.as_str() {
        "jsonl" | "ndjson" => return Some(Format::Jsonl),
        "json" => return Some(Format::Json),
        "csv" => return Some(Format::Csv),
        "tsv" => return Some(Format::Tsv),
        "parquet" => return Some(Format::Parquet),
        "gz" | "bz2" | "xz" | "zst" | "zip" => ("is packed", "unpack it, and name what is in it"),
        "arrow" | "xlsx" | "ods" => ("is of a kind that is not read", "convert it to one of these"),
        _ => (
            "does not tell how its rows are written",
            "say it: `format = \"jsonl\"`, `\"json\"`, `\"csv\"`, `\"tsv\"` or `\"parquet\"`",
        ),
    };
    cx.faults
        .at(table.get("file")?.place, format!("`{name}` {what}"))
        .label("ends in none of `.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet`")
        .help(help);
    None
}

/// A table of texts has no lists, so each option needs a column of its own.
fn one_column(table: &Table, format: Format, cx: &mut Context<'_>) {
    let options = table.table("fields").and_then(|fields| fields.get("options"));
    if let (Some(options), Format::Csv | Format::Tsv) = (options, format)
        && options.words().count() == 1
    {
        cx.faults
            .at(options.place, format!("{} has no lists, so one column cannot hold all options", format.word()))
            .label("one column")
            .help("name two to ten columns, one for each option, or take a file in JSON");
    }
}

/// Only TSV leaves open what a double quote means.
fn quotes_of_tsv(table: &Table, format: Format, cx: &mut Context<'_>) {
    if let (Some(quotes), Format::Jsonl | Format::Json | Format::Csv | Format::Parquet) = (table.get("quotes"), format)
    {
        cx.faults
            .at(quotes.place, format!("{} has its own rule for double quotes", format.word()))
            .label("asked of `tsv` only")
            .help("leave it out");
    }
}

fn split(node: &Node, grouped: bool, cx: &mut Context<'_>) -> Option<Split> {
    let table = node.table()?;
    if let Some(field) = table.word("field") {
        let drawn = ["by", "train", "test", "seed"].into_iter().filter_map(|key| Some((key, table.get(key)?)));
        for (key, drawn) in drawn {
            cx.faults
                .at(drawn.place, format!("`{key}` and `field` exclude each other"))
                .label("belongs to a split that is drawn")
                .also(field.place, "names a split that the data have")
                .help("keep `field`, or `train` and `test`");
        }
        return Some(Split::Field { field: field.text.to_owned() });
    }
    for key in ["train", "test"] {
        if table.get(key).is_none() {
            cx.faults
                .at(node.place, format!("missing key `{key}` in `split`"))
                .label(format!("has no `{key}`"))
                .help("a split is drawn, `{ train = 400, test = 88 }`, or read from the rows, `{ field = \"part\" }`");
        }
    }
    let by = table.word("by").and_then(|word| SplitBy::named(word.text)).unwrap_or(SplitBy::Passage);
    let allow_shared_passages = table.is_true("allow_shared_passages");
    if let (SplitBy::Question, true, false, Some(by)) = (by, grouped, allow_shared_passages, table.get("by")) {
        leak(by.place, cx);
    }
    Some(Split::Drawn {
        by,
        train: table.integer("train")?,
        test: table.integer("test")?,
        seed: table.integer("seed").unwrap_or(1),
        allow_shared_passages,
    })
}

fn leak(place: Place, cx: &mut Context<'_>) {
    cx.faults
        .at(place, "a split by question leaks: a passage read in training can come back in the test")
        .label("questions on one passage end up on both sides")
        .help("write `by = \"passage\"`, or accept it with `allow_shared_passages = true`");
}

/// The data set that `word` names, if there is one; reported if not.
pub(super) fn named<'d>(word: Word<'_>, data: &'d [Data], cx: &mut Context<'_>) -> Option<&'d Data> {
    cx.known(DATA, word).then(|| data.iter().find(|data| data.name == word.text)).flatten()
}

/// Checks that the split of `data` has the part that `word` names.
pub(super) fn check_part(word: Word<'_>, data: &Data, cx: &mut Context<'_>) {
    let (fits, help) = match &data.split {
        None => (word.text == "all", format!("`data.{}` has no `split`; its one part is `all`", data.name)),
        Some(Split::Field { .. }) => (true, String::new()),
        Some(Split::Drawn { .. }) => (
            ["train", "test", "all"].contains(&word.text),
            format!("`data.{}` has the parts `train`, `test` and `all`", data.name),
        ),
    };
    if !fits {
        cx.faults.at(word.place, format!("unknown part `{}`", word.text)).label("no such part").help(help);
    }
    if let Some(Split::Drawn { train, test, .. }) = data.split
        && (word.text == "train" && train == 0 || word.text == "test" && test == 0)
    {
        cx.faults
            .at(word.place, format!("part `{}` of `data.{}` is empty", word.text, data.name))
            .label("takes that part")
            .help(format!("its `split` has `{} = 0`", word.text));
    }
}

/// One file cannot hold the same rows for several languages.
pub(super) fn check_languages(languages: &[String], data: &Data, cx: &mut Context<'_>) {
    check_published(languages, data, cx);
    let same = !per_language(&data.file.source);
    let file = cx.root.table("data").and_then(|table| table.table(&data.name)?.get("file"));
    if let (Some(file), true) = (file, languages.len() > 1 && same) {
        cx.faults
            .at(file.place, format!("`data.{}` is one file for several languages", data.name))
            .label("every language would get the same rows")
            .help(format!("write `{LANGUAGE}` where the path has the language code"));
    }
    let lacks: Vec<&str> =
        languages.iter().map(String::as_str).filter(|code| !data.codes.contains_key(*code)).collect();
    if let (Some(file), true, [first, ..]) = (file, has_code(&data.file.source), &lacks[..]) {
        cx.faults
            .at(file.place, format!("`data.{}` has no code for {}", data.name, listed(&lacks)))
            .label(format!("asks for `{CODE}`"))
            .help(format!("add `codes = {{ {first} = \"…\" }}`, what the path has in its place"));
    }
}

/// The repository of Belebele on the model hub; which languages it has is known.
const BELEBELE: &str = "facebook/belebele";

/// Languages that the published Belebele does not have.
fn check_published(languages: &[String], data: &Data, cx: &mut Context<'_>) {
    let published = matches!(&data.file.source, Source::Hub { repo, dataset: true, .. } if repo == BELEBELE);
    let has = |code: &str| languages::belebele().any(|language| language.code == code);
    let lacks: Vec<&str> = languages.iter().map(String::as_str).filter(|code| published && !has(code)).collect();
    let file = cx.root.table("data").and_then(|table| table.table(&data.name)?.get("file"));
    let (Some(file), [first, ..]) = (file, &lacks[..]) else { return };
    let near = nearest(first, languages::belebele().map(|language| language.code));
    let help = match near.and_then(languages::find) {
        Some(near) => format!("the nearest code that it has is `{}` ({})", near.code, near.name),
        None => "docs/languages.md lists those that it has".to_owned(),
    };
    cx.faults
        .at(file.place, format!("Belebele has no {}", listed(&lacks)))
        .label(format!("`data.{}` is asked for {}", data.name, if lacks.len() == 1 { "it" } else { "them" }))
        .help(help);
}
