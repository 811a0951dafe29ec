//! The command: passages, tokens, a table.

use super::Args;
use crate::context::Context;
use crate::failure::Failure;
use crate::loader::Loader;
use crate::term;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use xlt_core::fertility::{Fertility, Passages, Premium};
use xlt_core::plan::{EvaluateWork, Plan, Work};
use xlt_core::spec::nearest;
use xlt_run::{World, model_file, question};

/// The passages of a model, by language.
type Languages = BTreeMap<String, Passages>;

/// One line of the table.
struct Line<'a> {
    model: &'a str,
    language: &'a str,
    fertility: Fertility,
    premium: Option<Premium>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let context = Context::of(args.spec.as_deref(), &args.overlay)?;
    let plan = context.plan()?;
    let models = passages(&context.world, &plan)?;
    let reference = reference(args, &models)?;
    let lines: Vec<Line<'_>> =
        models.iter().flat_map(|(model, languages)| lines(model, languages, &reference)).collect();
    term::say(&if args.json { as_json(&lines, &reference) } else { as_table(&lines, &reference) });
    Ok(ExitCode::SUCCESS)
}

/// The passages of every model that is asked something.
fn passages(world: &World, plan: &Plan) -> Result<BTreeMap<String, Languages>, Failure> {
    let mut models: BTreeMap<String, Languages> = BTreeMap::new();
    let mut loader = Loader::new()?;
    for (_, stage) in plan.ids() {
        let Work::Evaluate(work) = &stage.work else { continue };
        let languages = models.entry(work.cell.model.clone()).or_default();
        if languages.contains_key(&work.cell.language) {
            continue;
        }
        let inputs = world
            .artifacts(plan, stage)
            .map_err(|why| Failure::sentence(format!("{why}\n  `xlt run` makes what is missing")))?;
        languages.insert(work.cell.language.clone(), count(&mut loader, work, &inputs).map_err(Failure::sentence)?);
    }
    if models.is_empty() {
        return Err(Failure::sentence("the spec asks no model anything: it has no `[evaluate]`"));
    }
    Ok(models)
}

/// The passages of the rows, each once; of data without passages, the questions.
fn count(loader: &mut Loader, work: &EvaluateWork, inputs: &[PathBuf]) -> Result<Passages, String> {
    let [file, .., rows] = inputs else { return Err("an evaluation reads a model and rows".to_owned()) };
    let model = loader.model(&model_file(file), &work.cell.model)?;
    let mut passages = Passages::default();
    for item in question::items(work.asked().of_all(), rows)? {
        let (key, text) = match &item.passage {
            Some(passage) => (&item.group, passage),
            None => (&item.key, &item.question),
        };
        if !passages.has(key) {
            let tokens = model.tokenize(text, false).map_err(|error| error.to_string())?;
            passages.add(key, text, tokens.len());
        }
    }
    Ok(passages)
}

fn reference(args: &Args, models: &BTreeMap<String, Languages>) -> Result<String, Failure> {
    let languages: Vec<&str> = models.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
    let known = |code: &&str| languages.contains(code);
    match &args.reference {
        Some(code) if known(&code.as_str()) => Ok(code.clone()),
        Some(code) => {
            let hint = nearest(code, languages.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            Err(Failure::sentence(format!("`{code}` is not evaluated{}", hint.unwrap_or_default())))
        }
        None => Ok(Some("eng_Latn").filter(known).or(languages.first().copied()).unwrap_or_default().to_owned()),
    }
}

fn lines<'a>(model: &'a str, languages: &'a Languages, reference: &str) -> Vec<Line<'a>> {
    let line = |(language, passages): (&'a String, &Passages)| {
        let premium = languages.get(reference).and_then(|reference| passages.premium_over(reference));
        Some(Line { model, language, fertility: passages.fertility()?, premium })
    };
    languages.iter().filter_map(line).collect()
}

fn as_table(lines: &[Line<'_>], reference: &str) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let premium = format!("of {reference}");
    table.set_header(["model", "language", "passages", "tokens a passage", "a character", "a byte", &premium]);
    for Line { model, language, fertility, premium } in lines {
        table.add_row([
            (*model).to_owned(),
            (*language).to_owned(),
            fertility.passages.to_string(),
            format!("{:.1}", fertility.per_passage),
            format!("{:.3}", fertility.per_character),
            format!("{:.3}", fertility.per_byte),
            premium.map(|premium| format!("{:.2}x", premium.ratio)).unwrap_or_default(),
        ]);
    }
    for column in 2..7 {
        table.column_mut(column).into_iter().for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
    }
    table.trim_fmt()
}

fn as_json(lines: &[Line<'_>], reference: &str) -> String {
    let line = |Line { model, language, fertility, premium }: &Line<'_>| {
        json!({
            "model": model,
            "language": language,
            "passages": fertility.passages,
            "tokens_per_passage": fertility.per_passage,
            "tokens_per_character": fertility.per_character,
            "tokens_per_byte": fertility.per_byte,
            "reference": reference,
            "premium": premium.map(|premium| premium.ratio),
            "parallel_passages": premium.map(|premium| premium.passages),
        })
        .to_string()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
