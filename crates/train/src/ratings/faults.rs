//! What can be wrong with ratings and catalogue, and the report of it.

use std::collections::BTreeMap;
use std::fmt;

/// One fault, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where the fault is not at a line.
    pub line: u64,
    /// What is wrong there.
    pub detail: String,
}

/// A fault of a file that is named elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFault {
    pub(super) line: u64,
    pub(super) kind: FaultKind,
    pub(super) detail: String,
}

impl FileFault {
    /// Whether both differ in the line that they quote alone.
    pub(super) fn has_cause_of(&self, other: &Self) -> bool {
        let unquoted = |detail: &str| detail.split('`').step_by(2).collect::<String>();
        self.kind == other.kind && unquoted(&self.detail) == unquoted(&other.detail)
    }
}

/// The kinds of faults, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A file cannot be read on.
    Unreadable,
    /// A file has not the form of ratings or of a catalogue.
    UnknownForm,
    /// A header lacks a column.
    MissingColumn,
    /// A quote is opened where it should not be, or not closed where it should be.
    OpenQuote,
    /// A record has more or fewer fields than the header.
    FieldCount,
    /// A field is not UTF-8.
    Encoding,
    /// A user's or movie's id is empty, or what programs write for a missing one.
    EmptyId,
    /// A user's or movie's id is longer than [`MAX_ID_BYTES`](matinee_model::MAX_ID_BYTES).
    LongId,
    /// A rating is not a number.
    UnparsableRating,
    /// A rating is infinite or not a number.
    NonFiniteRating,
    /// A rating is not on the scale.
    OffScaleRating,
    /// A timestamp is neither a number nor a date.
    UnparsableTimestamp,
    /// There is no rating at all.
    NoRatings,
    /// The ratings are of other movies than those of the catalogue.
    OtherCatalogue,
    /// An id occurs in two spellings, which would be two users or movies.
    TwoSpellings,
    /// A (user, movie) pair was rated twice; the newest rating counts or, without timestamps, the last.
    DuplicateRating,
    /// A movie was in the catalogue before; the last one counts.
    DuplicateMovie,
    /// The rated movie is not in the catalogue.
    UnknownMovie,
}

/// How many faults of a kind there are, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many there are.
    pub count: u64,
    /// The first [`Report::SHOWN`] of them.
    pub first: Vec<Fault>,
}

/// Everything that is wrong with the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    findings: BTreeMap<FaultKind, Findings>,
    /// What should be known of how files were read, and is no fault.
    notes: Vec<String>,
}

impl FaultKind {
    /// Whether training refuses files with such a fault. The others have one meaning that is told.
    pub fn refuses_training(self) -> bool {
        !matches!(self, Self::DuplicateRating | Self::DuplicateMovie | Self::UnknownMovie)
    }

    /// The kind in words, for the head of a list.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownForm => "not in a form that is read",
            Self::MissingColumn => "missing column",
            Self::OpenQuote => "quote that is out of place or not closed",
            Self::FieldCount => "wrong number of fields",
            Self::Encoding => "not UTF-8",
            Self::EmptyId => "missing id",
            Self::LongId => "id too long",
            Self::UnparsableRating => "rating is not a number",
            Self::NonFiniteRating => "rating is not finite",
            Self::OffScaleRating => "rating off the scale",
            Self::UnparsableTimestamp => "timestamp is neither a number nor a date",
            Self::NoRatings => "no ratings",
            Self::OtherCatalogue => "ratings and catalogue do not belong together",
            Self::TwoSpellings => "one id in two spellings",
            Self::DuplicateRating => "duplicate rating (the newest one counts; without timestamps, the last)",
            Self::DuplicateMovie => "duplicate movie (the last one counts)",
            Self::UnknownMovie => {
                "rated movie is not in the catalogue (it is trained, but cannot be asked for)"
            }
        }
    }
}

impl Report {
    /// How many faults of a kind are kept to be shown.
    pub const SHOWN: usize = 20;

    /// Counts a fault, and keeps it if it is among the first of its kind.
    pub fn add(&mut self, kind: FaultKind, fault: impl FnOnce() -> Fault) {
        let findings = self.findings.entry(kind).or_default();
        findings.count += 1;
        if findings.first.len() < Self::SHOWN {
            findings.first.push(fault());
        }
    }

    /// Adds the count of a kind of which only the first faults were collected.
    pub(super) fn add_all(&mut self, kind: FaultKind, count: u64, first: Vec<Fault>) {
        if count > 0 {
            let findings = self.findings.entry(kind).or_default();
            findings.count += count;
            let room = Self::SHOWN - findings.first.len();
            findings.first.extend(first.into_iter().take(room));
        }
    }

    /// Adds what should be known of how a file was read, and is no fault.
    pub(super) fn note(&mut self, file: &str, note: &str) {
        self.notes.push(format!("{file}: {note}"));
    }

    /// The findings of one kind, to be told in other words.
    pub(super) fn findings_mut(&mut self, kind: FaultKind) -> Option<&mut Findings> {
        self.findings.get_mut(&kind)
    }

    /// Whether there is no fault.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether training refuses the files.
    pub fn refuses_training(&self) -> bool {
        self.findings.keys().any(|kind| kind.refuses_training())
    }

    /// The first fault for which training refuses the files.
    pub fn first_refusal(&self) -> Option<&Fault> {
        let refused = self.findings.iter().filter(|(kind, _)| kind.refuses_training());
        refused.flat_map(|(_, findings)| &findings.first).next()
    }

    /// What was found of one kind.
    pub fn findings(&self, kind: FaultKind) -> Option<&Findings> {
        self.findings.get(&kind)
    }

    /// How many faults there are in all.
    pub fn count(&self) -> u64 {
        self.findings.values().map(|findings| findings.count).sum()
    }
}

/// The faults of one file, as they are found.
pub(super) struct FileReport<'a> {
    file: &'a str,
    records: u64,
    findings: BTreeMap<FaultKind, Findings>,
}

impl<'a> FileReport<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, records: 0, findings: BTreeMap::new() }
    }

    /// Counts a record without a fault.
    pub(super) fn count_record(&mut self) {
        self.records += 1;
    }

    /// Adds the fault of a record that is left out for it.
    pub(super) fn add(&mut self, fault: FileFault) {
        self.records += 1;
        self.add_to_record(fault);
    }

    /// Adds the fault of a record that was counted.
    pub(super) fn add_to_record(&mut self, FileFault { line, kind, detail }: FileFault) {
        let findings = self.findings.entry(kind).or_default();
        findings.count += 1;
        if findings.first.len() < Report::SHOWN {
            findings.first.push(Fault { file: self.file.to_owned(), line, detail });
        }
    }

    /// Adds all to `report`. What the whole file has, for one cause, is one fault.
    pub(super) fn finish(self, report: &mut Report) {
        for (kind, mut findings) in self.findings {
            let has_all = findings.count == self.records && kind != FaultKind::OffScaleRating;
            let is_of_file = has_all || kind == FaultKind::Encoding;
            let rest = findings.count - 1;
            if let (true, 1.., Some(fault)) = (is_of_file, rest, findings.first.first_mut()) {
                let others = if has_all {
                    "every other record has the same fault"
                } else {
                    "other records have the same fault"
                };
                fault.detail = format!("{}; {others} ({rest})", fault.detail);
                findings.first.truncate(1);
                findings.count = 1;
            }
            report.add_all(kind, findings.count, findings.first);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, findings) in &self.findings {
            writeln!(f, "{}: {}", kind.title(), findings.count)?;
            for fault in &findings.first {
                writeln!(f, "  {fault}")?;
            }
            if findings.count > findings.first.len() as u64 {
                writeln!(f, "  ... and {} more", findings.count - findings.first.len() as u64)?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.detail),
            line => write!(f, "{}:{line}: {}", self.file, self.detail),
        }
    }
}
