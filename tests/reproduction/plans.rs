//! What the specs of the paper would take, said without a network and without any file of theirs.

use crate::paper;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

#[test]
fn the_paper_is_planned_without_a_network_with_costs_and_power() {
    let space = paper();
    space.ask(&["check", "paper.toml"]).expect_code(0);
    space
        .ask(&["plan", "paper.toml", "--offline"])
        .expect_code(0)
        .expect_prints("~405 GB")
        .expect_prints("claim \"Relatives gain no more than controls\"")
        .expect_prints("does not fit: deepseek-v31 takes ~");
}

#[test]
fn the_extended_study_plans_these_stages() {
    let space = paper();
    let mut found = String::new();
    for args in [&[][..], &["--profile", "clean"], &["--profile", "all"]] {
        let plan = space.ask(&[&["plan", "paper-extended.toml", "--json"], args].concat());
        let plan: Value = serde_json::from_str(&plan.expect_code(0).stdout).unwrap();
        writeln!(found, "{}:", if args.is_empty() { "all of it" } else { args[1] }).unwrap();
        for (group, count) in groups(&plan) {
            writeln!(found, "{count:6} {group}").unwrap();
        }
    }
    insta::assert_snapshot!(found);
}

#[test]
fn on_slurm_the_paper_is_a_handful_of_submissions_whose_scripts_a_plan_shows() {
    let space = paper();
    let plan = space.ask(&["plan", "paper.toml", "--executor", "slurm", "--json"]);
    let plan: Value = serde_json::from_str(&plan.expect_code(0).stdout).unwrap();
    let mut found = String::new();
    for jobs in plan["jobs"].as_array().unwrap() {
        let script = jobs["script"].as_str().unwrap();
        let asked = script.lines().filter(|line| line.starts_with("#SBATCH --") || line.starts_with("# "));
        // Paths, and the name that is made of them, are this run's own.
        let asked = asked.filter(|line| !line.contains("--output=") && !line.contains("--job-name="));
        writeln!(found, "{} stages, at most {} jobs", jobs["stages"], jobs["most"]).unwrap();
        asked.for_each(|line| writeln!(found, "    {line}").unwrap());
    }
    insta::assert_snapshot!(found);
    let text = space.ask(&["plan", "paper.toml", "--executor", "slurm"]);
    text.expect_code(0).expect_prints("#SBATCH --job-name=xlt-semitic-transfer-").expect_prints(" task --cache ");
}

/// How many stages each column has: of an evaluation model, condition and mode; of a training model and adapter.
fn groups(plan: &Value) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for stage in plan["stages"].as_array().unwrap() {
        let name = stage["name"].as_str().unwrap();
        let parts: Vec<&str> = name.split('/').collect();
        let group = match parts.as_slice() {
            ["evaluate", model, condition, .., mode] => format!("evaluate {model} {condition} {mode}"),
            ["finetune", model, adapter, _] => format!("finetune {model} {adapter}"),
            [kind, what, ..] => format!("{kind} {what}"),
            _ => name.to_owned(),
        };
        *groups.entry(group).or_default() += 1;
    }
    groups
}
