//! `xlt init`: a first spec, ready to run.

use crate::failure::Failure;
use crate::term;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a first spec, ready to run and to be changed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

const FILES: [(&str, &str); 3] = [
    ("spec.toml", include_str!("init/spec.toml")),
    ("data/eng_Latn.jsonl", include_str!("init/eng_Latn.jsonl")),
    ("data/fra_Latn.jsonl", include_str!("init/fra_Latn.jsonl")),
];

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let taken = FILES.iter().map(|(name, _)| args.folder.join(name)).find(|path| path.exists());
    if let Some(path) = taken {
        return Err(Failure::sentence(format!(
            "{} is there already; `xlt init FOLDER` writes elsewhere",
            path.display()
        )));
    }
    for (name, text) in FILES {
        let path = args.folder.join(name);
        write_new(&path, text)
            .map_err(|error| Failure::sentence(format!("{} cannot be written: {error}", path.display())))?;
    }
    let spec = if args.folder == Path::new(".") { "spec.toml".into() } else { args.folder.join("spec.toml") };
    term::say(&format!("wrote {0}\nnext: `xlt plan {0}`, then `xlt run {0}`", spec.display()));
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, text: &str) -> Result<(), std::io::Error> {
    std::fs::create_dir_all(path.parent().ok_or(ErrorKind::NotFound)?)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
