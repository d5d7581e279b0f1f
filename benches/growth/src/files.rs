//! Reads the files of a folder.

use std::path::Path;

use anyhow::{Context, Result, bail};
use matinee_model::RatingScale;
use matinee_train::ratings::{CsvFile, Dataset, Digests, Inputs, check};

/// The names of the files that are read, in this order.
const NAMES: [&str; 2] = ["ratings.csv", "movies.csv"];

/// The files in memory.
pub fn read(folder: &Path) -> Result<Inputs> {
    let [ratings, movies] = NAMES.map(|name| {
        let path = folder.join(name);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        Ok::<_, anyhow::Error>(CsvFile { name: name.to_owned(), bytes })
    });
    Ok(Inputs { ratings: vec![ratings?], movies: Some(movies?), links: None })
}

/// The checked ratings.
pub fn checked(inputs: &Inputs, scale: RatingScale) -> Result<Dataset> {
    let (dataset, report) = check(inputs, scale);
    if report.refuses_training() {
        bail!("{report}");
    }
    Ok(dataset)
}

/// Reads and checks a folder, of which only the digests are kept.
pub fn dataset_of(folder: &Path, scale: RatingScale) -> Result<(Dataset, Digests)> {
    let inputs = read(folder)?;
    Ok((checked(&inputs, scale)?, inputs.digests()))
}
