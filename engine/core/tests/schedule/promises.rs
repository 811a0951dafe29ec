//! Whatever the graph and whatever happens: what the scheduler promises, checked after every step.

use crate::world::{World, command, commands, made};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::key::Digest;
use xlt_core::plan::{Plan, Resources, StageId, Verdict, plan};
use xlt_core::schedule::{Command, Event, Gpu, Scheduler, Share};
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
        gpus in prop_oneof![3 => Just(0), 4 => 1_u32..4, 1 => Just(u32::MAX)],
        changed in prop::bool::weighted(0.3),
        shows in any::<bool>(),
        lost in prop::bool::weighted(0.2),
    ) -> Draw {
        Draw { reads: reads.0 & reads.1, cores, memory, gpus, changed, shows, lost }
    }
}

prop_compose! {
    /// GPUs of a machine; 0: nobody knows how large it is. Without any, they are counted.
    fn gpus()(memories in prop::collection::vec(prop_oneof![1 => Just(0), 9 => 1_u64..12], 0..4)) -> Vec<Gpu> {
        memories.into_iter().map(|memory| Gpu { memory }).collect()
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
    gpus: Vec<Gpu>,
    hands: BTreeMap<StageId, Hand>,
    /// What of the GPUs those have that run.
    shares: BTreeMap<StageId, Vec<Share>>,
    succeeded: BTreeSet<StageId>,
    failed: BTreeSet<StageId>,
    skipped: BTreeMap<StageId, StageId>,
    damages: usize,
    stopped: bool,
}

impl<'a> Engine<'a> {
    fn run(
        draws: &'a [Draw],
        plan: &'a Plan,
        world: World,
        gpus: Vec<Gpu>,
        mut tape: Tape,
    ) -> Result<(), TestCaseError> {
        let (scheduler, commands) = Scheduler::with_gpus(plan, MACHINE, &gpus);
        let mut engine = Engine {
            draws,
            plan,
            world,
            scheduler,
            gpus,
            hands: BTreeMap::new(),
            shares: BTreeMap::new(),
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
                Command::Start { stage, key, gpus, .. } => {
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
                    self.check_shares(stage, &gpus)?;
                    self.shares.insert(stage, gpus);
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

    /// A stage gets as many GPUs as it asks for and as there are, each once, and as much memory.
    fn check_shares(&self, stage: StageId, shares: &[Share]) -> Result<(), TestCaseError> {
        let Resources { gpus, memory, .. } = self.plan.stage(stage).resources;
        prop_assert_eq!(shares.len(), (gpus as usize).min(self.gpus.len()));
        prop_assert!(shares.windows(2).all(|pair| pair[0].gpu < pair[1].gpu), "{shares:?}");
        if shares.is_empty() {
            return Ok(());
        }
        if memory == 0 {
            prop_assert!(shares.iter().all(|share| share.memory == self.gpus[share.gpu as usize].memory));
        } else {
            let mut largest: Vec<u64> = self.gpus.iter().map(|gpu| gpu.memory).collect();
            largest.sort_unstable_by(|one, other| other.cmp(one));
            let most: u64 = largest.iter().take(shares.len()).sum();
            let got: u64 = shares.iter().map(|share| share.memory).sum();
            // A part of a byte is a byte.
            let enough = got >= memory.min(most) && got < memory + shares.len() as u64;
            prop_assert!(enough, "{shares:?} for {memory}");
        }
        Ok(())
    }

    fn check_resources(&self) -> Result<(), TestCaseError> {
        let running: Vec<StageId> =
            self.hands.iter().filter(|(_, hand)| **hand == Hand::Running).map(|(id, _)| *id).collect();
        let clamped = running.iter().map(|&id| {
            let needs = self.plan.stage(id).resources;
            let on_gpus = !self.shares[&id].is_empty();
            let memory = if on_gpus { 0 } else { needs.memory.min(MACHINE.memory) };
            let counted = if self.gpus.is_empty() { needs.gpus.min(MACHINE.gpus) } else { 0 };
            (needs.cores.min(MACHINE.cores), memory, counted)
        });
        let used = clamped.fold((0, 0, 0), |sum, needs| (sum.0 + needs.0, sum.1 + needs.1, sum.2 + needs.2));
        prop_assert!(used.0 <= MACHINE.cores && used.1 <= MACHINE.memory && used.2 <= MACHINE.gpus, "{used:?}");
        for (at, gpu) in self.gpus.iter().enumerate() {
            let here: Vec<&Share> =
                running.iter().flat_map(|id| &self.shares[id]).filter(|share| share.gpu as usize == at).collect();
            prop_assert!(here.iter().map(|share| share.memory).sum::<u64>() <= gpu.memory, "{here:?} of {gpu:?}");
            prop_assert!(here.len() < 2 || here.iter().all(|share| share.memory < gpu.memory), "{here:?} of {gpu:?}");
        }
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
        gpus in gpus(),
        tape in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let plan = plan(&spec(&draws, true), "llama", &World::default()).expect("a good spec");
        Engine::run(&draws, &plan, World::default(), gpus, Tape(tape.into_iter()))?;
    }

    #[test]
    fn the_promises_hold_after_changes_and_losses(
        draws in prop::collection::vec(draw(), 1..STAGES),
        gpus in gpus(),
        tape in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let mut world = first_run(&draws);
        let lost = draws.iter().enumerate().filter(|(_, draw)| draw.lost);
        world.gone.extend(lost.map(|(at, _)| Digest::of(bytes(&draws, at, false).as_bytes())));
        let plan = plan(&spec(&draws, true), "llama", &world).expect("a good spec");
        Engine::run(&draws, &plan, world, gpus, Tape(tape.into_iter()))?;
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
