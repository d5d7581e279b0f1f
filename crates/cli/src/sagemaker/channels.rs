//! The channels of a job, and the files in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use matinee_train::ratings::{CsvFile, Inputs};
use serde::Deserialize;

use super::Root;
use crate::files::{self, MOVIES_FILE, RATINGS_FILE};

const TRAIN: &str = "train";
const VALIDATION: &str = "validation";
const MOVIES: &str = "movies";

/// What a job reads.
pub(super) struct Channels {
    /// The ratings to learn from, and the catalogue.
    pub(super) train: Inputs,
    /// The ratings to measure on, where they come in a channel of their own.
    pub(super) validation: Option<Inputs>,
}

/// A channel in `inputdataconfig.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Channel {
    #[serde(default)]
    training_input_mode: Option<String>,
    #[serde(default)]
    s3_distribution_type: Option<String>,
}

/// Reads the channels. With `host_count` hosts each must have all of the data.
pub(super) fn read(root: &Root, host_count: usize) -> Result<Channels> {
    let configured: BTreeMap<String, Channel> = root.read_config("inputdataconfig.json")?;
    for (name, channel) in &configured {
        channel.refuse(name, host_count)?;
    }
    let folder = |name: &str| {
        let folder = root.channel(name);
        (configured.contains_key(name) || folder.is_dir()).then_some(folder)
    };
    let Some(train) = folder(TRAIN) else {
        bail!("there is no channel `{TRAIN}`; give the job one that holds {RATINGS_FILE}");
    };
    let movies = match folder(MOVIES) {
        Some(movies) => Some(catalogue(&movies)?.with_context(|| nothing(MOVIES, &movies, MOVIES_FILE))?),
        None => catalogue(&train)?,
    };
    let validation = folder(VALIDATION).map(|folder| ratings(VALIDATION, &folder)).transpose()?;
    Ok(Channels {
        train: Inputs { ratings: ratings(TRAIN, &train)?, movies },
        validation: validation.map(|ratings| Inputs { ratings, movies: None }),
    })
}

impl Channel {
    /// Refuses a channel that cannot be meant, or that `host_count` hosts would share.
    pub fn refuse(&self, name: &str, host_count: usize) -> Result<()> {
        if ![TRAIN, VALIDATION, MOVIES].contains(&name) {
            bail!("unknown channel `{name}`; there are {TRAIN}, {VALIDATION} and {MOVIES}");
        }
        if let Some(mode) = self.training_input_mode.as_deref()
            && !["File", "FastFile"].contains(&mode)
        {
            bail!("channel `{name}` has TrainingInputMode {mode}; it must be File or FastFile");
        }
        if host_count > 1 && self.s3_distribution_type.as_deref() == Some("ShardedByS3Key") {
            bail!(
                "channel `{name}` is ShardedByS3Key, but one host learns from all ratings; \
                 make it FullyReplicated, or use one instance"
            );
        }
        Ok(())
    }
}

/// The ratings of a channel: its `ratings.csv`, or else every CSV file that is not known as another.
fn ratings(channel: &str, folder: &Path) -> Result<Vec<CsvFile>> {
    let files = csv_files(folder)?;
    let named: Vec<&PathBuf> = files.iter().filter(|path| stem(path) == "ratings").collect();
    let parts: Vec<&PathBuf> =
        if named.is_empty() { files.iter().filter(|path| !is_other(&stem(path))).collect() } else { named };
    if parts.is_empty() {
        bail!(nothing(channel, folder, RATINGS_FILE));
    }
    let read = |path: &PathBuf| {
        let file = files::read_csv(path)?;
        // Parts in several folders may have the same name.
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        Ok(CsvFile { name, ..file })
    };
    parts.into_iter().map(read).collect()
}

/// `movies.csv`, if it is there.
fn catalogue(folder: &Path) -> Result<Option<CsvFile>> {
    let files = csv_files(folder)?;
    let movies: Vec<&PathBuf> = files.iter().filter(|path| stem(path) == "movies").collect();
    match movies.as_slice() {
        [] => Ok(None),
        [one] => files::read_csv(one).map(Some),
        [one, other, ..] => bail!("{} and {} are both there; leave one", one.display(), other.display()),
    }
}

/// The files of a MovieLens release that are not ratings.
fn is_other(stem: &str) -> bool {
    ["movies", "links", "tags"].contains(&stem) || stem.starts_with("genome-")
}

/// Every `*.csv` and `*.csv.gz` of a folder and those in it, in the order of their names.
fn csv_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let read = || format!("cannot read {}", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(read)? {
            let path = entry.with_context(read)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if stem(&path) != name(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The name without `.csv` or `.csv.gz`; the whole name of other files.
fn stem(path: &Path) -> String {
    let name = name(path);
    let stem = name.strip_suffix(".gz").unwrap_or(&name).strip_suffix(".csv");
    stem.map_or_else(|| name.clone(), str::to_owned)
}

fn nothing(channel: &str, folder: &Path, wanted: &str) -> String {
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(name(&entry.ok()?.path())))
        .take(10)
        .collect();
    let found =
        if names.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", names.join(", ")) };
    format!("channel `{channel}` has no {wanted}: {found}; check its S3Uri")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn channel(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "userId,movieId,rating\n").unwrap();
        }
        folder
    }

    fn chosen(files: &[&str]) -> Vec<String> {
        let folder = channel(files);
        ratings(TRAIN, folder.path()).unwrap().into_iter().map(|file| file.name).collect()
    }

    proptest! {
        #[test]
        fn any_configuration_is_taken_or_refused_by_name(
            name in "train|validation|movies|\\PC{0,8}",
            mode in prop::option::of("File|FastFile|Pipe|\\PC{0,8}"),
            distribution in prop::option::of("FullyReplicated|ShardedByS3Key|\\PC{0,8}"),
            host_count in 1_usize..4,
        ) {
            let json = serde_json::json!({
                &name: { "TrainingInputMode": mode, "S3DistributionType": distribution, "RecordWrapperType": "None" }
            });
            let configured: BTreeMap<String, Channel> = serde_json::from_value(json).unwrap();
            let is_usable = ["train", "validation", "movies"].contains(&name.as_str())
                && mode.is_none_or(|mode| mode == "File" || mode == "FastFile")
                && (host_count == 1 || distribution.as_deref() != Some("ShardedByS3Key"));
            match configured[&name].refuse(&name, host_count) {
                Ok(()) => prop_assert!(is_usable),
                Err(error) => {
                    let names_it = error.to_string().contains(&format!("channel `{name}`"));
                    prop_assert!(!is_usable && names_it);
                }
            }
        }
    }

    #[test]
    fn ratings_are_told_from_what_lies_beside_them() {
        assert_eq!(
            chosen(&["ratings.csv", "movies.csv", "links.csv", "tags.csv", "part-1.csv"]),
            ["ratings.csv"]
        );
        assert_eq!(chosen(&["ratings.csv.gz", "README.txt", "_SUCCESS"]), ["ratings.csv.gz"]);
        assert_eq!(
            chosen(&["part-2.csv", "part-1.csv.gz", "movies.csv", "genome-tags.csv"]),
            ["part-1.csv.gz", "part-2.csv"]
        );
        assert_eq!(
            chosen(&["2024/ratings.csv", "2023/ratings.csv"]),
            ["2023/ratings.csv", "2024/ratings.csv"]
        );
    }

    #[test]
    fn a_channel_without_ratings_says_what_it_holds() {
        let folder = channel(&["movies.csv"]);
        let error = ratings(TRAIN, folder.path()).unwrap_err().to_string();
        assert_eq!(error, "channel `train` has no ratings.csv: it holds movies.csv; check its S3Uri");
        let error = ratings(TRAIN, channel(&[]).path()).unwrap_err().to_string();
        assert!(error.contains("it is empty"), "{error}");
    }

    #[test]
    fn channels_that_cannot_be_meant_are_refused() {
        for (name, json, hosts, named) in [
            ("test", "{}", 1, "unknown channel `test`"),
            (TRAIN, r#"{"TrainingInputMode":"Pipe"}"#, 1, "must be File or FastFile"),
            (TRAIN, r#"{"S3DistributionType":"ShardedByS3Key"}"#, 2, "FullyReplicated"),
        ] {
            let channel: Channel = serde_json::from_str(json).unwrap();
            let error = channel.refuse(name, hosts).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        let channel: Channel = serde_json::from_str(
            r#"{"TrainingInputMode":"FastFile","S3DistributionType":"ShardedByS3Key","ContentType":"text/csv"}"#,
        )
        .unwrap();
        channel.refuse(MOVIES, 1).unwrap();
    }
}
