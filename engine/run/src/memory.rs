//! How much memory a stage may still take on this machine.

use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::Path;

/// The variable that says how much memory a training may take, in MiB, where the user knows better.
const GIVEN: &str = "XLT_TRAINING_MIB";

/// What is left to others, as a share: memory that is free now may not be in a moment.
const LEFT: u64 = 16;

/// Bytes that training may take beside a model of that size, which is to stay in memory; `None` where nobody knows.
#[must_use]
pub(crate) fn for_training(model: u64) -> Option<u64> {
    let given = std::env::var(GIVEN).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if let Some(given) = given {
        return Some(given << 20);
    }
    let free = available()?.saturating_sub(model);
    Some(free - free / LEFT)
}

/// Bytes that programs can still take before the machine swaps, or the group of processes that this one is in is stopped. A
/// mapped file counts as free even while it is used.
fn available() -> Option<u64> {
    let machine = field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:").map(|kib| kib << 10);
    machine.into_iter().chain(of_groups()).chain(of_process()).min()
}

/// What this process may still take for itself, where that is limited.
fn of_process() -> Option<u64> {
    let most = getrlimit(Resource::Data).current?;
    let used = field(&fs::read_to_string("/proc/self/status").ok()?, "VmData:")? << 10;
    Some(most.saturating_sub(used))
}

/// What the groups of processes that this one is in may still take (cgroup v2: containers, Slurm jobs). What they keep of
/// files they can give back.
fn of_groups() -> Vec<u64> {
    let root = Path::new("/sys/fs/cgroup");
    let named = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = named.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let group = root.join(path);
    group.ancestors().take_while(|group| group.starts_with(root)).filter_map(of_group).collect()
}

fn of_group(group: &Path) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let (most, used) = (number("memory.max")?, number("memory.current")?);
    let of_files = fs::read_to_string(group.join("memory.stat")).ok().and_then(|text| field(&text, "file"));
    Some(most.saturating_sub(used.saturating_sub(of_files.unwrap_or(0))))
}

/// The number behind the name of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok()).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_their_whole_name() {
        let text = "MemTotal:  100 kB\nMemAvailable:    42 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(42));
        assert_eq!(field("file_mapped 3\nfile 7\n", "file"), Some(7));
        assert_eq!(field(text, "Mem"), None);
    }

    #[test]
    fn a_group_may_take_what_it_has_not_taken_yet_but_for_files() {
        let group = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(group.path().join(name), text).expect("written");
        write("memory.max", "1000\n");
        write("memory.current", "700\n");
        write("memory.stat", "anon 300\nfile 400\n");
        assert_eq!(of_group(group.path()), Some(700));
        write("memory.max", "max\n");
        assert_eq!(of_group(group.path()), None, "without a limit");
    }
}
