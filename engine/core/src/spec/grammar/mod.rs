//! The grammar of a spec: every table and key, written down once.
//!
//! Validation, the JSON Schema and the tables of `docs/spec.md` are three readers of this.

mod adapters;
mod inputs;
mod machines;
mod measures;
mod prompts;
mod stages;

use super::shape::Need::{Derived, Optional};
use super::shape::Shape::{List, Table, Text, Texts};
use super::shape::{Key, Shape, TableShape, key, tables, texts};
use adapters::ADAPTER;
pub(super) use inputs::ORIGIN;
use inputs::{DATA, MODEL};
use machines::{EXECUTOR, LIMITS};
use measures::{ANALYZE, CLAIM, EVALUATE};
use prompts::{CONDITION, FORMAT, MODE, PROMPT};
use stages::STAGE;

const ANY: usize = usize::MAX;

/// The whole file.
pub(crate) const SPEC: TableShape = TableShape {
    name: "spec",
    doc: "The tables of a spec. `[evaluate]` asks for a study of models, `[stages]` for programs of your own; at least one is there.",
    keys: &[HEAD, TABLES, PROFILES],
    example: "the tables of a spec",
    instead_of_text: None,
};

const HEAD: &[Key] = &[
    key("name", Text, Derived("the file's name without `.toml`"), "name of the study; not taken over from `extends`"),
    key(
        "extends",
        Text,
        Optional,
        "another spec, beside this one, on which this one is laid: tables merge, all else replaces",
    ),
];

const TABLES: &[Key] = &[
    key("models", tables("a model", &Table(&MODEL)), Optional, "what is compared"),
    key("languages", tables("a language group", &texts(1, ANY)), Optional, "groups of language codes, by name"),
    key("conditions", tables("a condition", &Table(&CONDITION)), Optional, "models as they are, or with an adapter"),
    key("data", tables("a data set", &Table(&DATA)), Optional, "questions"),
    key("prompt", Table(&PROMPT), Optional, "what all modes show to a model"),
    key("modes", tables("a mode", &Table(&MODE)), Optional, "ways to ask"),
    key("formats", tables("a format", &Table(&FORMAT)), Optional, "other ways to show the same question"),
    key("adapters", tables("an adapter", &Table(&ADAPTER)), Optional, "what is fine-tuned"),
    key("evaluate", Table(&EVALUATE), Optional, "what is measured"),
    key("analyze", Table(&ANALYZE), Optional, "what is computed from the answers"),
    key(
        "claims",
        List { item: &Table(&CLAIM), min: 0, max: ANY },
        Optional,
        "what is expected, in words and as a test",
    ),
    key(
        "stages",
        tables("a stage", &Table(&STAGE)),
        Optional,
        "programs of your own, with declared inputs and outputs",
    ),
    key("limits", Table(&LIMITS), Optional, "what a run may take of the machine"),
    key("executor", Table(&EXECUTOR), Optional, "where a run takes place: here, or as jobs of a cluster"),
];

const PROFILES: &[Key] =
    &[key("profiles", PROFILE_TABLES, Optional, "changes to the spec, laid over it by `--profile NAME`")];

/// `[profiles]`.
pub(crate) const PROFILE_TABLES: Shape = tables("a profile", &Table(&PROFILE));

/// `[profiles.NAME]`: any of the tables, in part.
const PROFILE: TableShape = TableShape {
    name: "profiles.NAME",
    doc: "Any of the spec's tables, in part: tables merge, all else (lists too) replaces. And:",
    keys: &[TABLES, &[key("only", Table(&ONLY), Optional, "runs a part of the study")]],
    example: "`[profiles.smoke]` and tables of the spec under it",
    instead_of_text: None,
};

/// `only` of a profile.
pub(crate) const ONLY: TableShape = TableShape {
    name: "profiles.NAME.only",
    doc: "Names that stay; the rest of the study is left out after everything is checked.",
    keys: &[&[
        key("models", Texts, Optional, "models"),
        key("languages", Texts, Optional, "language codes or groups, of evaluation and training"),
        key("conditions", Texts, Optional, "conditions"),
        key("modes", Texts, Optional, "modes"),
    ]],
    example: "`only = { models = [\"tiny\"] }`",
    instead_of_text: None,
};
