//! What is wrong with a spec: every fault of every file, each shown where it is.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::text::{Place, Texts};

/// All faults of a spec, by file and line.
#[derive(Debug, thiserror::Error)]
#[error("{} in `{path}`", count(.errors.len()))]
pub struct SpecErrors {
    path: String,
    errors: Vec<SpecError>,
}

impl SpecErrors {
    /// The single faults, in the order of the files and of the lines in them.
    #[must_use]
    pub fn errors(&self) -> &[SpecError] {
        &self.errors
    }
}

impl Diagnostic for SpecErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}

fn count(errors: usize) -> String {
    match errors {
        1 => "one error".to_owned(),
        n => format!("{n} errors"),
    }
}

/// One fault of a spec.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SpecError {
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    text: Option<NamedSource<Arc<str>>>,
}

impl Diagnostic for SpecError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A fault that is being described.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    place: Option<Place>,
    message: String,
    label: String,
    also: Vec<(Place, String)>,
    help: Option<String>,
}

impl Fault {
    /// What is said at the place.
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    /// A second place that matters, shown if it lies in the same file.
    pub(crate) fn also(&mut self, place: Place, label: impl Into<String>) -> &mut Self {
        self.also.push((place, label.into()));
        self
    }

    /// What to do next.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    fn finish(self, texts: &Texts) -> SpecError {
        let also = self.also.into_iter().filter(|(place, _)| Some(place.text) == self.place.map(|p| p.text));
        let labels = self.place.map(|place| (place, self.label)).into_iter().chain(also);
        SpecError {
            labels: labels.map(|(at, label)| LabeledSpan::new_with_span(Some(label), at.start..at.end)).collect(),
            text: self.place.map(|at| NamedSource::new(texts.path(at.text), texts.content(at.text).clone())),
            message: self.message,
            help: self.help,
        }
    }
}

/// Collects faults, so that checking can go on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Reports a fault at a place.
    pub(crate) fn at(&mut self, place: Place, message: impl Into<String>) -> &mut Fault {
        self.add(Some(place), message.into())
    }

    /// Reports a fault that no text shows.
    pub(crate) fn nowhere(&mut self, message: impl Into<String>) -> &mut Fault {
        self.add(None, message.into())
    }

    fn add(&mut self, place: Option<Place>, message: String) -> &mut Fault {
        let fault = Fault { place, message, label: "here".to_owned(), also: Vec::new(), help: None };
        self.list.push(fault);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults in reading order. A fault found on two ways (in a profile, and in the spec under it) is told once.
    pub(crate) fn finish(mut self, path: &str, texts: &Texts) -> SpecErrors {
        self.list.sort();
        self.list.dedup_by(|a, b| a.place == b.place && a.message == b.message);
        SpecErrors { path: path.to_owned(), errors: self.list.into_iter().map(|fault| fault.finish(texts)).collect() }
    }
}
