//! What `squeue` answers.

/// What it is asked for: name, state, and why a job waits.
pub const FORMAT: &str = "%j|%T|%r";

/// A job that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub running: bool,
    /// Why it waits (`Resources`, `Priority`), where it does.
    pub reason: String,
}

/// The jobs in an answer of `squeue --noheader --array --format=`[`FORMAT`]. Those that have ended or are held, and what is no line of it,
/// are left out.
#[must_use]
pub fn jobs(answer: &str) -> Vec<Job> {
    let job = |line: &str| {
        let mut fields = line.trim().splitn(3, '|');
        let (name, state, reason) = (fields.next()?, fields.next()?, fields.next()?);
        let running = matches!(state, "RUNNING" | "STOPPED" | "SIGNALING" | "STAGE_OUT");
        let waits = matches!(
            state,
            "PENDING"
                | "CONFIGURING"
                | "SUSPENDED"
                | "REQUEUED"
                | "REQUEUE_HOLD"
                | "REQUEUE_FED"
                | "RESIZING"
                | "RESV_DEL_HOLD"
        );
        // Held: it waits for a person, not for its turn.
        let held = waits && reason.to_ascii_lowercase().contains("held");
        (running || waits && !held).then(|| Job { name: name.to_owned(), running, reason: reason.to_owned() })
    };
    answer.lines().filter_map(job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jobs_that_wait_or_run_count() {
        let answer = "xlt-a-1|RUNNING|None\nxlt-a-1|PENDING|Resources\n xlt-b-2|COMPLETING|None\nxlt-b-2|PENDING|JobHeldUser\nxlt-b-2|PENDING|launch_failed_requeued_held\nslurm_load_jobs error: x\n\n";
        let job = |running, reason: &str| Job { name: "xlt-a-1".to_owned(), running, reason: reason.to_owned() };
        assert_eq!(jobs(answer), [job(true, "None"), job(false, "Resources")]);
    }
}
