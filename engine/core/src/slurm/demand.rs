//! When more jobs are asked for: at once where stages could begin and no job would take them, later where there are some but too few.

use super::class::{Class, Needs};
use std::collections::BTreeMap;

/// How long stages wait for a job that may take them, before one is asked for that is for them.
const GRACE: f64 = 60.0;
/// Times that jobs may end without having begun anything before their stages are given up.
const FRUITLESS: u32 = 3;

/// Stages that could begin and that nobody works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// What they need.
    pub needs: Needs,
    /// How many there are.
    pub stages: usize,
}

/// The jobs that there are, of each kind: those that wait and those that run.
pub type Supply = BTreeMap<Class, usize>;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// Ask for so many jobs of that kind.
    Ask {
        /// Their kind.
        class: Class,
        /// How many.
        jobs: u32,
    },
    /// Jobs of that kind end without doing anything: its stages are given up.
    GiveUp {
        /// Their kind.
        class: Class,
    },
}

/// What was asked for so far.
#[derive(Debug)]
pub struct Submissions {
    /// Jobs of a kind at most at once.
    most: usize,
    past: BTreeMap<Class, Past>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Past {
    /// Since when stages wait, in seconds.
    since: Option<f64>,
    /// When it was last asked.
    asked: Option<f64>,
    calls: u32,
    /// Attempts at its stages that had begun by then.
    begun: usize,
    fruitless: u32,
}

impl Submissions {
    /// With so many jobs of a kind at most at once.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { most: most as usize, past: BTreeMap::new() }
    }

    /// How often `sbatch` was to be called.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.past.values().map(|past| past.calls).sum()
    }

    /// What to ask for now. `now`: seconds on any clock; `begun`: how many attempts at stages of a kind have begun so far.
    pub fn decide(
        &mut self,
        now: f64,
        demands: &[Demand],
        supply: &Supply,
        begun: impl Fn(Class) -> usize,
    ) -> Vec<Submission> {
        let mut wanted: BTreeMap<Class, (Needs, usize)> = BTreeMap::new();
        for demand in demands.iter().filter(|demand| demand.stages > 0) {
            let Some(class) = demand.needs.class() else { continue };
            let (needs, stages) = wanted.entry(class).or_insert((demand.needs, 0));
            *stages += demand.stages;
            // What only some jobs take decides.
            if matches!(demand.needs, Needs::Job(_)) {
                *needs = demand.needs;
            }
        }
        self.past.iter_mut().filter(|(class, _)| !wanted.contains_key(class)).for_each(|(_, past)| past.since = None);
        wanted
            .into_iter()
            .filter_map(|(class, (needs, stages))| self.one(now, class, needs, stages, supply, &begun))
            .collect()
    }

    fn one(
        &mut self,
        now: f64,
        class: Class,
        needs: Needs,
        stages: usize,
        supply: &Supply,
        begun: &impl Fn(Class) -> usize,
    ) -> Option<Submission> {
        let past = self.past.entry(class).or_default();
        let waited = now - *past.since.get_or_insert(now);
        let would_take = |other: &Class| if waited < GRACE { other.takes(needs) } else { *other == class };
        let jobs: usize = supply.iter().filter(|(other, _)| would_take(other)).map(|(_, jobs)| jobs).sum();
        let most = self.most.min(stages);
        let missing = most.saturating_sub(jobs);
        if jobs > 0 {
            // Twice as long each time: what becomes ready in waves is mostly done by the jobs that there are.
            let patience = GRACE * f64::from(1_u32.checked_shl(past.calls).unwrap_or(u32::MAX));
            let asked = past.asked.unwrap_or(now - waited);
            if missing == 0 || now - asked < patience {
                return None;
            }
        } else if past.asked.is_some() && begun(class) == past.begun {
            past.fruitless += 1;
            if past.fruitless >= FRUITLESS {
                return Some(Submission::GiveUp { class });
            }
        } else {
            past.fruitless = 0;
        }
        past.asked = Some(now);
        past.calls += 1;
        past.begun = begun(class);
        Some(Submission::Ask { class, jobs: u32::try_from(missing.max(1)).unwrap_or(u32::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Class = Class { gpus: 1, cores: 1, memory: 1, seconds: 60, long: false };
    const LONG: Class = Class { long: true, ..SHORT };
    const SMALL: Class = Class { gpus: 0, ..SHORT };

    fn demand(needs: Needs, stages: usize) -> Demand {
        Demand { needs, stages }
    }

    fn ask(class: Class, jobs: u32) -> Vec<Submission> {
        vec![Submission::Ask { class, jobs }]
    }

    #[test]
    fn hundreds_of_stages_are_one_call_and_no_more_jobs_than_allowed() {
        let mut submissions = Submissions::new(8);
        let demands = [demand(Needs::Job(SHORT), 442)];
        assert_eq!(submissions.decide(0.0, &demands, &Supply::new(), |_| 0), ask(SHORT, 8));
        for now in 1..1000 {
            let supply = Supply::from([(SHORT, 8)]);
            assert_eq!(submissions.decide(f64::from(now), &demands, &supply, |_| 1), [], "at {now} s");
        }
        assert_eq!(submissions.calls(), 1);
    }

    #[test]
    fn jobs_that_ended_are_replaced_at_once_and_too_few_only_after_a_while() {
        let mut submissions = Submissions::new(4);
        let demands = [demand(Needs::Job(SHORT), 9)];
        assert_eq!(submissions.decide(0.0, &demands, &Supply::new(), |_| 0), ask(SHORT, 4));
        assert_eq!(submissions.decide(10.0, &demands, &Supply::from([(SHORT, 1)]), |_| 4), []);
        assert_eq!(submissions.decide(130.0, &demands, &Supply::from([(SHORT, 1)]), |_| 4), ask(SHORT, 3));
        assert_eq!(submissions.decide(140.0, &demands, &Supply::new(), |_| 5), ask(SHORT, 4));
    }

    #[test]
    fn evaluations_wait_a_while_for_the_job_that_trained_and_then_get_their_own() {
        let mut submissions = Submissions::new(4);
        let demands = [demand(Needs::Job(SHORT), 3)];
        let trains = Supply::from([(LONG, 1)]);
        assert_eq!(submissions.decide(0.0, &demands, &trains, |_| 0), []);
        assert_eq!(submissions.decide(59.0, &demands, &trains, |_| 0), []);
        assert_eq!(submissions.decide(60.0, &demands, &trains, |_| 0), ask(SHORT, 3));
    }

    #[test]
    fn small_stages_wait_for_any_job_but_not_for_ever() {
        let mut submissions = Submissions::new(4);
        let demands = [demand(Needs::Any(SMALL), 1)];
        let supply = Supply::from([(LONG, 1)]);
        assert_eq!(submissions.decide(0.0, &demands, &supply, |_| 0), []);
        assert_eq!(submissions.decide(70.0, &demands, &supply, |_| 0), ask(SMALL, 1));
    }

    #[test]
    fn jobs_that_begin_nothing_are_asked_for_three_times() {
        let mut submissions = Submissions::new(1);
        let demands = [demand(Needs::Job(SHORT), 1)];
        let mut decide = |now, begun| submissions.decide(now, &demands, &Supply::new(), |_| begun);
        assert_eq!(decide(0.0, 0), ask(SHORT, 1));
        assert_eq!(decide(10.0, 0), ask(SHORT, 1));
        assert_eq!(decide(20.0, 1), ask(SHORT, 1), "one began meanwhile");
        assert_eq!(decide(30.0, 1), ask(SHORT, 1));
        assert_eq!(decide(40.0, 1), ask(SHORT, 1));
        assert_eq!(decide(50.0, 1), [Submission::GiveUp { class: SHORT }]);
    }
}
