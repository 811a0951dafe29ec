//! `xlt show`: what a model saw and said for one question.

#[cfg(feature = "llama")]
mod choose;
#[cfg(feature = "llama")]
mod find;
#[cfg(feature = "llama")]
mod json;
#[cfg(feature = "llama")]
mod page;
#[cfg(feature = "llama")]
mod scene;
#[cfg(feature = "llama")]
mod script;

use crate::context::Overlay;
use crate::failure::Failure;
use std::process::ExitCode;

/// Show what a model saw and said for one question
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt show [OPTIONS] [SPEC] ITEM")]
#[cfg_attr(not(feature = "llama"), expect(dead_code, reason = "nothing can be shown without llama.cpp"))]
pub(crate) struct Args {
    /// The item's key, or a part that no other key has; `/` may stand for the `|` in it, which shells take for a pipe.
    /// Before it the spec, if that is not the only one here
    #[arg(num_args = 0..=2, value_names = ["SPEC", "ITEM"])]
    words: Vec<String>,
    /// Only in this language (may repeat, as may the next three)
    #[arg(long, value_name = "CODE")]
    language: Vec<String>,
    /// Only of this model
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Only under this condition
    #[arg(long, value_name = "NAME")]
    condition: Vec<String>,
    /// Only in this mode
    #[arg(long, value_name = "NAME")]
    mode: Vec<String>,
    /// One line a token: position, number, text in quotes; special tokens without
    #[arg(long)]
    tokens: bool,
    /// Print one JSON object a stage, each on a line
    #[arg(long, conflicts_with = "tokens")]
    json: bool,
    #[command(flatten)]
    overlay: Overlay,
}

#[cfg(not(feature = "llama"))]
pub(crate) fn run(_: &Args) -> Result<ExitCode, Failure> {
    Err(Failure::sentence(
        "this xlt was built without llama.cpp, which takes prompts apart; build it with the feature `llama`, the default",
    ))
}

#[cfg(feature = "llama")]
pub(crate) use with_llama::run;

#[cfg(feature = "llama")]
mod with_llama {
    use super::scene::{Scene, Studio};
    use super::{Args, choose, find, json, page, script::Script};
    use crate::context::Context;
    use crate::failure::{Failure, USER};
    use crate::term;
    use std::path::Path;
    use std::process::ExitCode;

    pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
        let (spec, asked) = args.words();
        let context = Context::of(spec, &args.overlay)?;
        let plan = context.plan()?;
        let stages = choose::stages(args, &plan)?;
        let (mut scripts, mut absent) = (Vec::new(), Vec::new());
        for (id, work) in stages {
            match Script::read(&context.world, &plan, id, work) {
                Ok(script) => scripts.push(script),
                Err(why) => absent.push(why),
            }
        }
        if let (true, Some(why)) = (scripts.is_empty(), absent.first()) {
            return Err(Failure::sentence(format!("{why}\n  `xlt run` brings what is shown here into the cache")));
        }
        let key = find::key(asked, spec, &scripts)?;
        let mut studio = Studio::open()?;
        let mut failed = false;
        let mut first = true;
        for script in scripts {
            let Some(scene) = studio.play(script, &key) else { continue };
            failed |= scene.is_err();
            let text = match (&scene, args.json) {
                (scene, true) => json::line(scene),
                (scene, false) => page::page(scene, args.tokens),
            };
            term::say(&if first || args.json { text } else { format!("\n\n{text}") });
            first = false;
        }
        Ok(if failed { ExitCode::from(USER) } else { ExitCode::SUCCESS })
    }
}
