//! The files that an evaluation reads.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args as ClapArgs;
use matinee_train::ratings::Source as _;

use crate::files::{self, DataFile, Inputs, RATINGS_FILE};

/// The folder to read by default.
const FOLDER: &str = "data";

/// Where the ratings and the movies are.
#[derive(ClapArgs)]
pub struct Source {
    /// Folder with ratings.csv and movies.csv [default: data]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["ratings", "movies"])]
    data: Option<PathBuf>,
    /// File of ratings, instead of a folder
    #[arg(long, value_name = "FILE")]
    ratings: Option<PathBuf>,
    /// File of movies, in addition to a file of ratings
    #[arg(long, value_name = "FILE")]
    movies: Option<PathBuf>,
}

/// What is read.
pub struct Read {
    /// The files.
    pub inputs: Inputs,
    /// Where they are.
    pub files: Vec<PathBuf>,
    /// The name of the ratings in the report.
    pub name: PathBuf,
}

impl Source {
    /// Reads the folder or the files. Warns if there are no movies, because that changes the result.
    pub fn read(&self) -> Result<Read> {
        if self.ratings.is_none() && self.movies.is_none() {
            return read_folder(self.data.as_deref().unwrap_or(Path::new(FOLDER)));
        }
        let ratings = self.ratings.clone().unwrap_or_else(|| Path::new(FOLDER).join(RATINGS_FILE));
        if self.movies.is_none() {
            eprintln!(
                "note: evaluating without movies; `bayes` predicts worse without their genres, years and titles: \
                 add --movies FILE, or give a folder with both with --data"
            );
        }
        let inputs = Inputs {
            ratings: vec![DataFile::at(&ratings)],
            movies: self.movies.as_deref().map(files::read_csv).transpose()?,
            links: None,
        };
        let files = std::iter::once(ratings.clone()).chain(self.movies.clone()).collect();
        Ok(Read { inputs, files, name: ratings })
    }
}

fn read_folder(folder: &Path) -> Result<Read> {
    let inputs = files::read_folder(folder)?;
    let files: Vec<PathBuf> = inputs.names().map(|name| folder.join(name)).collect();
    let name = match inputs.ratings.as_slice() {
        [only] => folder.join(only.name()),
        _ => folder.to_owned(),
    };
    Ok(Read { inputs, files, name })
}
