//! What is handed to `sbatch`.

use super::class::Class;
use crate::key::Digest;
use crate::spec::Executor;
use std::fmt::Write;

/// Seconds before its time is up at which a job is told, so that what runs can stop where it goes on later.
const WARNING: u64 = 120;
/// Letters of a study's name in a job's.
const NAME: usize = 40;

/// A job of some kind, as a script.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// What the spec says of the cluster.
    pub executor: &'a Executor,
    /// What the jobs have.
    pub class: Class,
    /// Name of the job.
    pub name: &'a str,
    /// Folder in which it works: where the spec's paths begin.
    pub directory: &'a str,
    /// The xlt that runs in it.
    pub program: &'a str,
    /// The cache folder.
    pub cache: &'a str,
    /// File that says what is to be done.
    pub order: &'a str,
    /// Folder of the jobs' own logs.
    pub logs: &'a str,
}

/// Name of the jobs of a kind, for a study in a cache: known again by whoever asks for them next, on whatever host.
#[must_use]
pub fn job_name(study: &str, cache: &str, class: Class) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let study: String = study.chars().map(plain).take(NAME).collect();
    let digest = Digest::of(format!("{cache}\n{study}\n{class}").as_bytes()).to_string();
    format!("xlt-{study}-{}", &digest[..8])
}

impl Script<'_> {
    /// The script. How many jobs it is for, and the run that asks for them, are told to `sbatch` beside it.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { executor, class, name, directory, program, cache, order, logs } = *self;
        let mut text = format!("#!/bin/sh\n# {}\n", class.words());
        let mut option = |option: &str, value: &str| {
            let _ = writeln!(text, "#SBATCH --{option}={}", quoted(value));
        };
        option("job-name", name);
        for (name, value) in [("partition", &executor.partition), ("account", &executor.account)] {
            if let Some(value) = value {
                option(name, value);
            }
        }
        option("time", &time(class.seconds));
        option("ntasks", "1");
        option("cpus-per-task", &class.cores.to_string());
        option("mem", &format!("{}M", class.memory.div_ceil(1 << 20)));
        if class.gpus > 0 {
            option("gres", &executor.gres.replace("{gpus}", &class.gpus.to_string()));
        }
        option("signal", &format!("B:TERM@{}", WARNING.min(class.seconds / 10)));
        option("output", &format!("{logs}/%x-%A_%a.log"));
        text.push_str("#SBATCH --no-requeue\n");
        for option in &executor.options {
            let _ = writeln!(text, "#SBATCH {option}");
        }
        text.push_str("set -e\n");
        for module in &executor.modules {
            let _ = writeln!(text, "module load {}", quoted(module));
        }
        let _ = writeln!(text, "cd {}", quoted(directory));
        let container = executor.container.iter().map(|word| quoted(word) + " ");
        let _ = writeln!(
            text,
            "exec {}{} task --cache {} --order {} --class {class} --run \"$1\"",
            container.collect::<String>(),
            quoted(program),
            quoted(cache),
            quoted(order)
        );
        text
    }
}

/// `D-HH:MM:SS`, in whole minutes: Slurm counts time in them.
fn time(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    format!("{}-{:02}:{:02}:00", minutes / 1440, minutes / 60 % 24, minutes % 60)
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: Class = Class { gpus: 2, cores: 8, memory: 24_000_000_000, seconds: 30 * 60 * 60, long: true };

    #[test]
    fn a_script_asks_for_what_its_stages_need_and_runs_xlt_with_what_it_is_for() {
        let executor = Executor {
            partition: Some("gpu".to_owned()),
            account: Some("nlp".to_owned()),
            gres: "gpu:h100:{gpus}".to_owned(),
            modules: vec!["cuda/13.0".to_owned()],
            container: vec!["apptainer".to_owned(), "exec".to_owned(), "x y.sif".to_owned()],
            options: vec!["--qos=long".to_owned()],
            ..Executor::default()
        };
        let script = Script {
            executor: &executor,
            class: CLASS,
            name: "xlt-paper-1a2b3c4d",
            directory: "/home/a b/study",
            program: "/opt/xlt",
            cache: "/scratch/xlt",
            order: "/scratch/xlt/cluster/orders/x.json",
            logs: "/scratch/xlt/cluster/logs",
        };
        let expected = "#!/bin/sh
# 2 GPUs, 8 cores, 24 GB, 1800 min, trainings
#SBATCH --job-name=xlt-paper-1a2b3c4d
#SBATCH --partition=gpu
#SBATCH --account=nlp
#SBATCH --time=1-06:00:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=22889M
#SBATCH --gres=gpu:h100:2
#SBATCH --signal=B:TERM@120
#SBATCH --output=/scratch/xlt/cluster/logs/%x-%A_%a.log
#SBATCH --no-requeue
#SBATCH --qos=long
set -e
module load cuda/13.0
cd '/home/a b/study'
exec apptainer exec 'x y.sif' /opt/xlt task --cache /scratch/xlt --order /scratch/xlt/cluster/orders/x.json --class \
                        gpus2-cores8-memory24000000000-time108000-long --run \"$1\"
";
        assert_eq!(script.text(), expected);
    }

    #[test]
    fn jobs_of_other_studies_caches_and_kinds_have_other_names() {
        let name = job_name("my study/é", "cache", CLASS);
        assert!(name.starts_with("xlt-my_study__-") && name.len() == "xlt-my_study__-".len() + 8, "{name}");
        let others = [
            job_name("other", "cache", CLASS),
            job_name("my study/é", "elsewhere", CLASS),
            job_name("my study/é", "cache", Class { gpus: 1, ..CLASS }),
        ];
        assert!(others.iter().all(|other| *other != name));
    }

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
