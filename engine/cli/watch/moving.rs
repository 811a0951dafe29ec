//! How far bytes that are moved or read are: a bar where a person watches, else nothing.

use indicatif::{ProgressBar, ProgressStyle};

/// The bar.
#[derive(Debug)]
pub(crate) struct Moving {
    bar: ProgressBar,
}

impl Moving {
    pub(crate) fn new() -> Self {
        if !crate::term::watched() {
            return Self { bar: ProgressBar::hidden() };
        }
        let template = "{bar:30.green/dim} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(0).with_style(style) }
    }

    /// So many bytes more are to be moved.
    pub(crate) fn lengthen(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// So many bytes have been moved.
    pub(crate) fn step(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// So many of all have been done.
    pub(crate) fn reach(&self, done: u64, all: u64) {
        self.bar.set_length(all);
        self.bar.set_position(done);
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
