//! Reads files of ratings, one after the other.

use std::io::{self, Read};

use matinee_model::RatingScale;

use super::columns::Columns;
use super::faults::{FileFault, FileReport};
use super::form::{Content, Form};
use super::pieces::Pieces;
use super::{Fault, Report};

/// The files of ratings that were read, and what was found in them.
pub(super) struct RatingFiles<'a> {
    scale: RatingScale,
    piece_length: usize,
    columns: Columns<'a>,
    found: Vec<FileReport<'a>>,
    // Parts usually have the same format, so a note or fault of several parts is reported once.
    notes: Vec<Shared<'a, String>>,
    refused: Vec<Shared<'a, FileFault>>,
}

/// What is true of a file, and of a number of others.
struct Shared<'a, T> {
    file: &'a str,
    what: T,
    others: u64,
}

impl<'a> RatingFiles<'a> {
    pub(super) fn new(scale: RatingScale, piece_length: usize) -> Self {
        let (notes, refused) = (Vec::new(), Vec::new());
        Self { scale, piece_length, columns: Columns::default(), found: Vec::new(), notes, refused }
    }

    pub(super) fn scale(&self) -> RatingScale {
        self.scale
    }

    /// Reads a file to its end, even if it is refused. Empty parts are skipped.
    pub(super) fn read(&mut self, name: &'a str, input: impl Read) -> io::Result<()> {
        let Some(mut pieces) = Pieces::open(input, self.piece_length)? else { return Ok(()) };
        match Form::of(name, pieces.bytes(), Content::Ratings) {
            Ok(form) => self.read_pieces(name, &form, pieces),
            Err(fault) => {
                share(&mut self.refused, name, fault, FileFault::has_cause_of);
                pieces.skip_rest()
            }
        }
    }

    fn read_pieces(&mut self, name: &'a str, form: &Form, mut pieces: Pieces<impl Read>) -> io::Result<()> {
        let mut found = FileReport::new(name);
        let mut note = None;
        self.columns.begin_file(name);
        loop {
            let table = form.table(pieces.bytes(), pieces.line_offset());
            if table.needs_rest && !pieces.is_rest() {
                pieces.lengthen()?;
                continue;
            }
            self.columns.read(&table, self.scale, &mut found);
            note = note.or(table.note);
            if !pieces.advance(form.head())? {
                break;
            }
        }
        self.found.push(found);
        if let Some(note) = note {
            share(&mut self.notes, name, note, String::eq);
        }
        Ok(())
    }

    /// Reports what was found, and returns the ratings.
    pub(super) fn finish(self, report: &mut Report) -> Columns<'a> {
        for note in self.notes {
            report.note(note.file, &(note.what.clone() + &note.and_others()));
        }
        for refused in self.refused {
            let FileFault { line, kind, detail } = &refused.what;
            let detail = detail.clone() + &refused.and_others();
            report.add(*kind, || Fault { file: refused.file.to_owned(), line: *line, detail });
        }
        for found in self.found {
            found.finish(report);
        }
        self.columns
    }
}

/// Adds what is true of a file to what is true of the files before it.
fn share<'a, T>(all: &mut Vec<Shared<'a, T>>, file: &'a str, what: T, is_same: impl Fn(&T, &T) -> bool) {
    match all.iter_mut().find(|other| is_same(&other.what, &what)) {
        Some(other) => other.others += 1,
        None => all.push(Shared { file, what, others: 0 }),
    }
}

impl<T> Shared<'_, T> {
    fn and_others(&self) -> String {
        match self.others {
            0 => String::new(),
            1 => "; the same is true of another file".to_owned(),
            more => format!("; the same is true of {more} other files"),
        }
    }
}
