//! The command: which stages, which item, then one after the other.

use super::exhibit::{Asks, exhibit};
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
    if stages.is_empty() {
        return Err(Failure::sentence(missing(&absent)));
    }
    let key = find::key(item, spec, &stages)?;
    let mut code = ExitCode::SUCCESS;
    let mut loader = Loader::new()?;
    let asked = stages.into_iter().filter_map(|asks| Some((asks.item(&key)?, asks)));
    for (number, (item, asks)) in asked.enumerate() {
        let exhibit = exhibit(&mut loader, &context.world, &asks, item);
        if exhibit.question.is_err() {
            code = ExitCode::from(USER);
        }
        match (args.json, number) {
            (true, _) => term::say(&json::line(&exhibit)),
            (false, 0) => term::say(&page::page(&exhibit, args.tokens)),
            (false, _) => term::say(&format!("\n\n{}", page::page(&exhibit, args.tokens))),
        }
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
