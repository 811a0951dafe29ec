//! Lays the texts of a spec over one another: what it extends, itself, a profile, `--set`.

use super::Request;
use super::check::{Extent, check};
use super::error::Faults;
use super::grammar;
use super::suggest::suggest;
use super::text::{Place, TextId, Texts, Word};
use super::tree::{self, Node, Table, Value};

/// Far more than anybody needs; a chain that grows for ever ends here.
const LONGEST_CHAIN: usize = 16;

/// How `load` reads a file: its text, or why not.
type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// The spec as one table, and the `only` of its profile.
pub(crate) struct Layers {
    pub(crate) spec: Node,
    pub(crate) only: Option<Node>,
}

/// Reads and merges everything. `None` where a text could not be read at all; faults say why.
pub(crate) fn assemble(
    request: &Request<'_>,
    read: Read<'_>,
    texts: &mut Texts,
    faults: &mut Faults,
) -> Option<Layers> {
    let spec = chain(request.path, read, texts, faults);
    let settings: Vec<Node> = request.set.iter().filter_map(|set| setting(set, texts, faults)).collect();
    let mut spec = spec?;
    settings.iter().for_each(|set| lay(&mut spec, set.clone()));
    if let Some(node) = take(&mut spec, "extends") {
        faults.at(node.place, "`extends` cannot be set from outside").label("comes too late");
    }

    let profiles = take(&mut spec, "profiles");
    if let Some(profiles) = &profiles {
        check(profiles, &grammar::PROFILE_TABLES, "profiles", Extent::Part, faults);
    }
    let mut only = None;
    if let Some(name) = request.profile {
        let mut profile = profile(name, profiles, request.path, faults)?;
        only = take(&mut profile, "only");
        lay(&mut spec, profile);
        for mut set in settings {
            take(&mut set, "profiles");
            lay(&mut spec, set);
        }
    }
    Some(Layers { spec, only })
}

/// Lays `over` on `base`: tables merge, everything else is replaced.
fn lay(base: &mut Node, over: Node) {
    match (&mut base.value, over) {
        (Value::Table(base), Node { value: Value::Table(over), .. }) => {
            for entry in over.entries {
                match base.entries.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => {
                        known.key_place = entry.key_place;
                        lay(&mut known.node, entry.node);
                    }
                    None => base.entries.push(entry),
                }
            }
        }
        (_, over) => *base = over,
    }
}

fn take(node: &mut Node, key: &str) -> Option<Node> {
    match &mut node.value {
        Value::Table(table) => table.remove(key),
        _ => None,
    }
}

/// The spec at `path` laid over all that it extends.
fn chain(path: &str, read: Read<'_>, texts: &mut Texts, faults: &mut Faults) -> Option<Node> {
    let mut layers: Vec<Node> = Vec::new();
    let mut paths = Vec::new();
    let mut next = Some((path.to_owned(), None::<Place>));
    while let Some((path, from)) = next.take() {
        let text = match read(&path) {
            Ok(text) => text,
            Err(why) => {
                cannot_read(&path, &why, from, faults);
                return None;
            }
        };
        let id = texts.add(&path, &text);
        paths.push(path);
        let mut node = tree::parse(texts, id, faults)?;
        let extends = take(&mut node, "extends");
        if !layers.is_empty() {
            take(&mut node, "name");
        }
        layers.push(node);
        if let Some(extends) = extends {
            next = Some((base_of(&extends, &paths, texts, faults)?, Some(extends.place)));
        }
    }
    layers.into_iter().rev().reduce(|mut base, over| {
        lay(&mut base, over);
        base
    })
}

fn cannot_read(path: &str, why: &str, from: Option<Place>, faults: &mut Faults) {
    match from {
        Some(place) => faults.at(place, format!("cannot read `{path}`: {why}")).label("extended from here"),
        None => faults.nowhere(format!("cannot read `{path}`: {why}")),
    };
}

/// The path in `extends`, unless that would go round in circles.
fn base_of(extends: &Node, paths: &[String], texts: &Texts, faults: &mut Faults) -> Option<String> {
    let Some(word) = extends.word() else {
        faults
            .at(extends.place, format!("`extends` must be a string, not {}", extends.kind()))
            .label(extends.kind())
            .help("a spec extends one other, for example `extends = \"base.toml\"`");
        return None;
    };
    let path = texts.join(word.place, word.text);
    if let Some(first) = paths.iter().position(|known| *known == path) {
        let mut circle: Vec<_> = paths[first..].iter().map(String::as_str).collect();
        circle.push(&path);
        faults.at(word.place, format!("specs extend each other: {}", circle.join(" -> "))).label("closes the circle");
        return None;
    }
    if paths.len() >= LONGEST_CHAIN {
        faults.at(word.place, format!("more than {LONGEST_CHAIN} specs extend one another"));
        return None;
    }
    Some(path)
}

fn profile(name: &str, profiles: Option<Node>, path: &str, faults: &mut Faults) -> Option<Node> {
    let mut profiles = match profiles.map(|node| node.value) {
        Some(Value::Table(table)) => table,
        _ => Table::default(),
    };
    let found = profiles.remove(name);
    if found.is_none() {
        let known: Vec<_> = profiles.entries.iter().map(|entry| entry.key.as_str()).collect();
        faults.nowhere(format!("no profile `{name}` in `{path}`")).help(suggest(name, "profiles", &known));
    }
    found
}

/// `a.b.c=value` as a tree. What is no TOML value is a string: `models.x.quantize=Q8_0`.
fn setting(text: &str, texts: &mut Texts, faults: &mut Faults) -> Option<Node> {
    let id = texts.add("--set", text);
    let mut quiet = Faults::default();
    if let Some(node) = tree::parse(texts, id, &mut quiet)
        && node.table().is_some_and(|table| !table.entries.is_empty())
    {
        return Some(node);
    }
    let place = Place::new(id, 0..text.len());
    let Some((path, value)) = text.split_once('=') else {
        faults.at(place, "malformed `--set`").label("has no `=`").help("write `--set a.b.c=value`");
        return None;
    };
    let empty = texts.add("--set", &format!("{path}=0"));
    let Some(mut node) = tree::parse(texts, empty, &mut quiet) else {
        faults
            .at(Place::new(id, 0..path.len()), "malformed `--set`")
            .label("not a path of keys")
            .help("write `--set a.b.c=value`; a key with other signs than letters, digits, `-` and `_` goes in quotes");
        return None;
    };
    let value = Word { text: value, place: Place::new(id, path.len() + 1..text.len()) };
    put(&mut node, id, value);
    Some(node)
}

/// Puts `value` at the single leaf of `node`, and moves the keys' places to text `id`.
fn put(node: &mut Node, id: TextId, value: Word<'_>) {
    node.place.text = id;
    match &mut node.value {
        Value::Table(table) => {
            for entry in &mut table.entries {
                entry.key_place.text = id;
                put(&mut entry.node, id, value);
            }
        }
        leaf => {
            *leaf = Value::Text(value.text.to_owned());
            node.place = value.place;
        }
    }
}
