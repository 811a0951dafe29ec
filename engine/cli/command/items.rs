//! `xlt items`: the answers behind a cell of the results, item by item.

use crate::context::{Context, StageArgs};
use crate::failure::Failure;
use crate::term;
use comfy_table::{Table, presets};
use serde_json::json;
use std::process::ExitCode;
use xlt_core::answers::{self, Answer, NOT_KNOWN};
use xlt_core::asked::{Asked, Rows};
use xlt_core::interop::samples;
use xlt_core::plan::{KnownOutputs as _, Plan, StageId, Verdict, Work};

/// Show the answers of an evaluate or import stage, item by item
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt items [OPTIONS] [SPEC] STAGE")]
pub(crate) struct Args {
    #[command(flatten)]
    stage: StageArgs,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Write them as another tool does: `lm-eval`, lm-evaluation-harness's samples
    #[arg(long, value_name = "TOOL", conflicts_with = "json")]
    format: Option<Format>,
}

/// Whose files the answers are written as.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// lm-evaluation-harness.
    LmEval,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (context, plan, id) = args.stage.open()?;
    let stage = plan.stage(id);
    let asked = match &stage.work {
        Work::Evaluate(work) => work.asked(),
        Work::Import(work) => work.asked(),
        _ => {
            let (name, kind) = (&stage.name, stage.kind().name());
            return Err(Failure::sentence(format!(
                "`{name}` is a {kind} stage; only evaluate and import stages have items"
            )));
        }
    };
    let Verdict::Cached { outputs, .. } = &plan.verdicts[id.index()] else {
        return Err(Failure::sentence(format!(
            "`{}` has not been run as the spec stands; `xlt run` does that",
            stage.name
        )));
    };
    let digest =
        outputs.first().map(|output| output.digest).ok_or_else(|| Failure::sentence("its record names no answers"))?;
    let answers =
        answers::read(&context.world.read_text(&digest)?).map_err(|error| Failure::sentence(error.to_string()))?;
    let text = match (args.format, args.json) {
        (Some(Format::LmEval), _) => {
            let rows = rows(&context, &plan, id, asked)?;
            samples(&answers, &rows, asked).map_err(Failure::sentence)?
        }
        (None, true) => as_json(&answers),
        (None, false) => as_table(&answers),
    };
    term::say(&text);
    Ok(ExitCode::SUCCESS)
}

/// The rows that a stage has read, from the cache.
fn rows(context: &Context, plan: &Plan, id: StageId, asked: Asked<'_>) -> Result<Rows, Failure> {
    let input = plan.stage(id).inputs.iter().find(|input| *input.name == *"rows");
    let digest = input.and_then(|input| plan.output(input.source));
    let digest = digest.ok_or_else(|| Failure::sentence("its rows are not known; `xlt run` reads them"))?;
    let text = context.world.read_text(&digest)?;
    Rows::read(text.as_bytes(), asked).map_err(Failure::sentence)
}

fn as_json(answers: &[Answer]) -> String {
    let line = |answer: &Answer| {
        json!({
            "key": answer.key,
            "prediction": answer.predicted_label,
            "answer": answer.gold_label,
            "correct": answer.correct(),
            "logprobs": answer.logprobs,
            "answer_mass": answer.answer_mass,
            "argmax": known(answer).then_some(&answer.argmax_text),
            "n_tokens": known(answer).then_some(answer.n_tokens),
            "reasoning": answer.reasoning,
            "generated": answer.generated,
        })
        .to_string()
    };
    answers.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether a model was asked here: of imported answers neither prompt nor tokens are known.
fn known(answer: &Answer) -> bool {
    answer.argmax_token != NOT_KNOWN
}

fn as_table(answers: &[Answer]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["key", "", "prediction", "answer", "log-probabilities", "mass", "wants", "tokens"]);
    for answer in answers {
        let logprobs: Vec<String> = answer.logprobs.iter().map(|logprob| format!("{logprob:.2}")).collect();
        let seen = |text: String| if known(answer) { text } else { String::new() };
        table.add_row([
            answer.key.clone(),
            if answer.correct() { "✓" } else { "✗" }.to_owned(),
            answer.predicted_label.clone().unwrap_or_else(|| "none".to_owned()),
            answer.gold_label.clone(),
            logprobs.join(" "),
            answer.answer_mass.map(|mass| format!("{mass:.2}")).unwrap_or_default(),
            seen(format!("{:?}", answer.argmax_text)),
            seen(answer.n_tokens.to_string()),
        ]);
    }
    let right = answers.iter().filter(|answer| answer.correct()).count();
    format!("{}\n{right} of {} right", table.trim_fmt(), answers.len())
}
