//! What a plan takes: of files that nobody has fetched, as the lock believes it; of what is here, as it is.

#![expect(clippy::unwrap_used, reason = "a test stops where a cost is not known")]

#[path = "world/mod.rs"]
mod world;

use std::collections::BTreeMap;
use world::World;
use xlt_core::cost::{CostFacts, Costs, Dimensions, Means, Pace, bits, costs};
use xlt_core::key::Digest;
use xlt_core::lock::Estimate;
use xlt_core::plan::plan;
use xlt_core::spec::{Request, Source, Spec, load};

const GB: u64 = 1_000_000_000;

/// Qwen3-4B as its header has it.
const FOUR: Dimensions = Dimensions {
    parameters: 4_022_000_000,
    active: None,
    layers: 36,
    width: 2560,
    attention: 4096,
    cache: 2048,
    feed_forward: 9728,
    vocabulary: 151_936,
};

/// A lock that believes something of every model, a machine, and what it has computed before.
struct Believed {
    sizes: BTreeMap<&'static str, u64>,
    dimensions: Dimensions,
    rates: BTreeMap<Pace, f64>,
    memory: u64,
    disk: u64,
}

impl Default for Believed {
    fn default() -> Self {
        let sizes = BTreeMap::from([("org/big", 42 * GB), ("org/small", 8 * GB), ("datasets/org/quiz", 1_000_000)]);
        Self { sizes, dimensions: FOUR, rates: BTreeMap::new(), memory: 64 * GB, disk: 500 * GB }
    }
}

impl CostFacts for Believed {
    fn estimate(&self, source: &Source) -> Option<Estimate> {
        let Source::Hub { repo, dataset, .. } = source else { return None };
        let name = if *dataset { format!("datasets/{repo}") } else { repo.clone() };
        let model = (!dataset).then_some(self.dimensions);
        Some(Estimate { size: Some(*self.sizes.get(&*name)?), model })
    }

    fn dimensions(&self, _: &Digest) -> Option<Dimensions> {
        Some(self.dimensions)
    }

    fn local(&self, path: &str) -> Option<(u64, Option<Dimensions>)> {
        path.ends_with(".gguf").then_some((3 * GB, Some(self.dimensions)))
    }

    fn rows(&self, _: &Digest) -> Option<(u64, u64)> {
        None
    }

    fn rate(&self, pace: Pace) -> Option<f64> {
        self.rates.get(&pace).copied()
    }

    fn means(&self) -> Means {
        Means { memory: self.memory, disk: Some(self.disk), cores: 2 }
    }
}

/// Two models of 4 B, asked in two languages as they are and tuned; of one a smaller type is made.
fn spec(change: &[&str]) -> Spec {
    let text = r#"
        models.big   = { hf = "org/big", file = "*-F32.gguf" }
        models.small = { hf = "org/small", file = "*-BF16.gguf", quantize = "Q8_0" }
        languages.target = ["heb_Hebr", "fra_Latn"]
        data.quiz = { hf = "datasets/org/quiz", file = "{language}.jsonl", task = "belebele", split = { by = "question", train = 800, test = 100, allow_shared_passages = true } }
        prompt.body = "{{ question }}"
        modes.direct.instruction = "Answer."
        modes.cot = { reason = { max_tokens = 512 } }
        adapters.arabic = { train_on = { data = "quiz", languages = "arb_Arab", mode = "direct" }, lora = { rank = 32 }, seeds = [1] }
        conditions = { base = { modes = ["direct", "cot"] }, tuned = { adapter = "arabic", modes = "direct" } }
        evaluate = { data = "quiz", languages = "target" }
    "#;
    let set: Vec<String> = change.iter().map(|&change| change.to_owned()).collect();
    load(&Request { path: "s.toml", profile: None, set: &set }, &|_| Ok(text.to_owned()))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn reckoned(spec: &Spec, believed: &Believed) -> Costs {
    let plan = plan(spec, "llama", &Unpinned(World::default())).expect("a good spec");
    costs(spec, &plan, believed)
}

/// Nothing is pinned.
struct Unpinned(World);

impl xlt_core::plan::Facts for Unpinned {
    fn local(&self, path: &str) -> Result<Digest, String> {
        self.0.local(path)
    }
    fn pin(&self, _: &Source) -> Option<xlt_core::plan::Pin> {
        None
    }
    fn record(&self, key: &xlt_core::key::Key) -> Option<Vec<xlt_core::record::Output>> {
        self.0.record(key)
    }
    fn present(&self, digest: &Digest) -> bool {
        self.0.present(digest)
    }
    fn exported(&self, path: &str, digest: &Digest) -> bool {
        self.0.exported(path, digest)
    }
    fn last_manifest(&self, stage: &str) -> Option<String> {
        self.0.last_manifest(stage)
    }
    fn post_hoc(&self, claim: &Digest) -> Option<bool> {
        self.0.post_hoc(claim)
    }
}

#[test]
fn bytes_are_those_of_the_lock_and_what_is_made_of_them() {
    let found = reckoned(&spec(&[]), &Believed::default());
    let [big, small] = found.models.as_slice() else { panic!("{found:#?}") };
    assert_eq!([big.download.to_string(), small.download.to_string()], ["~42.0 GB", "~8.00 GB"]);
    // 8.5 bits of 4.022 B weights are 4.27 GB; the adapter has 32 x 36 x (2 x 6656 + 2 x 3584 + 3 x 12288) weights of four bytes.
    let made = 4.022e9 * 8.5 / 8.0 + 4.0 * 32.0 * 36.0 * 57_344.0;
    assert!((small.disk.bytes().unwrap() - 8e9 - made).abs() < 1.0, "{}", small.disk);
    assert_eq!(found.data.to_string(), "~3.00 MB", "two languages to ask, one to learn from");
    assert!((found.download.bytes().unwrap() - 50.003e9).abs() < 1.0, "{}", found.download);
    assert_eq!((found.seconds, found.shortages.len()), (None, 0), "{found:#?}");
}

#[test]
fn memory_grows_with_what_is_written_side_by_side_and_training_takes_more_than_asking() {
    let of = |change: &[&str]| reckoned(&spec(change), &Believed::default()).models[1].clone();
    let (usual, one) = (of(&[]), of(&["evaluate.slots=1"]));
    // Seven slots fewer, each of 400 + 512 cells, of 36 layers with 2048 numbers of two bytes.
    let fewer = usual.load.bytes().unwrap() - one.load.bytes().unwrap();
    assert!((fewer - 7.0 * 912.0 * 36.0 * 2048.0 * 2.0).abs() < 1.0, "{fewer}");
    assert!(one.train.unwrap().bytes() > one.load.bytes());
    let smaller = of(&["adapters.arabic.lora.rank=8"]).train.unwrap().bytes().unwrap();
    assert!((usual.train.unwrap().bytes().unwrap() - smaller - 16.0 * 24.0 * 36.0 * 57_344.0).abs() < 1.0);
    let attention = of(&["adapters.arabic.lora.targets=\"attention\""]).train.unwrap().bytes().unwrap();
    assert!((usual.train.unwrap().bytes().unwrap() - attention - 16.0 * 32.0 * 36.0 * 36_864.0).abs() < 1.0);
}

#[test]
fn time_is_operations_over_past_rates_and_what_modes_share_is_counted_once() {
    let rates = BTreeMap::from([(Pace::Read, 1e12), (Pace::Write, 1e11), (Pace::Train, 5e11)]);
    let found = reckoned(&spec(&[]), &Believed { rates, ..Believed::default() });
    let active = 4.022e9 - 151_936.0 * 2560.0;
    // Base: 400 tokens once and 40 for each of two modes; tuned: 440; a hundred questions in two languages.
    let read = 2.0 * active * 200.0 * (480.0 + 440.0);
    let (written, learned) = (2.0 * active * 200.0 * 512.0, 4.0 * active * 800.0 * 400.0);
    let seconds = read / 1e12 + written / 1e11 + learned / 5e11;
    let small = found.models[1].seconds.unwrap();
    assert!((small / seconds - 1.0).abs() < 1e-9, "{small} {seconds}");
    // Writing and training are estimated from reading where nobody has written or trained yet.
    let reading = BTreeMap::from([(Pace::Read, 1e12)]);
    let found = reckoned(&spec(&[]), &Believed { rates: reading, ..Believed::default() }).models[1].seconds.unwrap();
    assert!((found / (read / 1e12 + written / 5e11 + learned / 1e12) - 1.0).abs() < 1e-9, "{found}");
}

#[test]
fn what_nobody_knows_is_left_open_and_not_taken_for_nothing() {
    let rates = BTreeMap::from([(Pace::Read, 1e12)]);
    let found = reckoned(&spec(&[]), &Believed { sizes: BTreeMap::new(), rates, ..Believed::default() });
    let shown = |model: usize| [found.models[model].download, found.models[model].load].map(|it| it.to_string());
    assert_eq!([shown(0), shown(1)], [["?", "?"], ["?", "?"]].map(|row| row.map(str::to_owned)));
    assert_eq!((found.models[0].seconds, found.seconds, found.shortages.len()), (None, None, 0), "{found:#?}");
}

#[test]
fn a_model_on_this_machine_is_weighed_and_copied_and_not_fetched() {
    let change = "models={ own = { file = \"own-00001-of-00002.gguf\" } }";
    let found = reckoned(&spec(&[change]), &Believed::default());
    let own = found.models.iter().find(|model| model.model == "own").unwrap();
    assert_eq!((own.download.to_string(), own.disk.at_least() > 6e9), ("0 B".to_owned(), true), "{own:#?}");
    assert!(own.load.at_least() > 6e9 && own.load.bytes().is_some(), "both pieces: {}", own.load);
}

#[test]
fn of_a_mixture_time_is_that_of_the_weights_a_token_meets() {
    let rates = BTreeMap::from([(Pace::Read, 1e12)]);
    let words = u64::from(FOUR.vocabulary) * u64::from(FOUR.width);
    let sparse = Dimensions { active: Some((FOUR.parameters - words) / 10 + words), ..FOUR };
    let seconds = |dimensions| {
        let believed = Believed { dimensions, rates: rates.clone(), ..Believed::default() };
        reckoned(&spec(&[]), &believed).models[0].seconds.unwrap()
    };
    assert!((seconds(FOUR) / seconds(sparse) - 10.0).abs() < 1e-6);
}

#[test]
fn what_does_not_fit_is_told_with_the_smallest_change_that_would() {
    let advice = |memory, disk, change: &[&str]| {
        let found = reckoned(&spec(change), &Believed { memory, disk, ..Believed::default() });
        found.shortages.into_iter().map(|it| (it.model.unwrap_or_default(), it.what, it.advice)).collect::<Vec<_>>()
    };
    assert_eq!(advice(64 * GB, 500 * GB, &[]), []);
    let found = advice(64 * GB, 20 * GB, &[]);
    assert_eq!(found, [(String::new(), "disk", "`--models small` would fit".to_owned())]);
    // Fewer slots are the smallest change, then a smaller type.
    let found = advice(42 * GB + GB, 500 * GB, &[]);
    assert!(found[0].2.starts_with("`evaluate.slots = 1` would fit"), "{found:?}");
    let found = advice(8 * GB, 500 * GB, &["evaluate.slots=1", "conditions={ base = { modes = [\"direct\"] } }"]);
    assert!(
        found.iter().any(|(model, what, advice)| {
            model == "big" && *what == "load" && advice.starts_with("`models.big.quantize = \"Q8_0\"` would fit")
        }),
        "{found:?}"
    );
    let found = advice(GB / 2, 500 * GB, &[]);
    assert!(found.iter().all(|(.., advice)| advice.contains("leave it out with `--models`")), "{found:?}");
}

#[test]
fn every_type_has_its_bits() {
    let schema = xlt_core::spec::schema();
    let types = schema.pointer("/$defs/models/properties/quantize/enum").or_else(|| find(&schema, "quantize"));
    let types: Vec<&str> = types.expect("the types").as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert!(types.len() > 30, "{types:?}");
    for pair in [("F32", 32.0), ("Q8_0", 8.5), ("Q4_0", 4.5), ("MXFP4_MOE", 4.25), ("TQ1_0", 1.69)] {
        assert!(types.contains(&pair.0) && (bits(pair.0) - pair.1).abs() < 1e-9, "{pair:?}");
    }
}

/// The list of values of a key, anywhere in a schema.
fn find<'a>(schema: &'a serde_json::Value, key: &str) -> Option<&'a serde_json::Value> {
    let inside = |value: &'a serde_json::Value| match value {
        serde_json::Value::Object(object) => object.values().find_map(|value| find(value, key)),
        serde_json::Value::Array(array) => array.iter().find_map(|value| find(value, key)),
        _ => None,
    };
    schema.get(key).and_then(|found| found.get("enum")).or_else(|| inside(schema))
}
