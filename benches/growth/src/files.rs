//! Reads the files of a folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use matinee_model::RatingScale;
use matinee_train::ratings::{Checked, CsvFile, Dataset, Digests, Inputs, Source, check_files};

const RATINGS_FILE: &str = "ratings.csv";
const MOVIES_FILE: &str = "movies.csv";

/// The ratings on disk.
struct Ratings(PathBuf);

impl Source for Ratings {
    fn name(&self) -> &str {
        RATINGS_FILE
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}

/// Reads and checks a folder, of which only the digests are kept.
pub fn dataset_of(folder: &Path, scale: RatingScale) -> Result<(Dataset, Digests)> {
    let path = folder.join(MOVIES_FILE);
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let movies = Some(CsvFile { name: MOVIES_FILE.to_owned(), bytes });
    let inputs = Inputs { ratings: vec![Ratings(folder.join(RATINGS_FILE))], movies, links: None };
    let Checked { dataset, report, digests } = check_files(&inputs, scale)?;
    if report.refuses_training() {
        bail!("{report}");
    }
    Ok((dataset, digests))
}
