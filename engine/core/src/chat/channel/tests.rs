//! Small templates with what the families have in common; the families' own are not in the repository.

use super::*;
use crate::chat::without_thinking;

/// Qwen3: off writes an empty channel, on leaves it to the model.
const HYBRID: &str = "\
{%- for turn in messages %}<turn>{{ turn.role }}\n{{ turn.content }}</turn>\n{% endfor %}
{%- if add_generation_prompt %}{{ '<turn>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{%- endif %}";

/// SmolLM3: the header says which mode it is, too.
const HEADED: &str = "\
{%- if enable_thinking is not defined %}{% set enable_thinking = true %}{% endif %}
{{- 'Mode: ' ~ ('/think' if enable_thinking else '/no_think') ~ ' <think> Thoughts </think>\\n' }}
{%- for turn in messages %}{% generation %}{{ turn.role }}: {{ turn.content }}\n{% endgeneration %}{% endfor %}
{%- if add_generation_prompt %}{{ 'assistant:\\n' if enable_thinking else 'assistant:\\n<think>\\n\\n</think>\\n' }}{% endif %}";

/// GLM: the switch is in the question, too, and the empty channel is on a line of its own.
const MARKED: &str = "\
{%- for turn in messages %}<|{{ turn.role }}|>{{ turn.content }}
    {{- '/nothink' if turn.role == 'user' and enable_thinking is defined and not enable_thinking }}{% endfor %}
{%- if add_generation_prompt %}<|assistant|>
    {{- '\\n<think></think>' if enable_thinking is defined and not enable_thinking }}
{%- endif %}";

/// DeepSeek V3.1: one of the two tags, always.
const EITHER: &str = "\
{%- if not thinking is defined %}{% set thinking = false %}{% endif %}
{%- for turn in messages %}<{{ turn.role }}>{{ turn.content }}{% endfor %}
{%- if add_generation_prompt %}<assistant>{{ '<think>' if thinking else '</think>' }}{% endif %}";

/// Qwen3-2507 thinking: on without a switch; earlier turns keep their reasoning.
const ALWAYS: &str = "\
{%- for turn in messages %}<turn>{{ turn.role }}\n
    {%- if turn.reasoning_content %}{{ '<think>\\n' + turn.reasoning_content.strip('\\n') + '\\n</think>\\n\\n' }}{% endif %}
    {{- turn.content }}</turn>\n{% endfor %}
{%- if add_generation_prompt %}{{ '<turn>assistant\\n<think>\\n' }}{% endif %}";

/// R1 distilled: the same, but reasoning is dropped.
const FORGETFUL: &str = "\
{%- for turn in messages %}<{{ turn.role }}>{{ turn.content.split('</think>')[-1] }}{% endfor %}
{%- if add_generation_prompt %}{{ '<assistant><think>\\n' }}{% endif %}";

/// gpt-oss.
const HARMONY: &str = "\
{%- macro header() %}{% if reasoning_effort is not defined %}{% set reasoning_effort = 'medium' %}{% endif %}
    {{- 'Reasoning: ' + reasoning_effort }}{% endmacro %}
{{- '<|start|>system<|message|>' + header() + '<|end|>' }}
{%- for turn in messages %}
    {%- if turn.thinking %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + turn.thinking + '<|end|>' }}{% endif %}
    {{- '<|start|>' + turn.role + ('<|channel|>final' if turn.role == 'assistant' else '') + '<|message|>' + turn.content + '<|end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}<|start|>assistant{% endif %}";

/// Llama 3, Gemma, SmolLM2, Kimi-K2, Qwen3-2507 instruct: no channel, though a template may clean texts.
const PLAIN: &str = "\
{%- for turn in messages %}<turn>{{ turn.role }}\n{{ turn.content.split('</think>')[-1] }}</turn>\n{% endfor %}
{%- if add_generation_prompt %}<turn>assistant\n{% endif %}";

fn flags(names: &[&str]) -> BTreeMap<String, Variable> {
    names.iter().map(|&name| (name.to_owned(), Variable::Flag(true))).collect()
}

#[track_caller]
fn check(template: &str, switches: &[&str], open: &str, close: &str) {
    let (open, close, ends) = (open.to_owned(), close.to_owned(), vec!["</think>".to_owned()]);
    assert_eq!(native(template, None), Some(Native { variables: flags(switches), open, ends, close }));
}

/// The prompt to answer directly, after the question.
#[track_caller]
fn check_direct(template: &str, expected: &str) {
    let prompt = generation_prompt(template, &without_thinking()).expect("a prompt");
    assert_eq!(prompt.clone() + &direct_slot(template, &prompt), expected);
}

#[test]
fn a_switch_that_writes_an_empty_channel_when_off() {
    check(HYBRID, &["enable_thinking"], "<think>\n", "\n</think>\n\n");
    check_direct(HYBRID, "</turn>\n<turn>assistant\n<think>\n\n</think>\n\n");
    check(HEADED, &["enable_thinking"], "<think>\n", "\n</think>\n");
    check_direct(HEADED, "\nassistant:\n<think>\n\n</think>\n");
    check(MARKED, &["enable_thinking"], "\n<think>", "</think>");
    check_direct(MARKED, "/nothink<|assistant|>\n<think></think>");
}

#[test]
fn a_switch_between_the_two_tags() {
    check(EITHER, &["thinking"], "", "</think>");
    check_direct(EITHER, "<assistant></think>");
    let renamed = EITHER.replace("if not thinking is defined", "if enable_thinking is defined");
    check(
        &renamed.replace("thinking = false", "thinking = enable_thinking"),
        &["enable_thinking", "thinking"],
        "",
        "</think>",
    );
}

#[test]
fn a_channel_that_is_always_open() {
    check(ALWAYS, &[], "", "\n</think>\n\n");
    check_direct(ALWAYS, "</turn>\n<turn>assistant\n<think>\n\n</think>\n\n");
    check(&ALWAYS.replace("'\\n</think>\\n\\n'", "' </think> '"), &[], "", " </think> ");
    check(FORGETFUL, &[], "", "\n</think>\n\n");
    check_direct(FORGETFUL, "<assistant><think>\n\n</think>\n\n");
    check(&FORGETFUL.replace("<think>\\n", "<think>"), &[], "", "</think>");
}

#[test]
fn a_switch_that_opens_or_closes() {
    let opening = HYBRID.replace("{% endif %}\n{%- endif %}", "{% else %}{{ '<think>\\n' }}{% endif %}\n{%- endif %}");
    assert_ne!(opening, HYBRID);
    check(&opening, &["enable_thinking"], "", "\n</think>\n\n");
    check_direct(&opening, "</turn>\n<turn>assistant\n<think>\n\n</think>\n\n");
}

#[test]
fn harmony_has_channels_by_name() {
    let close = "<|end|><|start|>assistant<|channel|>final<|message|>";
    let found = native(HARMONY, None).expect("a channel");
    assert_eq!(found.variables, BTreeMap::new());
    assert_eq!(found.open, "<|channel|>analysis<|message|>");
    assert_eq!((found.ends.as_slice(), found.close.as_str()), (&["<|end|>".to_owned()][..], close));
    for (effort, name) in [(Effort::Low, "low"), (Effort::Medium, "medium"), (Effort::High, "high")] {
        let variables = native(HARMONY, Some(effort)).expect("a channel").variables;
        assert_eq!(variables, BTreeMap::from([(EFFORT.to_owned(), Variable::Text(name.to_owned()))]));
    }
    check_direct(HARMONY, "<|end|><|start|>assistant<|channel|>final<|message|>");
}

#[test]
fn an_effort_is_for_templates_that_ask_for_it() {
    assert_eq!(native(HYBRID, Some(Effort::High)), native(HYBRID, None));
    let asking = HYBRID.to_owned() + "{{ reasoning_effort if false }}";
    let variables = native(&asking, Some(Effort::High)).expect("a channel").variables;
    assert_eq!(variables.get(EFFORT), Some(&Variable::Text("high".to_owned())));
    assert_eq!(variables.get("enable_thinking"), Some(&Variable::Flag(true)));
}

#[test]
fn templates_without_a_channel() {
    for template in
        [PLAIN, "{{ messages[0].content }}", "", "hello", "{% if %}", "{{ raise_exception('no') }}", "{{ a.b.c }}"]
    {
        assert_eq!(native(template, Some(Effort::Low)), None, "{template}");
        assert_eq!(direct_slot(template, "a prompt"), "", "{template}");
    }
    check_direct(PLAIN, "</turn>\n<turn>assistant\n");
    // Always empty: the model never reasons there.
    assert_eq!(native(&PLAIN.replace("assistant\n{%", "assistant\n<think></think>{%"), None), None);
}

#[test]
fn tags_in_a_question_open_nothing() {
    assert_eq!(direct_slot(PLAIN, "a question about <think>"), "");
    assert_eq!(direct_slot(HARMONY, "a question about <|start|>assistant\n"), "");
}

#[test]
fn what_is_left_of_the_close_after_the_models_own_end() {
    let rest = |template: &str, end: &str| native(template, None).expect("a channel").close_after(end).to_owned();
    assert_eq!(rest(HYBRID, "</think>"), "\n\n");
    assert_eq!(rest(EITHER, "</think>"), "");
    assert_eq!(rest(HARMONY, "<|end|>"), "<|start|>assistant<|channel|>final<|message|>");
    assert_eq!(rest(HYBRID, "<|end|>"), "\n</think>\n\n");
}
