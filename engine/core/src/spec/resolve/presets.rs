//! Whether a prompt of another tool fits what is asked: it shows fields and has words in languages that a study may lack.

use super::{Context, fields, prompts, template, uses};
use crate::spec::Spec;
use crate::spec::suggest::listed;

pub(super) fn fit(spec: &Spec, cx: &mut Context<'_>) {
    let Some(table) = cx.root.table("prompt") else { return };
    let (Some(preset), Some(node)) = (prompts::preset(cx), table.get("preset")) else { return };
    let body = table.get("body").is_none().then_some(preset.body);
    let continuation = preset.continuation.filter(|_| table.get("continuation").is_none());
    for data in fields::used(spec) {
        let shown = body.filter(|_| uses::by_body(data, spec)).into_iter();
        let shown = shown.chain(continuation.filter(|_| uses::by_continuation(data, spec)));
        let shown: Vec<String> = shown.flat_map(template::variables).collect();
        let lacks: Vec<&str> =
            shown.iter().filter(|&name| !data.fields.extra.contains_key(name)).map(String::as_str).collect();
        if !lacks.is_empty() {
            cx.faults
                .at(node.place, format!("`data.{}` has no {}", data.name, listed(&lacks)))
                .label("shows it")
                .help(format!("{}, or write a `body` beside the preset", fields::add(data, &lacks)));
        }
    }
    let shown = uses::languages_of_body(spec).into_iter().map(String::as_str);
    let unknown: Vec<&str> = shown.filter(|code| !preset.languages.contains(code)).collect();
    if body.is_some() && !preset.languages.is_empty() && !unknown.is_empty() {
        cx.faults
            .at(node.place, format!("the prompt has no words in {}", listed(&unknown)))
            .label(format!("has words in {}", listed(preset.languages)))
            .help("leave these languages out, or write a `body` beside the preset");
    }
}
