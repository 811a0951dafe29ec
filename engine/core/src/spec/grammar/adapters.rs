//! Adapters: what a model learns, and how.

use super::ANY;
use super::inputs::ORIGIN;
use crate::spec::adapter::{Base, Gold, Match, Schedule};
use crate::spec::shape::Need::{Default, DefaultBeside, Derived, Optional, Required, Without};
use crate::spec::shape::Shape::{Boolean, Choice, List, Number, Table, Text, Texts};
use crate::spec::shape::{Bound, COUNT, Shape, TableShape, from, key, tables};

/// What tells an adapter that is trained here.
const TRAINED: &str = "train_on";

pub(super) const ADAPTER: TableShape = TableShape {
    name: "adapters.NAME",
    doc: "A LoRA adapter, trained on the answer tokens only; or a GGUF file with one that was made elsewhere.",
    keys: &[
        &[
            key("train_on", Table(&TRAIN_ON), Without("file"), "rows it learns from"),
            key(
                "base",
                Choice(Base::WORDS),
                DefaultBeside(TRAINED, "\"quantized\""),
                "`quantized`: trained on the file that is asked; `source`: on the one that `quantize` made it of",
            ),
            key("lora", Table(&LORA), DefaultBeside(TRAINED, "{}"), "its shape"),
            key("optimizer", Table(&OPTIMIZER), DefaultBeside(TRAINED, "{}"), "AdamW and its schedule"),
            key("batch_examples", from(1), DefaultBeside(TRAINED, "32"), "examples in a batch"),
            key("accumulate", from(1), DefaultBeside(TRAINED, "1"), "batches in a step of the optimizer"),
            key("epochs", from(1), Derived("`1`, without `steps`"), "passes over the rows"),
            key("steps", from(1), Optional, "in place of `epochs`: steps, with as many passes as they take"),
            key(
                "max_length",
                from(2),
                Derived("what the model was trained on"),
                "tokens that an example may have; longer ones are errors, never cut, but a `text` is learned in pieces of that length",
            ),
            key(
                "checkpoint_every",
                from(1),
                DefaultBeside(TRAINED, "20"),
                "steps after which training can be resumed; changes nothing else",
            ),
            key(
                "match",
                Choice(Match::WORDS),
                Optional,
                "what is made equal among all adapters that say the same: `questions`: only those that all have; `steps`: as many as the one with the fewest",
            ),
            key(
                "trained_by",
                tables("a model", &Text),
                Optional,
                "by model, the command stage that trains it in place of xlt: `{ big = \"stage:NAME\" }` or `\"stage:NAME.OUTPUT\"`",
            ),
            key(
                "seeds",
                List { item: &COUNT, min: 1, max: ANY },
                DefaultBeside(TRAINED, "[1, 2, 3]"),
                "seeds of initialization and order, one adapter for each; of a `file`, what `{seed}` in it stands for",
            ),
            key(
                "file",
                Texts,
                Optional,
                "in place of `train_on`: an adapter in GGUF, where a model's `file` may be, too; `{model}` and `{seed}` are filled in",
            ),
            key(
                "merge",
                Boolean,
                Default("false"),
                "whether it is added to the weights, and a model file made of that is asked",
            ),
        ],
        ORIGIN,
    ],
    example: "`[adapters.NAME]` with `train_on` or `file`",
    instead_of_text: None,
};

const TRAIN_ON: TableShape = TableShape {
    name: "adapters.NAME.train_on",
    doc: "Rows and how they are shown.",
    keys: &[&[
        key("data", Text, Required, "name of a data set"),
        key("part", Text, Default("\"train\""), "part of its split"),
        key("languages", Texts, Required, "a language group, a code, or a list of them"),
        key(
            "limit",
            from(1),
            Optional,
            "at most this many questions of the part in each language, drawn by their keys: the same in all",
        ),
        key(
            "allow_shared_items",
            Boolean,
            Default("false"),
            "whether an adapter may learn the very questions that it is asked",
        ),
        key("mode", Text, Without("text"), "name of the mode whose prompt the rows take"),
        key(
            "answers",
            Choice(Gold::WORDS),
            Derived("`gold`"),
            "`shuffled`: the gold answers dealt anew to the questions, the same in all languages, as a control",
        ),
        key(
            "text",
            Text,
            Optional,
            "in place of `mode`: template of plain text, which is learned whole; knows what `body` knows",
        ),
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
        key(
            "dropout",
            FRACTION,
            Default("0.0"),
            "probability by which a number of the adapter's input is left out in training",
        ),
        key(
            "targets",
            Texts,
            Default("\"all-linear\""),
            "`all-linear`, `attention`, or names of tensors and patterns of them, such as `attn_q` or `blk.1?.ffn_*`",
        ),
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
        key("warmup", FRACTION, Default("0.0"), "share of all steps in which it rises from zero first"),
        key("weight_decay", Number { above: Bound::AtLeastZero }, Default("0.0"), "weight decay"),
        key(
            "betas",
            List { item: &FRACTION, min: 2, max: 2 },
            Default("[0.9, 0.999]"),
            "decay of the first and of the second moment",
        ),
        key("epsilon", Number { above: Bound::AboveZero }, Default("1e-8"), "added to the root of the second moment"),
        key(
            "clip",
            Number { above: Bound::AtLeastZero },
            Default("1.0"),
            "greatest norm of a step's gradient, to which longer ones are cut; 0: any",
        ),
    ]],
    example: "`{ lr = 1e-4 }`",
    instead_of_text: None,
};

const FRACTION: Shape = Number { above: Bound::BelowOne };
