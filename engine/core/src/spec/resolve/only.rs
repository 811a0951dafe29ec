//! `only` of a profile: a part of a study that has been checked as a whole.
//!
//! `[modes]` stays as it is: what modes share decides how prompts are cut, so leaving one out would change the others.

mod commands;

use super::adapters::trainings;
use super::families::{self, Family};
use super::languages::{RESERVED, codes};
use super::{CONDITION, Context, Kind, MODE, MODEL};
use crate::spec::text::Word;
use crate::spec::tree::{Node, Table};
use crate::spec::{Adapter, AdapterOrigin, Cell, Quantity, Spec, Term, Training};

/// Leaves out of `spec` all that `only` does not name, and what hangs on it.
pub(super) fn apply(only: &Node, spec: &mut Spec, families: &[Family], cx: &mut Context<'_>) {
    let Some(table) = only.table() else { return };
    let before: Vec<_> = adapters_in_use(spec);
    let of_study = commands::of_study(spec);
    let all: Vec<String> = spec.models.iter().map(|model| model.name.clone()).collect();
    if let Some((node, models)) = names(MODEL, table, cx) {
        spec.models.retain(|model| models.contains(&model.name));
        nothing_left(spec.models.is_empty(), node, "models", cx);
    }
    if let Some((node, conditions)) = names(CONDITION, table, cx) {
        spec.conditions.retain(|condition| conditions.contains(&condition.name));
        nothing_left(spec.conditions.is_empty(), node, "conditions", cx);
    }
    if let Some((node, modes)) = modes(table, families, cx) {
        spec.conditions.iter_mut().for_each(|condition| condition.modes.retain(|mode| modes.contains(mode)));
        spec.conditions.retain(|condition| !condition.modes.is_empty());
        nothing_left(spec.conditions.is_empty(), node, "conditions in these modes", cx);
    }
    let study = languages_of(spec);
    let after = adapters_in_use(spec);
    // What the arms of a comparison have in common depends on all of them.
    let arm = |adapter: &Adapter| adapter.training().is_some_and(|training| training.matched.is_some());
    let arms = spec.adapters.iter().any(|adapter| arm(adapter) && after.contains(&adapter.name));
    let gone: Vec<String> = before.into_iter().filter(|name| !after.contains(name)).collect();
    let models: Vec<String> =
        all.into_iter().filter(|name| spec.models.iter().all(|model| model.name != *name)).collect();
    commands::prune(spec, &of_study, &models, &gone);
    let Spec { adapters, stages, .. } = spec;
    adapters
        .retain(|adapter| !gone.contains(&adapter.name) || arms && arm(adapter) || commands::is_read(adapter, stages));
    if let Some(node) = table.get("languages") {
        keep_languages(node, &study, spec, cx);
    }
    prune_analysis(spec);
}

fn adapters_in_use(spec: &Spec) -> Vec<String> {
    spec.conditions.iter().filter_map(|condition| condition.adapter.clone()).collect()
}

/// The names that `only` lists for that kind; `None` if it has no such list, or unknown names, which are reported.
fn names<'t>(kind: Kind, table: &'t Table, cx: &mut Context<'_>) -> Option<(&'t Node, Vec<String>)> {
    let node = table.get(kind.table)?;
    let words: Vec<Word<'_>> = node.words().collect();
    let known = words.iter().filter(|word| cx.known(kind, **word)).count();
    (known == words.len()).then(|| (node, words.iter().map(|word| word.text.to_owned()).collect()))
}

/// The modes that `only` lists, likewise.
fn modes<'t>(table: &'t Table, families: &[Family], cx: &mut Context<'_>) -> Option<(&'t Node, Vec<String>)> {
    let node = table.get(MODE.table)?;
    let words: Vec<Word<'_>> = node.words().collect();
    let named: Vec<Vec<String>> = words.into_iter().map(|word| families::named(word, families, cx)).collect();
    named.iter().all(|names| !names.is_empty()).then(|| (node, named.concat()))
}

fn nothing_left(nothing: bool, node: &Node, what: &str, cx: &mut Context<'_>) {
    if nothing {
        cx.faults
            .at(node.place, format!("`only` leaves no {what}"))
            .label("leaves nothing")
            .help("name something that the study has, or leave this key out");
    }
}

/// Every language that is evaluated or trained on.
fn languages_of(spec: &Spec) -> Vec<String> {
    let evaluated = spec.evaluate.iter().flat_map(|evaluate| &evaluate.languages);
    let trained = trainings(spec).flat_map(|training| &training.train_on.languages);
    evaluated.chain(trained).cloned().collect()
}

fn keep_languages(node: &Node, study: &[String], spec: &mut Spec, cx: &mut Context<'_>) {
    let kept = codes(node, &spec.languages, cx);
    for word in node.words().filter(|word| kept.iter().any(|code| code == word.text)) {
        if !study.iter().any(|code| code == word.text) {
            cx.faults
                .at(word.place, format!("`{}` is not a language of this study", word.text))
                .label("neither evaluated nor trained on");
        }
    }
    if let Some(evaluate) = &mut spec.evaluate {
        evaluate.languages.retain(|code| kept.contains(code));
        nothing_left(evaluate.languages.is_empty() && !kept.is_empty(), node, "languages to evaluate", cx);
    }
    for adapter in &mut spec.adapters {
        let AdapterOrigin::Trained(Training { train_on, .. }) = &mut adapter.origin else { continue };
        train_on.languages.retain(|code| kept.contains(code));
        let what = format!("languages to train adapter `{}` on", adapter.name);
        nothing_left(train_on.languages.is_empty() && !kept.is_empty(), node, &what, cx);
    }
}

/// Gains, ablations, premiums and claims of what is gone go too.
fn prune_analysis(spec: &mut Spec) {
    let Spec { conditions, analyze, claims, evaluate, languages, .. } = spec;
    let modes = |name: &str| conditions.iter().find(|condition| condition.name == name).map(|found| &found.modes);
    let has = |cell: &Cell| modes(&cell.condition).is_some_and(|modes| modes.contains(&cell.mode));
    let evaluated = evaluate.as_ref().map(|evaluate| evaluate.languages.as_slice()).unwrap_or_default();
    let mut gains = false;
    if let Some(analyze) = analyze {
        analyze.gain = analyze.gain.take().filter(|gain| match (modes(&gain.of), modes(&gain.over)) {
            (Some(of), Some(over)) => of.iter().any(|mode| over.contains(mode)),
            _ => false,
        });
        gains = analyze.gain.is_some();
        analyze.ablation = analyze.ablation.take().filter(|ablation| has(&ablation.over)).and_then(|mut ablation| {
            ablation.compare.retain(has);
            (!ablation.compare.is_empty()).then_some(ablation)
        });
        analyze.fertility = analyze.fertility.take().filter(|reference| evaluated.contains(reference));
    }
    let measured = |name: &str| match languages.iter().find(|group| group.name == name) {
        Some(group) => group.codes.iter().any(|code| evaluated.contains(code)),
        None => RESERVED.contains(&name) || evaluated.iter().any(|code| code == name),
    };
    let stays = |term: &Term| {
        modes(&term.condition).is_some() && measured(&term.languages) && (gains || term.quantity == Quantity::Accuracy)
    };
    claims.retain(|claim| claim.estimate.terms.iter().all(stays));
}
