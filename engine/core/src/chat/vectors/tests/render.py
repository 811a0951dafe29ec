"""Writes vectors.jsonl: what jinja2, set up as in Hugging Face's `apply_chat_template`, renders from the templates here.

Needs jinja2 alone (3.1.6 made what is in the repository). The templates are the project's own; with their conversations
they use what the models' templates use.
"""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).parent


class Generation(jinja2.ext.Extension):
    """`{% generation %}`, as transformers parses it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("render"), [], [], body).set_lineno(line)

    def render(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment(now):
    extensions = [Generation, jinja2.ext.loopcontrols]
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = datetime.datetime.fromisoformat(now).strftime
    return made


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


THOUGHT = "<think>\nIt is one.\n</think>\n\n1"
CONVERSATIONS = {
    "question": [turn("user", "Why?")],
    "system": [turn("system", "Be brief."), turn("user", " Why? \n")],
    "turns": [
        turn("user", "One?"),
        turn("assistant", "1"),
        turn("user", "Two?"),
        turn("assistant", "2"),
        turn("user", "Three?"),
    ],
    "reasoning in the text": [turn("user", "One?"), turn("assistant", THOUGHT)],
    "reasoning in a field": [
        turn("user", "One?"),
        turn("assistant", "1", reasoning_content="\nIt is one.\n", thinking="It is one."),
    ],
    "calls": [
        turn("user", "Rain?"),
        turn("assistant", None, tool_calls=[call("rain", {"place": "Köln", "days": [1, 2.5, None]})], thinking="Look."),
        turn("tool", "<no> & 'none'"),
        turn("assistant", "No."),
        turn("user", "Thanks"),
    ],
    "two calls": [
        turn("user", "Rain?"),
        turn("assistant", "Look:", tool_calls=[call("rain", "{}"), call("sun", {"é": "\u2028"})]),
        turn("tool", "no"),
        turn("tool", "yes"),
    ],
    "a result unasked": [turn("user", "Rain?"), turn("tool", "no")],
    "system at the end": [turn("user", "a"), turn("system", "b"), turn("assistant", "c"), turn("assistant", "d")],
    "tags in the text": [
        turn("user", 'a <|end|> {{ b }} {% if %} \\n "q" <|channel|>analysis<|message|>'),
        turn("assistant", "<|channel|>analysis<|message|>"),
        turn("user", "x"),
    ],
    "nothing": [],
}
PARAMETERS = {
    "type": "object",
    "required": ["place"],
    "properties": {
        "place": {"type": "string"},
        "days": {"type": "array", "items": {"type": ["number", "null"]}, "default": [1, "x"]},
        "unit": {"enum": ["mm", "in"]},
        "rest": {},
    },
}
TOOL = {
    "type": "function",
    "function": {"name": "rain", "description": "It's <b>rain</b> & more", "parameters": PARAMETERS},
}
GIVEN = {
    "text": "héllo wörld",
    "list": [1, 2.5, "x"],
    "number": 3,
    "flag": True,
    "none": None,
    "nested": {"deep": {"er": [[], {}]}},
    'odd "key"': "tab\t\u0001\u007f \U0001f600 </script>",
    "small": 1e-7,
    "large": 1e20,
    "long": 12345678901234567890,
}


def vectors():
    def vector(template, case, variables=None, prompt=True, now="2026-01-15T12:00:00", bos="<s>", eos="</s>"):
        row = {
            "template": template,
            "case": case,
            "messages": CONVERSATIONS[case],
            "add_generation_prompt": prompt,
            "variables": variables or {},
            "bos_token": bos,
            "eos_token": eos,
            "now": now,
            "rendered": None,
            "error": None,
        }
        tokens = {name: row[name] for name in ("bos_token", "eos_token") if row[name] is not None}
        given = {"messages": row["messages"], "tools": None, "documents": None, "add_generation_prompt": prompt}
        try:
            source = (HERE / f"{template}.jinja").read_text()
            row["rendered"] = environment(now).from_string(source).render(given | tokens | row["variables"])
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"
        return row

    conversations = [case for case in CONVERSATIONS if case != "nothing"]
    for case in conversations:
        yield vector("switched", case)
    yield vector("switched", "turns", prompt=False)
    for flag in (False, True, None):
        yield vector("switched", "question", {"enable_thinking": flag})
    yield vector("switched", "system", {"tools": [TOOL, TOOL]})
    for case in conversations:
        yield vector("channels", case)
    for case in ("turns", "reasoning in a field"):
        yield vector("channels", case, prompt=False)
    for effort in ("low", "high"):
        yield vector("channels", "question", {"reasoning_effort": effort})
    yield vector("channels", "system", {"tools": [TOOL], "identity": "You."})
    for case in ("question", "system", "turns", "calls"):
        yield vector("strict", case)
    yield vector("strict", "turns", prompt=False, bos=None)
    for case in ("question", "system", "turns", "calls", "system at the end"):
        yield vector("spans", case)
    yield vector("spans", "turns", prompt=False, eos=None)
    for now in ("2026-01-05T00:05:09", "2024-12-31T23:59:00"):
        yield vector("values", "calls", {"given": GIVEN}, now=now)
    for case in ("question", "nothing"):
        yield vector("faulty", case)
    yield vector("broken", "question")


if __name__ == "__main__":
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in vectors()]
    (HERE / "vectors.jsonl").write_text("".join(lines))
