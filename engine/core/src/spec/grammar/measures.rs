//! Evaluation, analysis and claims: what is measured and concluded.

use super::ANY;
use crate::spec::shape::Need::{Default, Derived, Optional, Required};
use crate::spec::shape::Shape::{Choice, Number, Table, Text, Texts};
use crate::spec::shape::{Bound, TableShape, from, key, texts};
use crate::spec::types::{Drawn, Kv, Population};

pub(super) const EVALUATE: TableShape = TableShape {
    name: "evaluate",
    doc: "Every model, condition and mode answers these questions in every language.",
    keys: &[&[
        key("data", Text, Required, "name of a data set"),
        key("part", Text, Derived("`test` if the data are split, else `all`"), "part of its split"),
        key("languages", Texts, Required, "a language group, a code, or a list of them"),
        key("limit", from(1), Optional, "at most so many questions, the first by key"),
        key(
            "context",
            from(1),
            Derived("what the model was trained on"),
            "tokens that one question may need; a prompt is never cut",
        ),
        key(
            "unit",
            from(1),
            Default("512"),
            "tokens that are decoded together, about; with quantized weights another number changes the last digits",
        ),
        key("kv", Choice(Kv::WORDS), Default("\"F16\""), "type of the numbers in the KV cache"),
        key("slots", from(1), Default("8"), "texts that are generated side by side, at most 64"),
        key(
            "probe",
            from(0),
            Default("0"),
            "questions of each cell that are scored again in other company, to see how far that changes scores; 0: none",
        ),
    ]],
    example: "`[evaluate]` with `data` and `languages`",
    instead_of_text: None,
};

pub(super) const ANALYZE: TableShape = TableShape {
    name: "analyze",
    doc: "Accuracies come without being asked for.",
    keys: &[&[
        key("gain", Table(&GAIN), Optional, "paired gain of one condition over another"),
        key("as_published", Choice(&["gain ~ base + relative"]), Optional, "a regression printed as a paper has it"),
        key("ablation", Table(&ABLATION), Optional, "cells compared over one baseline"),
        key(
            "fertility",
            Text,
            Optional,
            "count each model's tokens by language, with the premium over this one: the code of an evaluated language",
        ),
    ]],
    example: "`[analyze]` with `gain`",
    instead_of_text: None,
};

const GAIN: TableShape = TableShape {
    name: "analyze.gain",
    doc: "Taken in the modes that both conditions have.",
    keys: &[&[
        key("of", Text, Required, "condition whose gain it is"),
        key("over", Text, Required, "condition that it is measured against"),
        key("test", Choice(&["mcnemar"]), Default("\"mcnemar\""), "paired test"),
        key("interval", Choice(Drawn::WORDS), Default("\"bootstrap:passage\""), "what is drawn for the interval"),
    ]],
    example: "`{ of = \"tuned\", over = \"base\" }`",
    instead_of_text: None,
};

const ABLATION: TableShape = TableShape {
    name: "analyze.ablation",
    doc: "A cell is `CONDITION/MODE`.",
    keys: &[&[
        key("compare", texts(1, ANY), Required, "cells"),
        key("over", Text, Required, "the cell they are compared with"),
    ]],
    example: "`{ compare = [\"tuned/direct\", \"base/cot\"], over = \"base/direct\" }`",
    instead_of_text: None,
};

pub(super) const CLAIM: TableShape = TableShape {
    name: "claims",
    doc: "One `[[claims]]` for each sentence.",
    keys: &[&[
        key("text", Text, Required, "the sentence"),
        key(
            "estimate",
            Text,
            Required,
            "a sum of `gain(CONDITION, LANGUAGES)` and `accuracy(CONDITION, LANGUAGES)`; LANGUAGES is a group, a code, `relatives`, `controls` or `all`",
        ),
        key("expect", Table(&EXPECT), Required, "what the estimate is expected to be"),
        key(
            "over",
            Choice(Population::WORDS),
            Default("\"items\""),
            "what it speaks of: more questions in these languages, or more languages",
        ),
    ]],
    example: "`[[claims]]` with `text`, `estimate` and `expect`",
    instead_of_text: None,
};

const EXPECT: TableShape = TableShape {
    name: "claims.expect",
    doc: "One of three.",
    keys: &[&[
        key("below", Number { above: Bound::None }, Optional, "it is less than this"),
        key("above", Number { above: Bound::None }, Optional, "it is more than this"),
        key("within", Number { above: Bound::AboveZero }, Optional, "it differs from zero by less than this margin"),
    ]],
    example: "`expect = { within = 0.03 }`, or for one side `{ below = 0.03 }`",
    instead_of_text: Some("`expect` needs a number: a claim of no difference without a margin cannot be tested"),
};
