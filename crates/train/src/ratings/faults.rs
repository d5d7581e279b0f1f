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

/// The kinds of faults, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A file cannot be read on.
    Unreadable,
    /// A header lacks a column.
    MissingColumn,
    /// A record has more or fewer fields than the header.
    FieldCount,
    /// A field is not UTF-8.
    Encoding,
    /// A user's or movie's id is empty.
    EmptyId,
    /// A user's or movie's id is longer than [`MAX_ID_BYTES`](matinee_model::MAX_ID_BYTES).
    LongId,
    /// A rating is not a number.
    UnparsableRating,
    /// A rating is infinite or not a number.
    NonFiniteRating,
    /// A rating is not on the scale.
    OffScaleRating,
    /// A timestamp is not a whole number of seconds.
    UnparsableTimestamp,
    /// There is no rating at all.
    NoRatings,
    /// The ratings are of other movies than those of the catalogue.
    OtherCatalogue,
    /// A (user, movie) pair was rated before; the last one counts.
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
            Self::MissingColumn => "missing column",
            Self::FieldCount => "wrong number of fields",
            Self::Encoding => "not UTF-8",
            Self::EmptyId => "empty id",
            Self::LongId => "id too long",
            Self::UnparsableRating => "rating is not a number",
            Self::NonFiniteRating => "rating is not finite",
            Self::OffScaleRating => "rating off the scale",
            Self::UnparsableTimestamp => "timestamp is not a number of seconds",
            Self::NoRatings => "no ratings",
            Self::OtherCatalogue => "ratings and catalogue do not belong together",
            Self::DuplicateRating => "duplicate rating (the last one counts)",
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

    /// Whether nothing was found.
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
        Ok(())
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
