//! The command line, and which function each command is.

use crate::command;
use crate::failure::Failure;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Cross-lingual transfer experiments from one file.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 a stage failed; 2 something in the spec, the arguments or the cache must be put right; \
                          70 a bug in xlt; 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(command::run::Args),
    Plan(command::plan::Args),
    Lock(command::lock::Args),
    Fetch(command::fetch::Args),
    Check(command::check::Args),
    Explain(command::explain::Args),
    Status(command::status::Args),
    Results(command::results::Args),
    Report(command::report::Args),
    Diff(command::diff::Args),
    Items(command::items::Args),
    Show(command::show::Args),
    Probe(command::probe::Args),
    Fertility(command::fertility::Args),
    Adapter(command::adapter::Args),
    Log(command::log::Args),
    Graph(command::graph::Args),
    Cache(command::cache::Args),
    Doctor(command::doctor::Args),
    Init(command::init::Args),
    Chat(command::chat::Args),
    Schema(command::schema::Args),
    Completions(command::completions::Args),
    #[command(hide = true)]
    Task(command::task::Args),
    #[command(hide = true)]
    Worker(command::worker::Args),
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Run(args) => command::run::run(&args),
            Command::Plan(args) => command::plan::run(&args),
            Command::Lock(args) => command::lock::run(&args),
            Command::Fetch(args) => command::fetch::run(&args),
            Command::Check(args) => command::check::run(&args),
            Command::Explain(args) => command::explain::run(&args),
            Command::Status(args) => command::status::run(&args),
            Command::Results(args) => command::results::run(&args),
            Command::Report(args) => command::report::run(&args),
            Command::Diff(args) => command::diff::run(&args),
            Command::Items(args) => command::items::run(&args),
            Command::Show(args) => command::show::run(&args),
            Command::Probe(args) => command::probe::run(&args),
            Command::Fertility(args) => command::fertility::run(&args),
            Command::Adapter(args) => command::adapter::run(&args),
            Command::Log(args) => command::log::run(&args),
            Command::Graph(args) => command::graph::run(&args),
            Command::Cache(args) => command::cache::run(&args),
            Command::Doctor(args) => command::doctor::run(&args),
            Command::Init(args) => command::init::run(&args),
            Command::Chat(args) => command::chat::run(&args),
            Command::Schema(args) => command::schema::run(&args),
            Command::Completions(args) => command::completions::run(&args),
            Command::Task(args) => command::task::run(&args),
            Command::Worker(args) => command::worker::run(&args),
        }
    }
}
