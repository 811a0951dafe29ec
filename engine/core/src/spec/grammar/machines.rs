//! Where a run takes place, and what it may take there: `[executor]`, `[limits]`, and the resources of a model.

use super::ANY;
use crate::spec::shape::Need::{Default, Derived, Optional};
use crate::spec::shape::Shape::{Bytes, Choice, Text};
use crate::spec::shape::{TableShape, from, key, texts};
use crate::spec::types::ExecutorKind;

/// `[limits]`.
pub(super) const LIMITS: TableShape = TableShape {
    name: "limits",
    doc: "What a run may take of the machine. It bounds, and changes no result: in no key.",
    keys: &[&[key(
        "memory",
        Bytes,
        Optional,
        "the most that each process of a worker may have in memory of its own, beside files that it maps (weights): bytes, or `\"24GB\"`",
    )]],
    example: "`[limits]` with `memory = \"24GB\"`",
    instead_of_text: None,
};

/// `[executor]`.
pub(super) const EXECUTOR: TableShape = TableShape {
    name: "executor",
    doc: "Where stages run: on this machine, or as jobs of Slurm ([slurm.md](slurm.md)). It changes no result: in no key.",
    keys: &[&[
        key("kind", Choice(ExecutorKind::WORDS), Default("\"local\""), "`local`: here; `slurm`: as jobs"),
        key("partition", Text, Optional, "partition of the jobs; left out, the cluster's own default"),
        key("account", Text, Optional, "account that the jobs are charged to"),
        key("time", Text, Default("\"4h\""), "time limit of a job: `\"90m\"`, `\"4h\"`, `\"2d\"`"),
        key(
            "gres",
            Text,
            Default("\"gpu:{gpus}\""),
            "how a job asks for GPUs: `{gpus}` is their number, as in `\"gpu:h100:{gpus}\"`",
        ),
        key("cores", from(1), Default("4"), "cores of a job whose stages say nothing of cores"),
        key(
            "memory",
            Bytes,
            Default("\"4GB\""),
            "memory of a job whose stages say nothing of memory: bytes, or `\"16GB\"`",
        ),
        key("tasks", from(1), Default("8"), "jobs of one kind at most at once"),
        key("idle", Text, Default("\"2m\""), "how long a job waits for more to do before it ends: `\"30s\"`, `\"2m\"`"),
        key("modules", texts(0, ANY), Default("[]"), "what `module load` loads in a job first"),
        key(
            "container",
            texts(0, ANY),
            Default("[]"),
            "a command under which xlt runs in a job, as `[\"apptainer\", \"exec\", \"--nv\", \"xlt.sif\"]`",
        ),
        key("program", Text, Derived("the xlt that is running"), "path of xlt where jobs run"),
        key("options", texts(0, ANY), Default("[]"), "further options of `sbatch`, as `[\"--qos=long\"]`"),
    ]],
    example: "`[executor]` with `kind = \"slurm\"`",
    instead_of_text: None,
};

/// `resources` of a model.
pub(super) const RESOURCES: TableShape = TableShape {
    name: "models.NAME.resources",
    doc: "What asking or training the model occupies. It changes no result but by the kernels that compute: in no key.",
    keys: &[&[
        key(
            "gpus",
            from(0),
            Derived("all of this machine; none in a job"),
            "GPUs over which the model is spread; 0: it runs on the processor",
        ),
        key(
            "memory",
            Bytes,
            Optional,
            "memory that it needs, of its GPUs together where it has any, else of the machine: models that fit beside each other run beside each other; left out, it has its GPUs to itself",
        ),
        key("cores", from(1), Derived("all, of a model without GPUs; else 1"), "cores that it keeps busy"),
    ]],
    example: "`resources = { gpus = 1, memory = \"24GB\" }`",
    instead_of_text: None,
};
