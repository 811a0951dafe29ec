//! From a checked tree to a [`Spec`]: references are followed, what was left out is worked out, sense is checked.
//!
//! A part that cannot be read is left away here; the shape check has said why. So a fault never hides another.

mod adapters;
mod analysis;
mod blanks;
mod claims;
mod conditions;
mod controls;
mod data;
mod estimate;
mod evaluate;
mod executor;
mod families;
mod fields;
mod formats;
mod held_out;
mod languages;
mod limits;
mod made;
mod models;
mod only;
mod origin;
mod presets;
mod prompts;
mod stages;
mod template;
mod training;
mod uses;
mod words;

use super::check::{Extent, check, fill};
use super::error::Faults;
use super::grammar;
use super::layers::Layers;
use super::shape::Shape;
use super::suggest::suggest;
use super::task;
use super::text::{Texts, Word};
use super::tree::Table;
use super::types::{Analyze, Spec};

/// What every part of the resolver needs.
struct Context<'a> {
    /// The whole spec, with defaults filled in.
    root: &'a Table,
    texts: &'a Texts,
    faults: &'a mut Faults,
    /// Names that data add to those that every template knows.
    variables: Vec<String>,
}

/// What can be referred to by name.
#[derive(Debug, Clone, Copy)]
struct Kind {
    table: &'static str,
    one: &'static str,
    many: &'static str,
}

const ADAPTER: Kind = Kind { table: "adapters", one: "adapter", many: "adapters" };
const CONDITION: Kind = Kind { table: "conditions", one: "condition", many: "conditions" };
const DATA: Kind = Kind { table: "data", one: "data set", many: "data sets" };
const FORMAT: Kind = Kind { table: "formats", one: "format", many: "formats" };
const MODE: Kind = Kind { table: "modes", one: "mode", many: "modes" };
const MODEL: Kind = Kind { table: "models", one: "model", many: "models" };

/// Tables that `[evaluate]` needs.
const NEEDED: [&str; 5] = ["models", "data", "prompt", "modes", "conditions"];

impl Context<'_> {
    /// Whether `word` names something of that kind; reported if not.
    fn known(&mut self, kind: Kind, word: Word<'_>) -> bool {
        let names = self.root.names(kind.table);
        let found = names.contains(&word.text);
        // An empty table that `[evaluate]` needs has been reported as a whole.
        let told = names.is_empty() && NEEDED.contains(&kind.table) && self.root.get("evaluate").is_some();
        if !found && !told {
            self.faults
                .at(word.place, format!("unknown {} `{}`", kind.one, word.text))
                .label(format!("not in `[{}]`", kind.table))
                .help(suggest(word.text, kind.many, &names));
        }
        found
    }
}

/// Checks and resolves everything. What it returns is the spec only if there are no faults.
pub(super) fn resolve(layers: Layers, path: &str, texts: &Texts, faults: &mut Faults) -> Spec {
    let Layers { mut spec, only } = layers;
    task::fill(&mut spec);
    check(&spec, &Shape::Table(&grammar::SPEC), "", Extent::Whole, faults);
    let place = spec.place;
    let mut root = Table::default();
    if let super::tree::Value::Table(table) = &mut spec.value {
        fill(table, place, &grammar::SPEC);
        root = std::mem::take(table);
    }
    let cx = &mut Context { root: &root, texts, faults, variables: Vec::new() };
    enough(path, cx);

    let groups = languages::groups(cx);
    let data = data::resolve(cx);
    cx.variables = fields::variables(&data);
    let prompt = prompts::prompt(&data, cx);
    let families = families::resolve(cx);
    let conditions = conditions::resolve(&families, cx);
    let evaluate = evaluate::resolve(&data, &groups, &families, cx);
    let models = models::resolve(&conditions, evaluate.as_ref(), cx);
    let mut spec = Spec {
        name: root.text("name").unwrap_or_else(|| stem(path).to_owned()),
        stages: stages::resolve(&models, cx),
        models,
        modes: families::all(&families),
        adapters: adapters::resolve(&data, &groups, &families, cx),
        analyze: analysis::resolve(&conditions, evaluate.as_ref(), &groups, cx)
            .or_else(|| evaluate.as_ref().map(|_| Analyze::default())),
        claims: claims::resolve(evaluate.as_ref(), &groups, cx),
        limits: limits::resolve(cx),
        executor: executor::resolve(cx),
        languages: groups,
        data,
        prompt,
        conditions,
        evaluate,
    };
    prompts::fit(&spec, &families, cx);
    formats::fit(&spec, &families, cx);
    fields::fit(&spec, &families, cx);
    presets::fit(&spec, cx);
    words::fit(&spec, cx);
    made::fit(&spec, cx);
    controls::fit(spec.evaluate.as_ref(), &spec.data, &spec.modes, cx);
    if let Some(only) = &only {
        only::apply(only, &mut spec, &families, cx);
    }
    held_out::fit(&spec, cx);
    spec
}

/// A spec asks for something, and has what that takes.
fn enough(path: &str, cx: &mut Context<'_>) {
    let stages = cx.root.table("stages").is_some_and(|stages| !stages.entries.is_empty());
    let Some(evaluate) = cx.root.get("evaluate") else {
        if !stages {
            cx.faults
                .nowhere(format!("nothing to do: `{path}` has neither `[evaluate]` nor `[stages]`"))
                .help("add `[evaluate]` to measure models, or `[stages.NAME]` to run a program");
        }
        return;
    };
    let empty = |table: &str| match cx.root.get(table) {
        Some(node) => table != "prompt" && node.table().is_some_and(|table| table.entries.is_empty()),
        None => true,
    };
    let missing: Vec<_> = NEEDED.into_iter().filter(|table| empty(table)).collect();
    if !missing.is_empty() {
        let doc = |table: &&str| format!("`[{table}]`: {}", grammar::SPEC.key(table).map_or("", |key| key.doc));
        let tables: Vec<_> = missing.iter().map(|table| format!("`[{table}]`")).collect();
        cx.faults
            .at(evaluate.place, format!("`[evaluate]` needs {}", tables.join(", ")))
            .label("asks for a study of models")
            .help(format!("add {}", missing.iter().map(doc).collect::<Vec<_>>().join("\nadd ")));
    }
}

/// The file's name without folder and `.toml`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}
