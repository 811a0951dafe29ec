//! The programs of Slurm: `sbatch`, `squeue`, `scancel`.

use std::path::Path;
use std::process::{Command, Stdio};
use xlt_core::slurm::{FORMAT, Job, jobs};

/// The first program of Slurm that is not here.
pub(super) fn missing() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_here = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    ["sbatch", "squeue", "scancel"].into_iter().find(|name| !is_here(name))
}

/// Hands in so many jobs, the same script. What `sbatch` says where it does not take it is the error.
pub(super) fn submit(script: &Path, jobs: u32, run: &str) -> Result<(), String> {
    let mut command = Command::new("sbatch");
    command.arg("--parsable").arg(format!("--array=0-{}", jobs.saturating_sub(1))).arg(script).arg(run);
    answer(&mut command).map(drop)
}

/// The jobs of these names that wait or run.
pub(super) fn queue(names: &[String]) -> Result<Vec<Job>, String> {
    let mut command = Command::new("squeue");
    command.args(["--noheader", "--array", &format!("--format={FORMAT}"), &format!("--name={}", names.join(","))]);
    answer(&mut command).map(|text| jobs(&text))
}

/// Takes back the jobs of these names that have not begun.
pub(super) fn cancel_waiting(names: &[String]) -> Result<(), String> {
    // One name a call: it takes no list.
    names.iter().try_for_each(|name| {
        answer(Command::new("scancel").args(["--state=PENDING", &format!("--name={name}")])).map(drop)
    })
}

fn answer(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot start `{program}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(format!("`{program}` says: {}", if said.is_empty() { "nothing".to_owned() } else { said.join("; ") }))
}
