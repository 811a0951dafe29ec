//! The command: which stages, which item, then one after the other.

use super::exhibit::{Asks, exhibit};
use super::lesson::Teaches;
use super::{Args, choose, find, json, page};
use crate::context::{Context, spec_and};
use crate::failure::{Failure, USER};
use crate::loader::Loader;
use crate::term;
use std::path::Path;
use std::process::ExitCode;

/// Stages that are named where they cannot be shown.
const SHOWN: usize = 3;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (spec, item) = args.words();
    let context = Context::of(spec, &args.overlay)?;
    let plan = context.plan()?;
    let (mut stages, mut absent) = (Vec::new(), Vec::new());
    for (id, work) in choose::stages(args, &plan)? {
        match Asks::read(&context.world, &plan, id, work) {
            Ok(asks) => stages.push(asks),
            Err(why) => absent.push(why),
        }
    }
    let mut trainings = Vec::new();
    for (id, work) in choose::trainings(args, &plan) {
        match Teaches::read(&context.world, &plan, id, work) {
            Ok(teaches) => trainings.push(teaches),
            Err(why) => absent.push(why),
        }
    }
    if stages.is_empty() && trainings.is_empty() {
        return Err(Failure::sentence(missing(&absent)));
    }
    let asked = stages.iter().flat_map(|stage| &stage.items);
    let key = find::key(item, spec, asked.chain(trainings.iter().flat_map(|training| &training.items)))?;
    let mut code = ExitCode::SUCCESS;
    let mut loader = Loader::new()?;
    let mut said = 0;
    let mut say = |text: String| {
        let apart = if args.json || said == 0 { "" } else { "\n\n" };
        term::say(&format!("{apart}{text}"));
        said += 1;
    };
    for (item, asks) in stages.into_iter().filter_map(|asks| Some((asks.item(&key)?, asks))) {
        let exhibit = exhibit(&mut loader, &context.world, &asks, item);
        if exhibit.question.is_err() {
            code = ExitCode::from(USER);
        }
        say(if args.json { json::line(&exhibit) } else { page::page(&exhibit, args.tokens) });
    }
    for lesson in trainings.iter().flat_map(|training| training.lessons(&mut loader, &key, &args.language)) {
        if lesson.words.is_err() {
            code = ExitCode::from(USER);
        }
        say(if args.json { lesson.line() } else { lesson.page(args.tokens) });
    }
    if !absent.is_empty() {
        term::tell(&format!("\nnot shown: {}", missing(&absent)));
    }
    Ok(code)
}

/// Why stages are not shown, and what to do.
fn missing(why: &[String]) -> String {
    let more = why.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    format!("{}{more}\n  `xlt run` makes what is missing", why[..why.len().min(SHOWN)].join("\n  "))
}

impl Args {
    /// The spec, if it is named, and what is said of the item. A spec by itself asks which items there are.
    fn words(&self) -> (Option<&Path>, &str) {
        match self.words.as_slice() {
            [] => (None, ""),
            [only] if Path::new(only).is_file() && only.ends_with(".toml") => (Some(Path::new(only)), ""),
            [only] => (None, only),
            [one, other, ..] => spec_and(one, other),
        }
    }
}
