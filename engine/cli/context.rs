//! From the arguments to the spec, the cache and the plan: what most commands begin with.

use crate::failure::Failure;
use clap::Args;
use glob::Pattern;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xlt_cache::{Cache, Ledger};
use xlt_core::plan::{Plan, Stage, StageId, plan, plan_only};
use xlt_core::spec::{Request, Spec, load, nearest};
use xlt_run::slurm::{Order, study_id};
use xlt_run::{LockFile, World, llama_version};

/// How a spec is to be read.
#[derive(Debug, Default, Args)]
pub(crate) struct Overlay {
    /// Overlay a profile of the spec
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Set a value of the spec, over all else
    #[arg(long, value_name = "KEY.KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The cache folder [default: $XLT_CACHE, else $XDG_CACHE_HOME/xlt, else ~/.cache/xlt]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
}

/// A spec, named or found.
#[derive(Debug, Args)]
pub(crate) struct SpecArgs {
    /// The spec [default: spec.toml here, or the only .toml file here]
    pub(crate) spec: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overlay: Overlay,
}

/// A stage of a spec.
#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    /// The stage, after the spec if that is not the only one here: `[SPEC] STAGE`
    #[arg(required = true, num_args = 1..=2, value_names = ["SPEC", "STAGE"])]
    words: Vec<String>,
    #[command(flatten)]
    overlay: Overlay,
}

/// Which part of a study is meant.
#[derive(Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only these models, with commas between them: the study as if it had no others
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    models: Vec<String>,
    /// Only stages whose names match, and what these read: 'evaluate/*/tuned/*'
    #[arg(long, value_name = "GLOB")]
    only: Vec<Pattern>,
}

/// A spec with its cache.
pub(crate) struct Context {
    pub(crate) spec: Spec,
    pub(crate) world: World,
    /// What was read: the spec and those on which it is laid, by path.
    pub(crate) texts: BTreeMap<String, String>,
    /// Path of the spec, as the user named it.
    pub(crate) path: PathBuf,
}

impl SpecArgs {
    pub(crate) fn load(&self) -> Result<Spec, Failure> {
        let path = find_spec(self.spec.as_deref())?;
        load_spec(&path, self.overlay.profile.as_deref(), &self.overlay.set, &read)
    }

    pub(crate) fn open(&self) -> Result<Context, Failure> {
        Context::of(self.spec.as_deref(), &self.overlay)
    }
}

impl StageArgs {
    /// The context, its plan, and the stage.
    pub(crate) fn open(&self) -> Result<(Context, Plan, StageId), Failure> {
        let (spec, name) = match self.words.as_slice() {
            [one, other] => spec_and(one, other),
            [name] => (None, name.as_str()),
            _ => return Err(Failure::sentence("name one stage, or a spec and a stage")),
        };
        let context = Context::of(spec, &self.overlay)?;
        let plan = context.plan()?;
        let stage = plan.find(name).ok_or_else(|| unknown_stage(name, &plan))?;
        Ok((context, plan, stage))
    }
}

/// The spec and what is asked of it, the spec first; or behind it, where it is a file and the first is none.
pub(crate) fn spec_and<'a>(one: &'a str, other: &'a str) -> (Option<&'a Path>, &'a str) {
    let [first, second] = [one, other].map(Path::new);
    if !first.exists() && second.is_file() { (Some(second), one) } else { (Some(first), other) }
}

impl Selection {
    /// What was meant when a job was asked for.
    pub(crate) fn ordered(order: &Order) -> Result<Self, Failure> {
        let only = order.only.iter().map(|pattern| Pattern::new(pattern)).collect::<Result<_, _>>();
        let only = only.map_err(|error| Failure::sentence(format!("a bad pattern of stages: {error}")))?;
        Ok(Self { models: order.models.clone(), only })
    }

    /// The same in words, for jobs.
    pub(crate) fn order(&self, order: Order) -> Order {
        let only = self.only.iter().map(|pattern| pattern.as_str().to_owned()).collect();
        Order { models: self.models.clone(), only, ..order }
    }

    /// Leaves the other models out of the spec.
    pub(crate) fn apply(&self, context: &mut Context) -> Result<(), Failure> {
        let models = &mut context.spec.models;
        for name in &self.models {
            if !models.iter().any(|model| model.name == *name) {
                let names = models.iter().map(|model| model.name.as_str());
                let close = nearest(name, names.clone()).map(|close| format!("; did you mean `{close}`?"));
                let known = names.collect::<Vec<_>>().join(", ");
                let close = close.unwrap_or_else(|| format!("; it has {known}"));
                return Err(Failure::sentence(format!("the spec has no model `{name}`{close}")));
            }
        }
        models.retain(|model| self.models.is_empty() || self.models.contains(&model.name));
        Ok(())
    }

    /// A plan of the stages that are meant.
    pub(crate) fn plan(&self, context: &Context) -> Result<Plan, Failure> {
        if self.only.is_empty() {
            return context.plan();
        }
        let plan = context.plan_only(&|stage| self.only.iter().any(|pattern| pattern.matches(&stage.name)))?;
        if plan.stages.is_empty() {
            let patterns: Vec<&str> = self.only.iter().map(Pattern::as_str).collect();
            let what = patterns.join("`, `");
            return Err(Failure::sentence(format!("no stage's name matches `{what}`\n  `xlt plan --all` lists them")));
        }
        Ok(plan)
    }
}

impl Context {
    /// Of the named spec, or of the one that is here.
    pub(crate) fn of(spec: Option<&Path>, overlay: &Overlay) -> Result<Self, Failure> {
        Self::open(&find_spec(spec)?, overlay)
    }

    fn open(path: &Path, overlay: &Overlay) -> Result<Self, Failure> {
        let texts = RefCell::default();
        let noted = |path: &str| {
            let text = read(path)?;
            RefCell::<BTreeMap<_, _>>::borrow_mut(&texts).insert(path.to_owned(), text.clone());
            Ok(text)
        };
        let spec = load_spec(path, overlay.profile.as_deref(), &overlay.set, &noted)?;
        let (cache, ledger) = open_cache(overlay.cache.as_deref())?;
        Self::with(spec, path, texts.take(), cache, ledger)
    }

    /// As it was when a job was asked for.
    pub(crate) fn ordered(order: &Order, cache: &Path) -> Result<Self, Failure> {
        let text = |path: &str| order.texts.get(path).cloned().ok_or_else(|| "it was not read then".to_owned());
        let spec = load_spec(&order.spec, order.profile.as_deref(), &order.set, &text)?;
        let cache = Cache::open(cache)?;
        let ledger = Ledger::passing(&cache)?;
        Self::with(spec, &order.spec, order.texts.clone(), cache, ledger)
    }

    fn with(
        spec: Spec,
        path: &Path,
        texts: BTreeMap<String, String>,
        cache: Cache,
        ledger: Ledger,
    ) -> Result<Self, Failure> {
        let lock = LockFile::of(path, &spec.name)?;
        let world = World::new(cache, ledger, lock, path.with_extension("results"), spec.name.clone());
        Ok(Self { spec, world, texts, path: path.to_owned() })
    }

    /// The study's name among those that are done with its cache.
    pub(crate) fn study_id(&self) -> String {
        study_id(&self.path, &self.spec.name)
    }

    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(plan(&self.spec, &llama_version(), &self.world)?)
    }

    /// A plan of no other stages than those that are wanted and what these read.
    pub(crate) fn plan_only(&self, wanted: &dyn Fn(&Stage) -> bool) -> Result<Plan, Failure> {
        Ok(plan_only(&self.spec, &llama_version(), &self.world, wanted)?)
    }
}

/// Opens the cache and its ledger.
pub(crate) fn open_cache(given: Option<&Path>) -> Result<(Cache, Ledger), Failure> {
    let cache = Cache::open(&cache_folder(given)?)?;
    let ledger = Ledger::open(&state_folder()?.join(cache.id()).join("ledger.sqlite"), &cache)?;
    Ok((cache, ledger))
}

/// Where the cache is, or will be.
pub(crate) fn cache_folder(given: Option<&Path>) -> Result<PathBuf, Failure> {
    given.map_or_else(|| home_folder("XLT_CACHE", "XDG_CACHE_HOME", ".cache"), |folder| Ok(folder.to_owned()))
}

/// Where the ledgers are, or will be.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    home_folder("XLT_STATE", "XDG_STATE_HOME", ".local/state")
}

/// `$OWN`, else `$XDG/xlt`, else `~/FALLBACK/xlt`.
fn home_folder(own: &str, xdg: &str, fallback: &str) -> Result<PathBuf, Failure> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || folder("HOME").map(|home| home.join(fallback));
    folder(own)
        .or_else(|| Some(folder(xdg).or_else(home)?.join("xlt")))
        .ok_or_else(|| Failure::sentence(format!("there is no home folder to keep things in; set ${own} to a folder")))
}

fn load_spec(
    path: &Path,
    profile: Option<&str>,
    set: &[String],
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Spec, Failure> {
    let name = path.to_string_lossy();
    Ok(load(&Request { path: &name, profile, set }, read).map_err(Box::new)?)
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| sentence(&error))
}

fn sentence(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

/// The named spec, else `spec.toml` here, else the only TOML file here that can be one.
fn find_spec(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    if Path::new("spec.toml").is_file() {
        return Ok("spec.toml".into());
    }
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(".").into_iter().flatten().flatten().map(|entry| entry.file_name().into()).collect();
    let other = ["Cargo.toml", "pyproject.toml", "rustfmt.toml", "clippy.toml"];
    found.retain(|path| {
        path.extension().is_some_and(|end| end == "toml") && !other.iter().any(|name| path.as_os_str() == *name)
    });
    found.sort();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::sentence("there is no spec here: name one, or write one with `xlt init`")),
        several => {
            let names: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            Err(Failure::sentence(format!("there are several specs here ({}): name one", names.join(", "))))
        }
    }
}

fn unknown_stage(name: &str, plan: &Plan) -> Failure {
    let names = plan.stages.iter().map(|stage| stage.name.as_str());
    let hint = match names.clone().filter(|other| other.contains(name)).take(4).collect::<Vec<_>>().as_slice() {
        [] => {
            xlt_core::spec::nearest(name, names).map(|close| format!("; did you mean `{close}`?")).unwrap_or_default()
        }
        [one] => format!("; did you mean `{one}`?"),
        some => format!("; did you mean one of {}?", some.join(", ")),
    };
    Failure::sentence(format!("the spec has no stage `{name}`{hint}\n  `xlt plan --all` lists them"))
}
