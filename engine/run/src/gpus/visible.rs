//! What a worker sees: by the variables of its environment that drivers heed, exactly the GPUs that it gets.
//!
//! A variable that the user has set stays in force: its entries are what the machine's GPUs are chosen from.

use super::Gpus;
use xlt_core::schedule::Share;

/// What makes a worker see its GPUs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Visible {
    /// Variables of its environment.
    pub(crate) env: Vec<(&'static str, String)>,
    /// The shares, by the numbers of the GPUs among those that the worker sees.
    pub(crate) shares: Vec<Share>,
}

/// How a backend is told which GPUs it sees.
struct Variable {
    backend: &'static str,
    name: &'static str,
    /// The value with which it sees none.
    none: &'static str,
    /// Whether the entries are numbers of all GPUs of the machine, of which the backend by itself takes only some: then it cannot be
    /// told what the user has not.
    of_all: bool,
}

const VARIABLES: [Variable; 3] = [
    Variable { backend: "CUDA", name: "CUDA_VISIBLE_DEVICES", none: "-1", of_all: false },
    Variable { backend: "ROCm", name: "HIP_VISIBLE_DEVICES", none: "-1", of_all: false },
    Variable { backend: "Vulkan", name: "GGML_VK_VISIBLE_DEVICES", none: "", of_all: true },
];

/// The variable that says which GPUs a module sees: `cuda`, `hip`, `vulkan`.
#[cfg(feature = "llama")]
pub(crate) fn variable(module: &str) -> Option<&'static str> {
    let backend = if module == "hip" { "ROCm" } else { module };
    VARIABLES.iter().find(|variable| variable.backend.eq_ignore_ascii_case(backend)).map(|variable| variable.name)
}

impl Gpus {
    /// What makes a worker see no other GPUs than these. `now`: the environment that it would have.
    pub(crate) fn visible(&self, shares: &[Share], now: impl Fn(&str) -> Option<String>) -> Visible {
        // A place for each share, by the order of the numbers of GPUs.
        let places: Vec<usize> = self.used().map(|(place, _)| place).collect();
        let chosen = |place: usize| shares.iter().any(|share| places.get(share.gpu as usize) == Some(&place));
        let mut hidden = vec![false; self.0.len()];
        let mut env = Vec::new();
        for Variable { backend, name, none, of_all } in VARIABLES {
            let own: Vec<usize> = (0..self.0.len()).filter(|&place| self.0[place].backend == backend).collect();
            let said = now(name);
            let any = own.iter().any(|&place| chosen(place));
            if own.is_empty() || (any && of_all && said.is_none()) {
                continue;
            }
            let entries: Vec<&str> = said.as_deref().unwrap_or_default().split(',').map(str::trim).collect();
            let entry = |(number, place): (usize, &usize)| {
                let entry = entries.get(number).filter(|entry| !entry.is_empty());
                chosen(*place).then(|| entry.map_or_else(|| number.to_string(), |&entry| entry.to_owned()))
            };
            let seen: Vec<String> = own.iter().enumerate().filter_map(entry).collect();
            env.push((name, if seen.is_empty() { none.to_owned() } else { seen.join(",") }));
            own.iter().for_each(|&place| hidden[place] = !chosen(place));
        }
        let number = |place: usize| hidden[..place].iter().filter(|hidden| !**hidden).count() as u32;
        let share = |share: &Share| Some(Share { gpu: number(*places.get(share.gpu as usize)?), ..*share });
        Visible { env, shares: shares.iter().filter_map(share).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::device;
    use super::*;

    /// `chosen`: numbers of GPUs. `expected`: the environment, and behind `|` the numbers that the worker knows them by.
    #[track_caller]
    fn check(gpus: &Gpus, chosen: &[u32], now: &[(&str, &str)], expected: &str) {
        let shares: Vec<Share> = chosen.iter().map(|&gpu| Share { gpu, memory: 7 }).collect();
        let said = |name: &str| now.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let Visible { env, shares } = gpus.visible(&shares, said);
        assert!(shares.iter().all(|share| share.memory == 7));
        let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let numbers: Vec<String> = shares.iter().map(|share| share.gpu.to_string()).collect();
        assert_eq!(format!("{} | {}", env.join(" "), numbers.join(",")), expected);
    }

    fn cuda(count: usize) -> Gpus {
        Gpus::new((0..count).map(|number| device("CUDA", number, "", false)).collect())
    }

    #[test]
    fn a_worker_sees_its_own_gpus_and_counts_them_from_0() {
        check(&cuda(4), &[1, 3], &[], "CUDA_VISIBLE_DEVICES=1,3 | 0,1");
        let rocm = Gpus::new(vec![device("ROCm", 0, "", false), device("ROCm", 1, "", false)]);
        check(&rocm, &[1], &[], "HIP_VISIBLE_DEVICES=1 | 0");
    }

    #[test]
    fn a_worker_without_gpus_sees_none() {
        check(&cuda(2), &[], &[], "CUDA_VISIBLE_DEVICES=-1 | ");
        let both = Gpus::new(vec![device("CUDA", 0, "", false), device("Vulkan", 0, "", true)]);
        check(&both, &[], &[], "CUDA_VISIBLE_DEVICES=-1 GGML_VK_VISIBLE_DEVICES= | ");
        check(&Gpus::default(), &[], &[("CUDA_VISIBLE_DEVICES", "3")], " | ");
    }

    #[test]
    fn what_the_user_allows_is_chosen_from() {
        check(&cuda(2), &[1], &[("CUDA_VISIBLE_DEVICES", "2, 5")], "CUDA_VISIBLE_DEVICES=5 | 0");
        check(&cuda(2), &[0], &[("CUDA_VISIBLE_DEVICES", "GPU-8a3c,MIG-77")], "CUDA_VISIBLE_DEVICES=GPU-8a3c | 0");
        check(&cuda(2), &[1], &[("CUDA_VISIBLE_DEVICES", "")], "CUDA_VISIBLE_DEVICES=1 | 0");
    }

    #[test]
    fn vulkan_is_told_only_numbers_that_the_user_has_told_it() {
        // By itself it leaves out some GPUs, and its own numbers do not say which.
        let two = Gpus::new(vec![device("Vulkan", 0, "", false), device("Vulkan", 1, "", false)]);
        check(&two, &[1], &[], " | 1");
        check(&two, &[1], &[("GGML_VK_VISIBLE_DEVICES", "0,2")], "GGML_VK_VISIBLE_DEVICES=2 | 0");
    }

    #[test]
    fn gpus_of_other_backends_are_hidden_and_not_counted() {
        let mixed = Gpus::new(vec![
            device("CUDA", 0, "1:0", false),
            device("CUDA", 1, "2:0", false),
            device("Vulkan", 0, "1:0", false),
            device("Vulkan", 1, "9:0", false),
        ]);
        check(&mixed, &[1], &[], "CUDA_VISIBLE_DEVICES=1 GGML_VK_VISIBLE_DEVICES= | 0");
        check(&mixed, &[2], &[], "CUDA_VISIBLE_DEVICES=-1 | 1");
        check(&mixed, &[0, 2], &[], "CUDA_VISIBLE_DEVICES=0 | 0,2");
    }
}
