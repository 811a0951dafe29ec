//! Runs a program of the user's in its private folder.

use super::folder::INPUTS;
use super::{Desk, Product, Trouble, folder};
use std::fs;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// What a program sees of the environment beside what its stage declares.
const ENVIRONMENT: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "TERM",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "CUDA_HOME",
    "HF_HOME",
    "HF_TOKEN",
    "HF_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
];
/// Lines of the log that are shown when a program fails.
const TAIL: usize = 15;
const TAIL_BYTES: u64 = 16 << 10;

pub(super) fn run(
    desk: &Desk<'_>,
    program: &str,
    args: &[String],
    env: &[(String, String)],
    outputs: &[(String, String)],
) -> Result<Product, Trouble> {
    let cannot = |path: &Path, error: &Error| Trouble::new(folder::sentence(path, error));
    link_inputs(desk).map_err(|error| cannot(desk.folder, &error))?;
    let outputs: Vec<_> = outputs.iter().map(|(name, path)| (name, desk.folder.join(path))).collect();
    for (_, path) in &outputs {
        if let Some(parent) = path.parent().filter(|parent| *parent != desk.folder) {
            fs::create_dir_all(parent).map_err(|error| cannot(parent, &error))?;
        }
    }
    let status = spawn(desk, program, args, env)?;
    if !status.success() {
        return Err(Trouble::Failed { message: format!("`{program}` {}", ending(status)), tail: tail(&desk.log.path) });
    }
    for (name, path) in &outputs {
        let shown = path.strip_prefix(desk.folder).unwrap_or(path).display();
        let problem = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => "is a link; write the file itself",
            Ok(_) if leads_out(desk.folder, path) => "lies behind a link; write it in the stage's own folder",
            Ok(_) => continue,
            Err(_) => "is not there",
        };
        let message = format!("`{program}` ended without an error, but its output `{name}` ({shown}) {problem}");
        return Err(Trouble::Failed { message, tail: tail(&desk.log.path) });
    }
    Ok(Product { outputs: outputs.into_iter().map(|(_, path)| path).collect(), ..Product::default() })
}

/// Whether a folder between the stage's and the output is a link: the output would be taken away from somewhere else.
fn leads_out(folder: &Path, output: &Path) -> bool {
    let between = output.ancestors().skip(1).take_while(|path| *path != folder);
    between.into_iter().any(|path| path.is_symlink())
}

fn link_inputs(desk: &Desk<'_>) -> Result<(), Error> {
    let mut made = desk.folder.join(INPUTS);
    for (input, path) in desk.job.inputs.iter().zip(desk.inputs) {
        let Some(link) = &input.link else { continue };
        let link = desk.folder.join(link);
        let parent = link.parent().unwrap_or(desk.folder);
        if made != parent {
            fs::create_dir_all(parent)?;
            parent.clone_into(&mut made);
        }
        // A second name costs no inode. It changes the file's ctime, by which a large artifact is known: that one gets a symbolic
        // link, as does whatever cannot have a second name.
        if !input.small || fs::hard_link(path, &link).is_err() {
            symlink(path, &link)?;
        }
    }
    Ok(())
}

fn spawn(desk: &Desk<'_>, program: &str, args: &[String], env: &[(String, String)]) -> Result<ExitStatus, Trouble> {
    let path: PathBuf = if program.contains('/') {
        std::path::absolute(program).unwrap_or_else(|_| program.into())
    } else {
        program.into()
    };
    let log = || desk.log.handle().map(Stdio::from);
    let (Ok(stdout), Ok(stderr)) = (log(), log()) else { return Err(Trouble::new("its log cannot be written")) };
    let mut command = Command::new(on_path(&path, env).as_ref().unwrap_or(&path));
    command
        .arg0(&path)
        .args(args)
        .current_dir(desk.folder)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .env_clear();
    command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let child = command.status();
    child.map_err(|error| match error.kind() {
        ErrorKind::NotFound if program.contains('/') => Trouble::new(format!(
            "the program {} is not there, or the interpreter in its first line is not",
            path.display()
        )),
        ErrorKind::NotFound => Trouble::new(format!(
            "the program `{program}` is not on PATH; install it, or name it with its path (./{program})"
        )),
        ErrorKind::PermissionDenied => {
            Trouble::new(format!("the program {} may not be executed; run `chmod +x` on it", path.display()))
        }
        ErrorKind::ArgumentListTooLong => {
            Trouble::new(format!("the arguments of `{program}` are too long; pass them in a file"))
        }
        _ => Trouble::new(format!("the program `{program}` cannot be started: {error}")),
    })
}

/// Where `PATH` has a bare name. Left to find it itself, the standard library forks, which copies this process's page tables.
fn on_path(program: &Path, env: &[(String, String)]) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return None;
    }
    let own = env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.into());
    let folders = own.or_else(|| std::env::var_os("PATH"))?;
    let is_program =
        |path: &PathBuf| path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(is_program)
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(9)) => "was killed (signal 9): if nobody did that, the machine ran out of memory".to_owned(),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> Vec<String> {
    let read = || -> Result<Vec<String>, Error> {
        let mut file = fs::File::open(log)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        Ok(lines[lines.len().saturating_sub(TAIL)..].iter().map(|&line| line.to_owned()).collect())
    };
    read().unwrap_or_default()
}
