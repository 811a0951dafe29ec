//! The browser of items: what lies behind the numbers, packed beside the page, and the script that shows it.
//!
//! Each language is a chunk of its own, which is unpacked when somebody looks at it. What is in a chunk is said by [`chunk`];
//! `items.js` is its only reader.

mod chunk;
mod texts;

use crate::{column, english_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use minijinja::{Value, context};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use xlt_core::evidence::{Evidence, Sheet};
use xlt_core::languages::find;
use xlt_core::results::{CellId, Column};

/// What shows the items.
const SCRIPT: &str = include_str!("items.js");

/// Of zlib's levels. It is in the bytes of every report.
const LEVEL: u32 = 6;

/// Nothing where nothing is known of the items.
pub(super) fn items(evidence: &Evidence<'_>) -> Option<Value> {
    let shown = evidence.languages.iter().any(|sheet| !sheet.items.is_empty());
    let limit = texts::limit(evidence);
    let chunk = |sheet: &Sheet<'_>| {
        // Strings, numbers and lists of them always serialize.
        let text = serde_json::to_vec(&chunk::chunk(sheet, limit)).unwrap_or_default();
        context! { language => &*sheet.language, packed => Value::from_safe_string(packed(&text)) }
    };
    shown.then(|| {
        context! {
            about => Value::from_safe_string(about(evidence)),
            chunks => evidence.languages.iter().map(chunk).collect::<Vec<_>>(),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            hash => Value::from_safe_string(STANDARD.encode(Sha256::digest(SCRIPT))),
            cut => limit.texts,
            prompts => limit.prompts,
        }
    })
}

/// Where a cell's items are shown on the page.
pub(super) fn link(id: &CellId) -> String {
    format!("#items/{}/{}", escaped(&id.language), path(&id.column))
}

/// A column in a link: `model/condition/mode`, and the seed where there is one.
fn path(Column { model, condition, mode, seed }: &Column) -> String {
    let seed = seed.map(|seed| format!("/{seed}")).unwrap_or_default();
    format!("{}/{}/{}{seed}", escaped(model), escaped(condition), escaped(mode))
}

/// A name as a part of a link (RFC 3986, 2.1): all but letters, digits and `-._~` as `%XX`.
pub(super) fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Columns and languages: what the script must know before it unpacks anything. A text that the page cannot take for a tag.
fn about(evidence: &Evidence<'_>) -> String {
    let columns = evidence.columns.iter().map(|of| {
        serde_json::json!({
            "path": path(of),
            "model": of.model,
            "way": column::way(of),
        })
    });
    let languages = evidence.languages.iter().map(|sheet| {
        let code = sheet.language.as_str();
        serde_json::json!({
            "code": code,
            "name": english_name(code),
            "dir": find(code).map_or("auto", |language| language.direction().name()),
            "lang": tag(code),
        })
    });
    let about = serde_json::json!({
        "columns": columns.collect::<Vec<_>>(),
        "languages": languages.collect::<Vec<_>>(),
    });
    about.to_string().replace('<', "\\u003c")
}

/// A language as BCP 47 tags it: browsers choose fonts, line breaks and voices by it. The two letters where these hang on them.
fn tag(code: &str) -> String {
    let (language, script) = code.split_once('_').unwrap_or((code, ""));
    let language = match language {
        "arb" => "ar",
        "eng" => "en",
        "fas" => "fa",
        "heb" => "he",
        "hin" => "hi",
        "jpn" => "ja",
        "kor" => "ko",
        "tha" => "th",
        "urd" => "ur",
        "zho" => "zh",
        other => other,
    };
    if script.is_empty() { language.to_owned() } else { format!("{language}-{script}") }
}

/// Deflated (RFC 1951), in base 64.
fn packed(bytes: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
    let deflated = encoder.write_all(bytes).and_then(|()| encoder.finish());
    STANDARD.encode(deflated.expect("writing to memory does not fail"))
}
