//! Whatever the graph and whatever happens: what the scheduler promises, checked after every step.

use crate::world::{World, command, commands, made};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::key::Digest;
use xlt_core::plan::{Plan, Resources, StageId, Verdict, plan};
use xlt_core::schedule::{Command, Event, Scheduler};
use xlt_core::spec::{CommandStage, Spec};

const MACHINE: Resources = Resources { cores: 3, memory: 10, gpus: 1, downloads: 2 };
const STAGES: usize = 12;

/// What is random of one stage.
#[derive(Debug, Clone)]
struct Draw {
    /// Which of the stages before it are read.
    reads: u16,
    cores: u32,
    memory: u64,
    gpus: u32,
    /// Whether it was changed since the run before.
    changed: bool,
    /// Whether a change of it changes its bytes.
    shows: bool,
    /// Whether its artifact was lost since the run before.
    lost: bool,
}

prop_compose! {
    fn draw()(
        reads in any::<(u16, u16)>(),
        cores in 0_u32..5,
        memory in 0_u64..14,
        gpus in 0_u32..2,
        changed in prop::bool::weighted(0.3),
        shows in any::<bool>(),
        lost in prop::bool::weighted(0.2),
    ) -> Draw {
        Draw { reads: reads.0 & reads.1, cores, memory, gpus, changed, shows, lost }
    }
}

fn name(at: usize) -> String {
    format!("s{at:02}")
}

fn spec(draws: &[Draw], changed: bool) -> Spec {
    let stage = |(at, draw): (usize, &Draw)| {
        let reads: Vec<String> = (0..at).filter(|from| draw.reads >> from & 1 == 1).map(name).collect();
        let stage = command(&name(at), &reads.iter().map(String::as_str).collect::<Vec<_>>());
        let args = if changed && draw.changed { vec!["changed".to_owned()] } else { vec![] };
        CommandStage {
            args: [stage.args.clone(), args].concat(),
            cores: draw.cores,
            memory: draw.memory,
            gpus: draw.gpus,
            ..stage
        }
    };
    commands(draws.iter().enumerate().map(stage).collect())
}

/// What a stage makes when it runs under a plan: the same bytes for the same spec, and where a change does not show.
fn bytes(draws: &[Draw], at: usize, changed: bool) -> String {
    let shows = |at: usize| changed && draws[at].changed && draws[at].shows;
    format!("{} {}", name(at), shows(at))
}

/// Outcomes, as numbers from a tape. Where the tape ends everything works out, so that every story ends.
struct Tape(std::vec::IntoIter<u16>);

impl Tape {
    fn draw(&mut self, below: usize) -> usize {
        self.0.next().map_or(0, |number| usize::from(number) % below)
    }
}

/// How a stage that the engine has in its hands stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hand {
    LookedUp,
    Running,
    Recording,
    Busy,
}

/// An engine that is all made up, and notes what it is told.
struct Engine<'a> {
    draws: &'a [Draw],
    plan: &'a Plan,
    world: World,
    scheduler: Scheduler<'a>,
    hands: BTreeMap<StageId, Hand>,
    succeeded: BTreeSet<StageId>,
    failed: BTreeSet<StageId>,
    skipped: BTreeMap<StageId, StageId>,
    damages: usize,
    stopped: bool,
}

impl<'a> Engine<'a> {
    fn run(draws: &'a [Draw], plan: &'a Plan, world: World, mut tape: Tape) -> Result<(), TestCaseError> {
        let (scheduler, commands) = Scheduler::new(plan, MACHINE);
        let mut engine = Engine {
            draws,
            plan,
            world,
            scheduler,
            hands: BTreeMap::new(),
            succeeded: BTreeSet::new(),
            failed: BTreeSet::new(),
            skipped: BTreeMap::new(),
            damages: 0,
            stopped: false,
        };
        engine.obey(commands)?;
        for _ in 0..10_000 {
            if engine.scheduler.ended() {
                return engine.check_end();
            }
            prop_assert!(
                !engine.hands.is_empty(),
                "nothing is under way, and it has not ended: {:?}",
                engine.scheduler
            );
            let event = engine.event(&mut tape);
            let commands = engine.scheduler.step(event);
            engine.obey(commands)?;
        }
        Err(TestCaseError::fail("it does not end"))
    }

    fn reads(&self, stage: StageId) -> impl Iterator<Item = StageId> {
        self.plan.stage(stage).producers().map(|(id, _)| id)
    }

    fn obey(&mut self, commands: Vec<Command>) -> Result<(), TestCaseError> {
        for command in commands {
            match command {
                Command::LookUp { stage, key } => {
                    prop_assert_eq!(Some(key), self.plan.key(self.plan.stage(stage), &self.scheduler));
                    prop_assert_eq!(self.hands.insert(stage, Hand::LookedUp), None);
                }
                Command::Start { stage, key } => {
                    prop_assert!(!self.stopped, "started after a stop");
                    for input in self.reads(stage) {
                        prop_assert!(
                            self.scheduler.outputs(input).is_some(),
                            "{stage:?} started before its input {input:?}"
                        );
                    }
                    prop_assert_eq!(key, self.plan.key(self.plan.stage(stage), &self.scheduler));
                    prop_assert_eq!(self.hands.insert(stage, Hand::Running), None, "started twice");
                    prop_assert!(!self.succeeded.contains(&stage), "ran again after it was done");
                    prop_assert!(!self.failed.contains(&stage) && !self.skipped.contains_key(&stage));
                }
                Command::Skip { stage, because } => {
                    prop_assert!(self.failed.contains(&because));
                    prop_assert_eq!(self.hands.get(&stage), None);
                    prop_assert_eq!(self.skipped.insert(stage, because), None);
                }
            }
        }
        self.check_resources()
    }

    fn check_resources(&self) -> Result<(), TestCaseError> {
        let running =
            self.hands.iter().filter(|(_, hand)| **hand == Hand::Running).map(|(id, _)| self.plan.stage(*id).resources);
        let clamped = running.map(|needs| {
            (needs.cores.min(MACHINE.cores), needs.memory.min(MACHINE.memory), needs.gpus.min(MACHINE.gpus))
        });
        let used = clamped.fold((0, 0, 0), |sum, needs| (sum.0 + needs.0, sum.1 + needs.1, sum.2 + needs.2));
        prop_assert!(used.0 <= MACHINE.cores && used.1 <= MACHINE.memory && used.2 <= MACHINE.gpus, "{used:?}");
        Ok(())
    }

    /// The next thing that happens.
    fn event(&mut self, tape: &mut Tape) -> Event {
        if !self.stopped && tape.draw(40) == 39 {
            self.stopped = true;
            return Event::Stop;
        }
        let choice = tape.draw(self.hands.len());
        let Some((&stage, &hand)) = self.hands.iter().nth(choice) else { unreachable!("something is under way") };
        self.hands.remove(&stage);
        match hand {
            Hand::LookedUp => self.looked_up(stage, tape),
            Hand::Running => self.ran(stage, tape),
            Hand::Recording if tape.draw(20) == 19 => self.fails(stage),
            Hand::Recording => self.done(stage, true),
            Hand::Busy => Event::Retry { stage },
        }
    }

    fn looked_up(&mut self, stage: StageId, tape: &mut Tape) -> Event {
        let key = self.scheduler.key(stage).expect("what is looked up has a key");
        if tape.draw(10) == 9 {
            self.world.records.insert(key, self.outputs(stage));
        }
        let found = self.world.records.get(&key).cloned();
        if found.is_some() {
            self.succeeded.insert(stage);
        }
        Event::LookedUp { stage, found }
    }

    fn ran(&mut self, stage: StageId, tape: &mut Tape) -> Event {
        let inputs: Vec<Digest> =
            self.reads(stage).filter_map(|id| Some(self.scheduler.outputs(id)?[0].digest)).collect();
        if let Some(&digest) = inputs.iter().find(|digest| self.world.gone.contains(digest)) {
            return self.damaged(stage, digest);
        }
        match tape.draw(10) {
            9 => self.fails(stage),
            8 => {
                self.hands.insert(stage, Hand::Busy);
                Event::Busy { stage }
            }
            7 if !inputs.is_empty() && self.damages < 5 => {
                self.damages += 1;
                let digest = inputs[tape.draw(inputs.len())];
                self.world.gone.insert(digest);
                self.damaged(stage, digest)
            }
            6 => self.done(stage, false),
            5 => self.done(stage, true),
            _ => {
                self.hands.insert(stage, Hand::Recording);
                Event::Worked { stage }
            }
        }
    }

    fn damaged(&mut self, stage: StageId, digest: Digest) -> Event {
        let makers: Vec<StageId> = self.reads(stage).collect();
        for maker in makers {
            if self.scheduler.outputs(maker).is_some_and(|outputs| outputs[0].digest == digest) {
                self.succeeded.remove(&maker);
            }
        }
        Event::Damaged { stage, digest }
    }

    fn done(&mut self, stage: StageId, ran: bool) -> Event {
        let outputs = self.outputs(stage);
        self.world.gone.remove(&outputs[0].digest);
        self.succeeded.insert(stage);
        Event::Done { stage, outputs, ran }
    }

    fn outputs(&self, stage: StageId) -> Vec<xlt_core::record::Output> {
        let at = self.plan.stage(stage).name[1..].parse().expect("a number");
        made(&bytes(self.draws, at, true))
    }

    fn fails(&mut self, stage: StageId) -> Event {
        self.failed.insert(stage);
        Event::Failed { stage }
    }

    fn check_end(&self) -> Result<(), TestCaseError> {
        let tally = self.scheduler.tally();
        let total = tally.ran + tally.cached + tally.failed + tally.skipped + tally.left;
        prop_assert_eq!(total, self.plan.stages.len());
        prop_assert_eq!(tally.failed, self.failed.len());
        prop_assert_eq!(tally.skipped, self.skipped.len());
        prop_assert!(self.stopped || (tally.left == 0 && self.hands.is_empty()));
        prop_assert!(self.hands.values().all(|hand| *hand == Hand::Busy), "ended while something runs");
        for (id, _) in self.plan.ids() {
            let below = self.reads(id).any(|input| self.failed.contains(&input) || self.skipped.contains_key(&input));
            let skipped = self.skipped.contains_key(&id);
            prop_assert!(!skipped || below, "{id:?} was skipped for nothing");
            // What was done before an input of its turned out to be damaged, and beyond repair, stays done.
            let may_stay = self.damages > 0 || self.draws.iter().any(|draw| draw.lost) || self.stopped;
            prop_assert!(skipped || !below || may_stay, "{id:?} was not skipped");
        }
        Ok(())
    }
}

/// The records that a first run of the unchanged spec leaves.
fn first_run(draws: &[Draw]) -> World {
    let mut world = World::default();
    for _ in draws {
        let plan = plan(&spec(draws, false), "llama", &world).expect("a good spec");
        for (id, stage) in plan.ids() {
            if let Verdict::Run { key: Some(key), .. } = plan.verdicts[id.index()] {
                let at = stage.name[1..].parse().expect("a number");
                world.records.insert(key, made(&bytes(draws, at, false)));
            }
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn the_promises_hold_in_a_first_run(
        draws in prop::collection::vec(draw(), 1..STAGES),
        tape in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let plan = plan(&spec(&draws, true), "llama", &World::default()).expect("a good spec");
        Engine::run(&draws, &plan, World::default(), Tape(tape.into_iter()))?;
    }

    #[test]
    fn the_promises_hold_after_changes_and_losses(
        draws in prop::collection::vec(draw(), 1..STAGES),
        tape in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let mut world = first_run(&draws);
        let lost = draws.iter().enumerate().filter(|(_, draw)| draw.lost);
        world.gone.extend(lost.map(|(at, _)| Digest::of(bytes(&draws, at, false).as_bytes())));
        let plan = plan(&spec(&draws, true), "llama", &world).expect("a good spec");
        Engine::run(&draws, &plan, world, Tape(tape.into_iter()))?;
    }

    /// Without a mishap only those stages run that were changed, or read changed bytes, or made what is lost and needed.
    #[test]
    fn a_rerun_runs_nothing_in_vain(draws in prop::collection::vec(draw(), 1..STAGES)) {
        let world = first_run(&draws);
        let plan = plan(&spec(&draws, true), "llama", &world).expect("a good spec");
        let (mut scheduler, commands) = Scheduler::new(&plan, MACHINE);
        let mut ran = BTreeSet::new();
        let mut todo: std::collections::VecDeque<Command> = commands.into();
        while let Some(command) = todo.pop_front() {
            let event = match command {
                Command::LookUp { stage, key } => Event::LookedUp { stage, found: world.records.get(&key).cloned() },
                Command::Start { stage, .. } => {
                    let name = &plan.stage(stage).name;
                    ran.insert(name.clone());
                    let at = name[1..].parse().expect("a number");
                    Event::Done { stage, outputs: made(&bytes(&draws, at, true)), ran: true }
                }
                Command::Skip { .. } => return Err(TestCaseError::fail("nothing failed")),
            };
            todo.extend(scheduler.step(event));
        }
        let shows = |at: usize| draws[at].changed && draws[at].shows;
        let must = |at: &usize| draws[*at].changed || (0..*at).any(|from| draws[*at].reads >> from & 1 == 1 && shows(from));
        let expected: BTreeSet<String> = (0..draws.len()).filter(must).map(name).collect();
        prop_assert_eq!(ran, expected);
        prop_assert!(scheduler.ended());
    }
}
