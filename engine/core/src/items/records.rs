//! Text cut into records and values: CSV as RFC 4180 has it, TSV as IANA's `text/tab-separated-values`.
//!
//! Stricter than most readers: where a quote is out of place the file is refused, since readers differ on what it means
//! and a wrong guess would change texts without a word. TSV has no quoting; a quote is a character like any other, unless the spec says that the file quotes as CSV does.

use super::fault::Fault;
use crate::spec::{Format, Quotes};

/// The records of a text, each with the line on which it begins; blank lines are passed over.
pub(super) struct Records<'a> {
    rest: &'a str,
    line: usize,
    separator: char,
    quoting: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, format: Format, quotes: Option<Quotes>) -> Self {
        let (separator, quoting) = match format {
            Format::Tsv => ('\t', quotes == Some(Quotes::Csv)),
            _ => (',', true),
        };
        Self { rest: text, line: 1, separator, quoting }
    }

    /// The next record, and past the end of its line. After a fault the record is read to its end all the same.
    fn record(&mut self) -> Result<Vec<String>, Fault> {
        let (mut values, mut fault) = (Vec::new(), None);
        loop {
            match self.value(values.len() + 1) {
                Ok(value) => values.push(value),
                Err(found) => {
                    fault.get_or_insert(found);
                    values.push(String::new());
                }
            }
            if !self.rest.starts_with(self.separator) {
                break;
            }
            self.take(1);
        }
        let end = if self.rest.starts_with("\r\n") { 2 } else { self.rest.len().min(1) };
        if self.take(end) == "\r" {
            self.line += 1;
        }
        fault.map_or(Ok(values), Err)
    }

    fn value(&mut self, number: usize) -> Result<String, Fault> {
        if self.quoting && self.rest.starts_with('"') {
            return self.quoted(number);
        }
        let value = self.unquoted();
        if self.quoting && value.contains('"') { Err(Fault::StrayQuote { number }) } else { Ok(value.to_owned()) }
    }

    fn unquoted(&mut self) -> &'a str {
        let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn quoted(&mut self, number: usize) -> Result<String, Fault> {
        let mut value = String::new();
        self.take(1);
        loop {
            let Some(quote) = self.rest.find('"') else {
                self.take(self.rest.len());
                return Err(Fault::OpenQuote { number });
            };
            value.push_str(self.take(quote));
            self.take(1);
            if !self.rest.starts_with('"') {
                return if self.unquoted().is_empty() { Ok(value) } else { Err(Fault::StrayQuote { number }) };
            }
            value.push_str(self.take(1));
        }
    }

    /// The next so many bytes.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

impl Iterator for Records<'_> {
    type Item = (usize, Result<Vec<String>, Fault>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let line = self.line;
            let record = self.record();
            let blank = record.as_ref().is_ok_and(|values| values.len() == 1 && values[0].trim().is_empty());
            if !blank {
                return Some((line, record));
            }
        }
        None
    }
}
