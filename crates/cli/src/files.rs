//! The files of a data set on disk, in a folder or in a channel of a job.

mod data_file;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use matinee_model::artifact::ArtifactError;
use matinee_model::data_files::{DataFiles, is_hidden};
use matinee_model::{Model, RatingScale};
use matinee_train::ratings::{self, Checked, CsvFile, Dataset, Digests, Source, check_files};

use crate::progress::Waiting;
pub use data_file::DataFile;
#[cfg(feature = "aws")]
pub use data_file::GZIP_MAGIC;

/// The name of the ratings in a folder of data.
pub const RATINGS_FILE: &str = "ratings.csv";
/// The name of the catalogue in a folder of data.
pub const MOVIES_FILE: &str = "movies.csv";

/// How many files a note names.
const MAX_NAMED: usize = 5;

/// The files of a data set. The ratings are read when they are checked.
pub type Inputs = ratings::Inputs<DataFile>;

/// Where the titles of the movies come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// From the catalogue. Without one there is no training, because nobody could ask for a movie.
    FromCatalogue,
    /// From their ids, if there is no catalogue.
    FromIds,
}

impl Titles {
    /// `FromIds` if a flag or a hyperparameter says so.
    pub fn from_ids(from_ids: bool) -> Self {
        if from_ids { Self::FromIds } else { Self::FromCatalogue }
    }

    /// Refuses a missing catalogue, unless the ids may be used as titles. `place` is where the catalogue should be.
    pub fn refuse_missing_catalogue(self, inputs: &Inputs, place: &str) -> Result<()> {
        if inputs.movies.is_none() && self == Self::FromCatalogue {
            let (name, what) =
                inputs.ratings.first().map_or(CSV_CATALOGUE, |file| catalogue_beside(file.name()));
            bail!(
                "{place} has no {name}, which has the titles of the movies; add {what}, or use the ids as titles with \
                 --titles-from-ids (in a job, with the hyperparameter `titles_from_ids`: true)"
            );
        }
        Ok(())
    }

    /// Uses the ids of the movies as their titles, if that is wanted and there is no catalogue.
    pub fn complete(self, dataset: &mut Dataset, inputs: &Inputs) {
        match (self, &inputs.movies) {
            (Self::FromCatalogue, _) => {}
            (Self::FromIds, None) => {
                dataset.title_movies_by_id();
                eprintln!(
                    "note: there is no {MOVIES_FILE}: each rated movie has its id as its title, and no genres"
                );
            }
            (Self::FromIds, Some(movies)) => {
                eprintln!("note: the titles come from {}, not from the ids", movies.name);
            }
        }
    }
}

/// The name of a catalogue, and what to add if there is none.
const CSV_CATALOGUE: (&str, &str) = (MOVIES_FILE, "one with the header movieId,title,genres");

/// The catalogue that belongs to ratings with this name.
fn catalogue_beside(ratings: &str) -> (&'static str, &'static str) {
    let name = ratings.to_ascii_lowercase();
    let is = |release: &str| name.trim_end_matches(".gz").ends_with(release);
    if is("u.data") {
        ("u.item", "the one of ml-100k, or a movies.csv")
    } else if is("ratings.dat") {
        ("movies.dat", "the one of the release, or a movies.csv")
    } else {
        CSV_CATALOGUE
    }
}

/// Finds the ratings of a folder, and reads its catalogue. It must have both.
pub fn read_folder(folder: &Path) -> Result<Inputs> {
    read_folder_with(folder, Titles::FromCatalogue)
}

/// Finds the ratings of a folder, and reads its catalogue. That may be missing if `titles` allows it.
pub fn read_folder_with(folder: &Path, titles: Titles) -> Result<Inputs> {
    if folder.is_file() {
        bail!(
            "{} is a file; give the folder that holds {RATINGS_FILE} and {MOVIES_FILE}, or unpack an archive first",
            folder.display()
        );
    }
    if !folder.is_dir() {
        bail!(
            "there is no folder {}; give one that holds {RATINGS_FILE} and {MOVIES_FILE}",
            folder.display()
        );
    }
    let found = find(folder)?;
    if found.ratings.is_empty() {
        bail!("there is no {RATINGS_FILE} in {}: {}", folder.display(), contents(folder, &found));
    }
    let inputs = read(folder, &found)?;
    titles.refuse_missing_catalogue(&inputs, &folder.display().to_string())?;
    Ok(inputs)
}

/// Finds the data in a folder and its subfolders. Notes which files in subfolders are read, and which files are not.
pub fn find(folder: &Path) -> Result<DataFiles> {
    let found = DataFiles::choose(list(folder)?).with_context(|| folder.display().to_string())?;
    let paths = found.ratings.iter().chain(&found.movies).chain(&found.links).cloned();
    let nested: Vec<String> = paths.filter(|path| path.contains('/')).collect();
    let unread: Vec<String> =
        found.skipped.iter().map(|file| format!("{} ({})", file.path, file.reason)).collect();
    for (what, files) in [("reading", nested), ("not reading", unread)] {
        if !files.is_empty() {
            eprintln!("note: {what} {} in {}", join_names(&files), folder.display());
        }
    }
    Ok(found)
}

/// `a, b and 3 more`.
fn join_names(names: &[String]) -> String {
    let more = match names.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names[..names.len().min(MAX_NAMED)].join(", "))
}

/// Reads the catalogue that was found. The ratings are read when they are checked.
fn read(folder: &Path, found: &DataFiles) -> Result<Inputs> {
    Ok(Inputs {
        ratings: ratings(folder, found),
        movies: read_movies(folder, found)?,
        links: read_links(folder, found)?,
    })
}

/// The ratings that were found. Their names include the subfolder, because files in different subfolders may have the same
/// name.
pub fn ratings(folder: &Path, found: &DataFiles) -> Vec<DataFile> {
    found.ratings.iter().map(|path| DataFile::new(path.clone(), folder.join(path))).collect()
}

/// Reads the catalogue that was found, if one was.
pub fn read_movies(folder: &Path, found: &DataFiles) -> Result<Option<CsvFile>> {
    match found.movies.as_slice() {
        [] => Ok(None),
        [path] => read_part(folder, path).map(Some),
        [first, ..] => bail!(
            "the catalogue in {} is split into {} files, {first} and others; write it as one file (in Spark, with `coalesce(1)`)",
            folder.display(),
            found.movies.len()
        ),
    }
}

/// Reads the links that were found, if there are any.
pub fn read_links(folder: &Path, found: &DataFiles) -> Result<Option<CsvFile>> {
    found.links.as_ref().map(|path| read_part(folder, path)).transpose()
}

/// Reads a file with its name in the folder.
fn read_part(folder: &Path, path: &str) -> Result<CsvFile> {
    DataFile::new(path.to_owned(), folder.join(path)).read()
}

/// Reads one file, which may be compressed by gzip.
pub fn read_csv(path: &Path) -> Result<CsvFile> {
    DataFile::at(path).read()
}

/// The relative path and the length of every file in a folder and its subfolders. Hidden subfolders are included as far as
/// they can be read, so that a note can name the data in them.
fn list(folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    // A link may lead back to a parent folder.
    let mut seen = BTreeSet::new();
    while let Some(inner) = folders.pop() {
        if !seen.insert(inner.canonicalize().unwrap_or_else(|_| inner.clone())) {
            continue;
        }
        let cannot = || format!("cannot read {}", inner.display());
        let entries = match std::fs::read_dir(&inner) {
            Err(_) if is_hidden(&relative(&inner, folder)) => continue,
            entries => entries.with_context(cannot)?,
        };
        for entry in entries {
            let path = entry.with_context(cannot)?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                // A broken link counts as an empty file.
                let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                found.push((relative(&path, folder), length));
            }
        }
    }
    Ok(found)
}

/// The path within `folder`, with slashes on every platform.
fn relative(path: &Path, folder: &Path) -> String {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What a folder without ratings contains, and what to do.
pub fn contents(folder: &Path, found: &DataFiles) -> String {
    // A hidden file is the one that is least likely to be meant.
    let seen = found.skipped.iter().find(|file| !is_hidden(&file.path));
    if let Some(file) = seen.or(found.skipped.first()) {
        return format!("{} is not read ({})", file.path, file.reason);
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let ends =
        |endings: &[&str]| names.iter().any(|name| endings.iter().any(|ending| name.ends_with(ending)));
    let remedy = if ends(&[".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".rar"]) {
        "; unpack the archive"
    } else if ends(&[".parquet", ".json", ".jsonl", ".xlsx", ".xls", ".tsv", ".feather", ".pkl"]) {
        "; only CSV and the formats of MovieLens can be read"
    } else {
        ""
    };
    if names.is_empty() {
        "it is empty".to_owned()
    } else {
        let more = if names.len() > 10 { ", ..." } else { "" };
        names.truncate(10);
        format!("it holds {}{more}{remedy}", names.join(", "))
    }
}

/// Reads and checks the data set of a folder, and completes its titles. Of the files, only the digests are kept.
pub fn dataset_of(folder: &Path, scale: RatingScale, titles: Titles) -> Result<(Dataset, Digests)> {
    let inputs = read_folder_with(folder, titles)?;
    let (mut dataset, digests) = usable_dataset(&inputs, scale)?;
    titles.complete(&mut dataset, &inputs);
    Ok((dataset, digests))
}

/// Reads and checks the ratings, and says so if that takes long.
pub fn checked(inputs: &Inputs, scale: RatingScale) -> Result<Checked> {
    let _waiting = Waiting::with("checking the ratings");
    Ok(check_files(inputs, scale)?)
}

/// Opens a model, and says so if that takes long.
pub fn open_model(path: &Path) -> Result<Model, ArtifactError> {
    let _waiting = Waiting::with(format!("loading the model {}", path.display()));
    Model::open(path)
}

/// Checks the files as `matinee check` does, prints the faults, and refuses data that training does not accept.
pub fn usable_dataset(inputs: &Inputs, scale: RatingScale) -> Result<(Dataset, Digests)> {
    let Checked { dataset, report, digests } = checked(inputs, scale)?;
    eprint!("{report}");
    if report.refuses_training() {
        bail!("a model cannot be trained on this data; correct the faults above");
    }
    Ok((dataset, digests))
}
