//! `xlt items`: the answers behind a cell of the results, item by item.

use crate::context::StageArgs;
use crate::failure::Failure;
use crate::term;
use comfy_table::{Table, presets};
use serde_json::json;
use std::process::ExitCode;
use xlt_core::answers::{self, Answer};
use xlt_core::plan::{Kind, Verdict};

/// Show the answers of an evaluate stage, item by item
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt items [OPTIONS] [SPEC] STAGE")]
pub(crate) struct Args {
    #[command(flatten)]
    stage: StageArgs,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (context, plan, id) = args.stage.open()?;
    let stage = plan.stage(id);
    if stage.kind() != Kind::Evaluate {
        let kind = stage.kind().name();
        return Err(Failure::sentence(format!("`{}` is a {kind} stage; only evaluate stages have items", stage.name)));
    }
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
    term::say(&if args.json { as_json(&answers) } else { as_table(&answers) });
    Ok(ExitCode::SUCCESS)
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
            "argmax": answer.argmax_text,
            "n_tokens": answer.n_tokens,
            "reasoning": answer.reasoning,
            "generated": answer.generated,
        })
        .to_string()
    };
    answers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn as_table(answers: &[Answer]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["key", "", "prediction", "answer", "log-probabilities", "mass", "wants", "tokens"]);
    for answer in answers {
        let logprobs: Vec<String> = answer.logprobs.iter().map(|logprob| format!("{logprob:.2}")).collect();
        table.add_row([
            answer.key.clone(),
            if answer.correct() { "✓" } else { "✗" }.to_owned(),
            answer.predicted_label.clone().unwrap_or_else(|| "none".to_owned()),
            answer.gold_label.clone(),
            logprobs.join(" "),
            answer.answer_mass.map(|mass| format!("{mass:.2}")).unwrap_or_default(),
            format!("{:?}", answer.argmax_text),
            answer.n_tokens.to_string(),
        ]);
    }
    let right = answers.iter().filter(|answer| answer.correct()).count();
    format!("{}\n{right} of {} right", table.trim_fmt(), answers.len())
}
