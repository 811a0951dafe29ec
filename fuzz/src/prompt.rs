//! Templates of a study's prompt: what the spec's check lets pass can be used, and a mode's prompt begins with its stem.

use super::{quoted, spec};
use std::collections::BTreeMap;
use xlt_core::items::Item;
use xlt_core::prompt::Renderer;

/// The input is the body; after a byte 1 the instruction, after another one the continuation.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut parts = text.split('\u{1}');
    let mut part = |name: &str| parts.next().map(|text| format!("{name} = {}\n", quoted(text))).unwrap_or_default();
    let (body, instruction, continuation) = (part("prompt.body"), part("instruction"), part("prompt.continuation"));
    let mode = format!("[modes.direct]\n{instruction}score = \"texts\"\n");
    let text = format!("extends = \"base.toml\"\n{body}{continuation}{mode}");
    let Ok(spec) = spec::loaded(&text) else { return };
    let (prompt, mode) = (spec.prompt.as_ref().expect("a prompt"), &spec.modes[1]);
    let renderer =
        Renderer::new(&prompt.shown_by(mode, []), mode, &BTreeMap::new()).expect("what the spec's check let pass");
    let item = item();
    if let (Ok(whole), Some(stem)) = (renderer.render(&item), renderer.stem(&item)) {
        assert!(whole.starts_with(&stem), "{whole:?} does not begin with {stem:?}");
    }
    let _ = renderer.continuations(&item);
}

fn item() -> Item {
    Item {
        key: "p|1".to_owned(),
        group: "p".to_owned(),
        language: "heb_Hebr".to_owned(),
        passage: Some("{{ passage }} {% if".to_owned()),
        question: "Who?".to_owned(),
        options: ["a", "b", "{{", "d"].map(str::to_owned).to_vec(),
        answer: 1,
        extra: BTreeMap::new(),
        part: None,
    }
}
