//! The faults that ratings and catalogue can have, and the report about them.

use std::collections::BTreeMap;
use std::fmt;

/// One fault, with its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1. 0 if the fault has no line.
    pub line: u64,
    /// What is wrong there.
    pub detail: String,
}

/// A fault of a file, without the name of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFault {
    pub(super) line: u64,
    pub(super) kind: FaultKind,
    pub(super) detail: String,
}

impl FileFault {
    /// Whether both differ only in the line that they quote.
    pub(super) fn has_cause_of(&self, other: &Self) -> bool {
        let unquoted = |detail: &str| detail.split('`').step_by(2).collect::<String>();
        self.kind == other.kind && unquoted(&self.detail) == unquoted(&other.detail)
    }
}

/// The kinds of faults, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The rest of a file cannot be read.
    Unreadable,
    /// A file does not have a known format of ratings or of a catalogue.
    UnknownForm,
    /// A column is missing in the header.
    MissingColumn,
    /// A quote is where it should not be, or is not closed where it should be.
    OpenQuote,
    /// A record has more or fewer fields than the header.
    FieldCount,
    /// A field is not UTF-8.
    Encoding,
    /// A user's or movie's id is empty, or is what programs write for a missing value.
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
    /// There are no ratings.
    NoRatings,
    /// Ratings and catalogue do not belong together.
    OtherCatalogue,
    /// An id is spelled in two ways, which would make it two users or movies.
    TwoSpellings,
    /// A user rated a movie twice. The newest rating counts or, without timestamps, the last.
    DuplicateRating,
    /// A movie is in the catalogue twice. The last one counts.
    DuplicateMovie,
    /// The rated movie is not in the catalogue.
    UnknownMovie,
}

/// The number of faults of a kind, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The number of faults.
    pub count: u64,
    /// The first [`Report::SHOWN`] of them.
    pub first: Vec<Fault>,
}

/// Everything that is wrong with the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    findings: BTreeMap<FaultKind, Findings>,
    /// Notes about how files were read, which are not faults.
    notes: Vec<String>,
}

impl FaultKind {
    /// Whether training refuses files with such a fault. Other faults can be resolved in a documented way.
    pub fn refuses_training(self) -> bool {
        !matches!(self, Self::DuplicateRating | Self::DuplicateMovie | Self::UnknownMovie)
    }

    /// The kind in words, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownForm => "unknown format",
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
    /// The number of faults of each kind that are shown.
    pub const SHOWN: usize = 20;

    /// Counts a fault, and keeps it if it is one of the first of its kind.
    pub fn add(&mut self, kind: FaultKind, fault: impl FnOnce() -> Fault) {
        let findings = self.findings.entry(kind).or_default();
        findings.count += 1;
        if findings.first.len() < Self::SHOWN {
            findings.first.push(fault());
        }
    }

    /// Adds a number of faults of one kind, of which only the first were collected.
    pub(super) fn add_all(&mut self, kind: FaultKind, count: u64, first: Vec<Fault>) {
        if count > 0 {
            let findings = self.findings.entry(kind).or_default();
            findings.count += count;
            let room = Self::SHOWN - findings.first.len();
            findings.first.extend(first.into_iter().take(room));
        }
    }

    /// Adds a note about how a file was read, which is not a fault.
    pub(super) fn note(&mut self, file: &str, note: &str) {
        self.notes.push(format!("{file}: {note}"));
    }

    /// The findings of one kind, to reword them.
    pub(super) fn findings_mut(&mut self, kind: FaultKind) -> Option<&mut Findings> {
        self.findings.get_mut(&kind)
    }

    /// Removes the faults of these kinds, which somebody else looks for.
    pub(crate) fn forget(&mut self, kinds: &[FaultKind]) {
        self.findings.retain(|kind, _| !kinds.contains(kind));
    }

    /// Whether there are no faults.
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

    /// The findings of one kind.
    pub fn findings(&self, kind: FaultKind) -> Option<&Findings> {
        self.findings.get(&kind)
    }

    /// The total number of faults.
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

    /// The file.
    pub(super) fn file(&self) -> &'a str {
        self.file
    }

    /// Counts a record without a fault.
    pub(super) fn count_record(&mut self) {
        self.records += 1;
    }

    /// Adds the fault of a record that is therefore left out.
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

    /// Adds everything to `report`. If the whole file has the same fault, it is reported once.
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
