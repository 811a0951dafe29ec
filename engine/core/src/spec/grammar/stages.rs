//! Command stages.

use super::ANY;
use crate::spec::shape::Need::{Default, Derived, Required};
use crate::spec::shape::Shape::{Bytes, Choice, List, Map, Scalar, Text};
use crate::spec::shape::{Names, TableShape, from, key, tables, texts};

pub(super) const STAGE: TableShape = TableShape {
    name: "stages.NAME",
    doc: "A program, run once for each combination of the matrix. It sees its inputs and writes its outputs in a private folder.",
    keys: &[&[
        key("kind", Choice(&["command"]), Default("\"command\""), "what it is"),
        key("program", Text, Required, "a name to be found on `PATH`, or with a slash a file beside the spec"),
        key(
            "args",
            texts(0, ANY),
            Default("[]"),
            "arguments, with placeholders `{AXIS}`, `{PARAM}`, `{in.NAME}`, `{out.NAME}`; `{{` and `}}` are braces",
        ),
        key(
            "inputs",
            tables("an input", &Text),
            Default("{}"),
            "a path beside the spec, `stage:NAME` or `stage:NAME.OUTPUT`, `https://…`, `hf:ORG/REPO/PATH[@REV]`, `pypi:NAME==VERSION/MEMBER`, or `training:ADAPTER`",
        ),
        key("outputs", tables("an output", &Text), Default("{}"), "path in the private folder"),
        key("params", tables("a parameter", &Scalar), Default("{}"), "values"),
        key(
            "matrix",
            tables("an axis", &List { item: &Scalar, min: 1, max: ANY }),
            Default("{}"),
            "axes: lists of values",
        ),
        key(
            "export",
            tables("an output", &Text),
            Derived("all outputs, if no stage takes one"),
            "outputs to copy to the results, and under which path",
        ),
        key(
            "env",
            Map { what: "a variable", names: Names::Environment, item: &Text },
            Default("{}"),
            "environment variables",
        ),
        key("cores", from(1), Default("1"), "cores it keeps busy"),
        key("memory", Bytes, Default("0"), "memory it needs: bytes, or `\"4GB\"`"),
        key("gpus", from(0), Default("0"), "GPUs it needs"),
    ]],
    example: "`[stages.NAME]` with `program`",
    instead_of_text: None,
};
