//! Prompts and conditions: how a model is asked.

use crate::spec::preset;
use crate::spec::shape::Need::{Default, Derived, Optional, Required};
use crate::spec::shape::Shape::{Boolean, Choice, Map, Number, Table, Text, Texts};
use crate::spec::shape::{Bound, COUNT, Names, Shape, TableShape, from, key, tables, texts};
use crate::spec::types::{Channel, Effort, Normalize, Rules, Score};

pub(super) const PROMPT: TableShape = TableShape {
    name: "prompt",
    doc: "What all modes share. Templates are minijinja.",
    keys: &[&[
        key(
            "preset",
            Choice(preset::NAMES),
            Optional,
            "another tool's prompt, and how it scores; what is written beside it, or in a mode, counts more",
        ),
        key("system", Text, Optional, "template of the system message; knows `labels`, `language`, `words`"),
        key(
            "body",
            Text,
            Derived("the preset's"),
            "template of the user's message; knows `passage`, `question`, `options`, `options_block`, `labels`, `language`, `key`, `words` and what `fields.extra` names",
        ),
        key(
            "continuation",
            Text,
            Derived("the preset's, else the option"),
            "for `score = \"texts\"`: template of the text that is scored for an option; knows `option` and `label` besides",
        ),
        key(
            "labels",
            texts(2, 10),
            Derived(r#"the preset's, else `["1", "2", "3", "4"]`"#),
            "what `options_block` shows before each option, and what is scored",
        ),
        key(
            "delimiter",
            Text,
            Derived("the preset's, else nothing"),
            "text between prompt and answer that is scored with the answer, such as a space",
        ),
        key(
            "words",
            tables("a language", &WORDS),
            Optional,
            "by language code: texts by name, which templates show as `{{ words.NAME }}`",
        ),
    ]],
    example: "`[prompt]` with `body = \"…\"`",
    instead_of_text: None,
};

/// `[prompt.words.CODE]`.
const WORDS: Shape = Map { what: "a word", names: Names::Variable, item: &Text };

pub(super) const FORMAT: TableShape = TableShape {
    name: "formats.NAME",
    doc: "Another way to show the same question. What it says counts more than the mode and the prompt.",
    keys: &[&[
        key("system", Text, Optional, "template of the system message"),
        key("body", Text, Optional, "template of the user's message"),
        key("instruction", Text, Optional, "template that follows the body"),
        key("continuation", Text, Optional, "for `texts`: template of the text that is scored for an option"),
        key(
            "labels",
            texts(2, 10),
            Optional,
            "what is shown before each option and scored; as many as the questions have options",
        ),
        key("delimiter", Text, Optional, "text between prompt and answer that is scored with the answer"),
        key("score", Choice(Score::WORDS), Optional, "how an answer becomes a prediction"),
        key("normalize", Choice(Normalize::WORDS), Optional, "for `texts`: by what a likelihood is divided"),
    ]],
    example: "`{ labels = [\"A\", \"B\", \"C\", \"D\"] }`",
    instead_of_text: None,
};

pub(super) const MODE: TableShape = TableShape {
    name: "modes.NAME",
    doc: "A way to ask the question of the prompt.",
    keys: &[&[
        key("instruction", Text, Optional, "template that follows the body after a blank line"),
        key(
            "score",
            Choice(Score::WORDS),
            Derived("the preset's, else `labels`"),
            "`labels`: probabilities of the labels; `texts`: likelihood of each option's text; `generate`: greedy text and extraction",
        ),
        key(
            "normalize",
            Choice(Normalize::WORDS),
            Derived("the preset's, else `byte`"),
            "for `texts`: by what the likelihood of an option is divided; `sum`: nothing",
        ),
        key("reason", Table(&REASON), Optional, "reasoning before the answer"),
        key("cue", Text, Optional, "template of what stands before the answer, behind any reasoning; as `system`"),
        key(
            "slot",
            Texts,
            Derived("`final`"),
            "where the answer is expected: `final`: where the model gives it; `bare`: right behind the generation prompt; or behind this text; a list: the mode once with each",
        ),
        key(
            "format",
            Texts,
            Derived("`prompt`"),
            "name of one of `[formats]`, or `prompt`: as `[prompt]` has it; a list: the mode once in each",
        ),
        key(
            "words",
            Texts,
            Derived("`own`"),
            "language of the prompt's words: `own`: the question's; or a code of `[prompt.words]`; a list: the mode once in each",
        ),
        key(
            "rotate",
            Boolean,
            Default("false"),
            "whether a question is asked with its options in every circular order, and the likelihoods averaged",
        ),
        key("shots", Table(&SHOTS), Optional, "solved examples before the question"),
        key("max_tokens", from(1), Default("256"), "for `generate`: budget in tokens"),
        key("stop", Texts, Default("[]"), "for `generate`: texts at which the answer ends"),
        key(
            "extract",
            Choice(Rules::WORDS),
            Derived("the preset's, else `xlt`"),
            "for `generate`: rules by which the answer is found in the text",
        ),
    ]],
    example: "`{ instruction = \"Answer with 1, 2, 3 or 4 only.\" }`",
    instead_of_text: None,
};

const SHOTS: TableShape = TableShape {
    name: "modes.NAME.shots",
    doc: "Solved examples, the same before every question; in a chat format turns of their own.",
    keys: &[&[
        key("number", from(1), Required, "how many"),
        key("part", Text, Default("\"train\""), "part of the data that they are drawn from, not the evaluated one"),
        key(
            "language",
            Text,
            Default("\"own\""),
            "`own`: the question's; or a code: the same examples in that language for all",
        ),
        key("seed", COUNT, Default("1"), "seed of the draw, which is the same in every language"),
    ]],
    example: "`{ number = 5 }`",
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
        key("effort", Choice(Effort::WORDS), Optional, "how hard a model thinks that can be told so (gpt-oss)"),
        key(
            "temperature",
            Number { above: Bound::AtLeastZero },
            Default("0.0"),
            "0: the likeliest token; else tokens are drawn",
        ),
        key(
            "top_p",
            Number { above: Bound::AboveZero },
            Default("1.0"),
            "only the likeliest tokens that together have this probability are drawn",
        ),
        key("seed", COUNT, Default("1"), "seed of the draws"),
        key(
            "filler",
            Text,
            Optional,
            "one token, written `max_tokens` times in place of reasoning: as long, and without content",
        ),
    ]],
    example: "`{ max_tokens = 1024 }`",
    instead_of_text: None,
};

pub(super) const CONDITION: TableShape = TableShape {
    name: "conditions.NAME",
    doc: "With its modes, the columns of the results.",
    keys: &[&[
        key("adapter", Text, Optional, "name of an adapter that is applied"),
        key("modes", Texts, Derived("`direct`, if there is such a mode"), "names of modes"),
    ]],
    example: "`{ modes = [\"direct\"] }`",
    instead_of_text: None,
};
