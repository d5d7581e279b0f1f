//! Reads and checks files in one pass, so that `matinee check` reports exactly what training reads.

use std::io;

use matinee_model::{Catalogue, RatingScale};

use super::catalogue::read_catalogue;
use super::inputs::Digested;
use super::rating_files::RatingFiles;
use super::{CsvFile, Dataset, Digests, Fault, FaultKind, Inputs, Report, Source};

/// How many bytes of a file are read at once. A piece should fit into the cache of a processor.
const PIECE_LENGTH: usize = 1 << 20;

/// Files that were read and checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The records without faults. They are all that there are if the report [does not refuse
    /// training](Report::refuses_training).
    pub dataset: Dataset,
    /// All faults.
    pub report: Report,
    /// The digests of the bytes that were read.
    pub digests: Digests,
}

/// Reads the files and reports all their faults. The data set contains the records without faults. It is complete if the
/// report [does not refuse training](Report::refuses_training).
pub fn check(inputs: &Inputs, scale: RatingScale) -> (Dataset, Report) {
    let mut checking = Checking::of(inputs, scale, PIECE_LENGTH);
    for CsvFile { name, bytes } in &inputs.ratings {
        // Reading from memory does not fail.
        let _ = checking.ratings.read(name, bytes.as_slice());
    }
    checking.finish()
}

/// The same for ratings that are not in memory. Each file is read once, in pieces of about 1 MiB. A piece is longer if a
/// field with line ends in it does not end with the piece. It is the rest of the file if a quote is never closed, if lines
/// do not end with line feeds, or if a `MovieLens` format is not ASCII. A file that cannot be read to its end is an error.
pub fn check_files<R: Source>(inputs: &Inputs<R>, scale: RatingScale) -> io::Result<Checked> {
    check_in_pieces(inputs, scale, PIECE_LENGTH)
}

fn check_in_pieces<R: Source>(
    inputs: &Inputs<R>,
    scale: RatingScale,
    piece_length: usize,
) -> io::Result<Checked> {
    let mut digests = inputs.catalogue_digests();
    let mut checking = Checking::of(inputs, scale, piece_length);
    for file in &inputs.ratings {
        let mut input = Digested::new(file.open()?);
        checking.ratings.read(file.name(), &mut input)?;
        digests.insert(file.name().to_owned(), input.digest());
    }
    let (dataset, report) = checking.finish();
    Ok(Checked { dataset, report, digests })
}

/// A data set of which the catalogue was read, and some of the ratings.
struct Checking<'a> {
    ratings: RatingFiles<'a>,
    catalogue: Option<Catalogue>,
    /// Whether the catalogue has no faulty record. A movie with one is not an unknown movie.
    is_whole: bool,
    /// The first file of ratings, whether it has ratings or not.
    first: &'a str,
    report: Report,
}

impl<'a> Checking<'a> {
    fn of<R: Source>(inputs: &'a Inputs<R>, scale: RatingScale, piece_length: usize) -> Self {
        let mut report = Report::default();
        let catalogue = read_catalogue(inputs.movies.as_ref(), inputs.links.as_ref(), &mut report);
        Self {
            ratings: RatingFiles::new(scale, piece_length),
            catalogue,
            is_whole: !report.refuses_training(),
            first: inputs.ratings.first().map_or("ratings.csv", R::name),
            report,
        }
    }

    fn finish(self) -> (Dataset, Report) {
        let Self { ratings, catalogue, is_whole, first, mut report } = self;
        let scale = ratings.scale();
        let columns = ratings.finish(&mut report);
        columns.suggest_scale(&mut report);
        if columns.is_empty() && !report.refuses_training() {
            let detail = "there are no ratings to learn from".to_owned();
            report.add(FaultKind::NoRatings, || Fault { file: first.to_owned(), line: 0, detail });
        }
        let dataset = columns.finish(catalogue, is_whole, scale, &mut report);
        (dataset, report)
    }
}

#[cfg(test)]
mod tests;
