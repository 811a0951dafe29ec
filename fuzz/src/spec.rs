//! A spec: every fault points into its text and can be shown; what has none can be planned.

use miette::{Diagnostic, GraphicalReportHandler};
use xlt_core::key::{Digest, Key};
use xlt_core::plan::{Facts, Pin, plan};
use xlt_core::record::Output;
use xlt_core::spec::{Request, Source, Spec, SpecErrors, load};

/// What `extends = "base.toml"` means.
const BASE: &str = include_str!("base.toml");

/// The input is the spec's text.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(spec) = loaded(text) {
        let _ = plan(&spec, "llama.cpp", &Nothing);
    }
}

/// The spec with this text, or its faults, each looked at.
pub(crate) fn loaded(text: &str) -> Result<Spec, SpecErrors> {
    let read = |path: &str| match path {
        "spec.toml" => Ok(text.to_owned()),
        "base.toml" => Ok(BASE.to_owned()),
        other => Err(format!("there is no `{other}`")),
    };
    load(&Request { path: "spec.toml", profile: None, set: &[] }, &read).inspect_err(|errors| shown(errors, text))
}

fn shown(errors: &SpecErrors, text: &str) {
    assert!(!errors.errors().is_empty());
    for error in errors.errors() {
        for label in error.labels().into_iter().flatten() {
            let source = error.source_code().expect("a label is in a text");
            assert!(source.read_span(label.inner(), 0, 0).is_ok(), "{error}: {label:?} is outside of the text");
        }
    }
    // Long lines take so long to draw that little else would be tried.
    if errors.errors().len() < 20 && text.len() < 1000 {
        let mut drawn = String::new();
        GraphicalReportHandler::new().render_report(&mut drawn, errors).expect("a report that can be shown");
    }
}

/// A world in which every file is there and nothing was ever run.
struct Nothing;

impl Facts for Nothing {
    fn local(&self, path: &str) -> Result<Digest, String> {
        Ok(Digest::of(path.as_bytes()))
    }
    fn pin(&self, _: &Source) -> Option<Pin> {
        None
    }
    fn record(&self, _: &Key) -> Option<Vec<Output>> {
        None
    }
    fn present(&self, _: &Digest) -> bool {
        true
    }
    fn exported(&self, _: &str, _: &Digest) -> bool {
        false
    }
    fn last_manifest(&self, _: &str) -> Option<String> {
        None
    }
    fn post_hoc(&self, _: &Digest) -> Option<bool> {
        None
    }
}
