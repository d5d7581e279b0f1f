//! The files of a data set on disk.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use matinee_model::RatingScale;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, check};

/// The name of the ratings in a folder of data.
pub const RATINGS_FILE: &str = "ratings.csv";
/// The name of the catalogue in a folder of data.
pub const MOVIES_FILE: &str = "movies.csv";

/// What every gzip file begins with (RFC 1952), and no CSV file.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Reads `ratings.csv` and `movies.csv` from a folder.
pub fn read_folder(folder: &Path) -> Result<Inputs> {
    if !folder.is_dir() {
        bail!(
            "there is no folder {}; name one that holds {RATINGS_FILE} and {MOVIES_FILE}",
            folder.display()
        );
    }
    Ok(Inputs {
        ratings: vec![read_csv(&folder.join(RATINGS_FILE))?],
        movies: Some(read_csv(&folder.join(MOVIES_FILE))?),
    })
}

/// Reads one CSV file, which may be compressed by gzip.
pub fn read_csv(path: &Path) -> Result<CsvFile> {
    let mut bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.starts_with(GZIP_MAGIC) {
        let mut plain = Vec::new();
        let damaged = || format!("{} is damaged: it is no whole gzip file", path.display());
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).with_context(damaged)?;
        bytes = plain;
    }
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    Ok(CsvFile { name: name.display().to_string(), bytes })
}

/// Checks the files as `matinee check` does, tells the faults, and refuses what cannot be learned from.
pub fn usable_dataset(inputs: &Inputs, scale: RatingScale) -> Result<Dataset> {
    let (dataset, report) = check(inputs, scale);
    if !report.is_clean() {
        eprint!("{report}");
    }
    if report.refuses_training() {
        bail!("the data cannot be learned from; correct the faults above");
    }
    Ok(dataset)
}
