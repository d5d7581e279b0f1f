//! The channels of a job, and the files in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use matinee_model::data_files::{DataFiles, is_hidden};
use matinee_train::ratings::CsvFile;
use serde::Deserialize;

use super::Root;
use crate::files::{self, DataFile, Inputs, MOVIES_FILE, RATINGS_FILE, Titles};

const TRAIN: &str = "train";
/// The name that SageMaker's Python SDK gives to the channel of `fit("s3://...")`.
const TRAINING: &str = "training";
const VALIDATION: &str = "validation";
const MOVIES: &str = "movies";
const LIVE: &str = "live";

/// The channels that are read, and what they are for.
const CHANNELS: [(&str, &str); 5] = [
    (TRAIN, "the ratings to train on, and the catalogue if it is beside them"),
    (TRAINING, "another name of `train`"),
    (VALIDATION, "ratings to measure the model on"),
    (MOVIES, "the catalogue"),
    (LIVE, "the live model, which the new one is compared with"),
];

/// What a job reads. The ratings are read when they are checked.
pub(super) struct Channels {
    /// The ratings to train on, and the catalogue.
    pub(super) train: Inputs,
    /// The ratings to measure on, if they have a channel of their own.
    pub(super) validation: Option<Inputs>,
    /// The live model: a folder or a `model.tar.gz`.
    pub(super) live: Option<PathBuf>,
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

/// Reads the channels but for the ratings, which are found. If there are several hosts, each must have all data.
pub(super) fn read(root: &Root, host_count: usize, titles: Titles) -> Result<Channels> {
    let configured: BTreeMap<String, Channel> = root.read_config("inputdataconfig.json")?;
    for (name, channel) in &configured {
        channel.check(name, host_count)?;
    }
    refuse_others(root)?;
    let folder = |name: &'static str| {
        let folder = root.channel(name);
        (configured.contains_key(name) || folder.is_dir()).then_some((name, folder))
    };
    let (name, train) = match (folder(TRAIN), folder(TRAINING)) {
        (Some(_), Some(_)) => {
            bail!("channels `{TRAIN}` and `{TRAINING}` are two names for the same; remove one of them")
        }
        (Some(train), None) | (None, Some(train)) => train,
        (None, None) => bail!("there is no channel `{TRAIN}`; give the job one that holds {RATINGS_FILE}"),
    };
    let found = files::find(&train)?;
    let movies = match folder(MOVIES) {
        Some((_, movies)) => {
            if let Some(other) = found.movies.first() {
                eprintln!(
                    "note: not reading {other} in channel `{name}` (the catalogue is that of channel `{MOVIES}`)"
                );
            }
            Some(catalogue(&movies)?)
        }
        None => files::read_movies(&train, &found)?,
    };
    let links = files::read_links(&train, &found)?;
    let train = Inputs { ratings: ratings(name, &train, &found)?, movies, links };
    titles.refuse_missing_catalogue(&train, &format!("channel `{name}`"))?;
    let validation = folder(VALIDATION).map(|(name, folder)| ratings(name, &folder, &files::find(&folder)?));
    let validation = validation.transpose()?;
    Ok(Channels {
        train,
        validation: validation.map(|ratings| Inputs { ratings, movies: None, links: None }),
        live: folder(LIVE).map(|(_, folder)| model_in(folder)),
    })
}

/// Refuses folders of unknown channels, whether or not `inputdataconfig.json` names them. Hidden and empty folders contain
/// no data and are ignored.
fn refuse_others(root: &Root) -> Result<()> {
    let folders = std::fs::read_dir(root.channel("")).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders
        .filter(|entry| std::fs::read_dir(entry.path()).is_ok_and(|mut files| files.next().is_some()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !is_hidden(name))
        .collect();
    names.sort();
    names.iter().try_for_each(|name| refuse_unknown(name))
}

/// Refuses a channel with a name that is not read.
fn refuse_unknown(name: &str) -> Result<()> {
    if CHANNELS.iter().all(|(channel, _)| *channel != name) {
        bail!("unknown channel `{name}`; {}; rename it or remove it", channels_in_words());
    }
    Ok(())
}

/// The channels that are read, in words.
fn channels_in_words() -> String {
    let channels = CHANNELS.map(|(name, what)| format!("`{name}` ({what})"));
    format!("a job reads {}", channels.join(", "))
}

impl Channel {
    /// Refuses an unknown channel, an input mode that cannot be read, and data that is split among several hosts.
    pub fn check(&self, name: &str, host_count: usize) -> Result<()> {
        refuse_unknown(name)?;
        if let Some(mode) = self.training_input_mode.as_deref()
            && !["File", "FastFile"].contains(&mode)
        {
            bail!("channel `{name}` has TrainingInputMode {mode}; it must be File or FastFile");
        }
        if host_count > 1 && self.s3_distribution_type.as_deref() == Some("ShardedByS3Key") {
            bail!(
                "channel `{name}` is ShardedByS3Key, but one host trains on all ratings; \
                 make it FullyReplicated, or use one instance"
            );
        }
        Ok(())
    }
}

/// The ratings of a channel.
fn ratings(channel: &str, folder: &Path, found: &DataFiles) -> Result<Vec<DataFile>> {
    if found.ratings.is_empty() {
        bail!(
            "channel `{channel}` has no {RATINGS_FILE}: {}; check its S3Uri",
            files::contents(folder, found)
        );
    }
    Ok(files::ratings(folder, found))
}

/// The model in a channel, which contains its files or an archive of them.
fn model_in(folder: PathBuf) -> PathBuf {
    let archive = folder.join("model.tar.gz");
    if archive.is_file() { archive } else { folder }
}

/// The catalogue of the channel `movies`.
fn catalogue(folder: &Path) -> Result<CsvFile> {
    let found = files::find(folder)?;
    let movies = files::read_movies(folder, &found)?;
    movies.with_context(|| {
        let contents = files::contents(folder, &found);
        format!("channel `{MOVIES}` has no {MOVIES_FILE}: {contents}; check its S3Uri")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_train::ratings::Source;
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

    fn find_ratings(folder: &Path) -> Result<Vec<DataFile>> {
        ratings(TRAIN, folder, &files::find(folder)?)
    }

    fn chosen(files: &[&str]) -> Vec<String> {
        let folder = channel(files);
        find_ratings(folder.path()).unwrap().iter().map(|file| file.name().to_owned()).collect()
    }

    proptest! {
        #[test]
        fn any_configuration_is_accepted_or_refused_by_name(
            name in "train|training|validation|movies|live|\\PC{0,8}",
            mode in prop::option::of("File|FastFile|Pipe|\\PC{0,8}"),
            distribution in prop::option::of("FullyReplicated|ShardedByS3Key|\\PC{0,8}"),
            host_count in 1_usize..4,
        ) {
            let json = serde_json::json!({
                &name: { "TrainingInputMode": mode, "S3DistributionType": distribution, "RecordWrapperType": "None" }
            });
            let configured: BTreeMap<String, Channel> = serde_json::from_value(json).unwrap();
            let is_usable = ["train", "training", "validation", "movies", "live"].contains(&name.as_str())
                && mode.is_none_or(|mode| mode == "File" || mode == "FastFile")
                && (host_count == 1 || distribution.as_deref() != Some("ShardedByS3Key"));
            match configured[&name].check(&name, host_count) {
                Ok(()) => prop_assert!(is_usable),
                Err(error) => {
                    let names_it = error.to_string().contains(&format!("channel `{name}`"));
                    prop_assert!(!is_usable && names_it);
                }
            }
        }
    }

    #[test]
    fn ratings_are_recognised_among_other_files() {
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
    fn the_error_says_what_a_channel_without_ratings_contains() {
        let folder = channel(&["movies.csv"]);
        let error = find_ratings(folder.path()).unwrap_err().to_string();
        assert_eq!(error, "channel `train` has no ratings.csv: it holds movies.csv; check its S3Uri");
        let error = find_ratings(channel(&[]).path()).unwrap_err().to_string();
        assert!(error.contains("it is empty"), "{error}");
    }

    #[test]
    fn wrong_channels_are_refused() {
        for (name, json, hosts, named) in [
            ("test", "{}", 1, "unknown channel `test`"),
            (TRAIN, r#"{"TrainingInputMode":"Pipe"}"#, 1, "must be File or FastFile"),
            (TRAIN, r#"{"S3DistributionType":"ShardedByS3Key"}"#, 2, "FullyReplicated"),
        ] {
            let channel: Channel = serde_json::from_str(json).unwrap();
            let error = channel.check(name, hosts).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        let channel: Channel = serde_json::from_str(
            r#"{"TrainingInputMode":"FastFile","S3DistributionType":"ShardedByS3Key","ContentType":"text/csv"}"#,
        )
        .unwrap();
        channel.check(MOVIES, 1).unwrap();
    }
}
