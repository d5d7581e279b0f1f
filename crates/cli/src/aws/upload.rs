//! `matinee aws upload`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use matinee_aws::{DATA_PREFIX, DataObject, data_files, list_data_prefix};

use super::account::Account;
use super::writing::Destination;
use crate::files::{self, Inputs, Titles};
use crate::progress::Waiting;
use crate::sagemaker::Settings;

/// Checks the files as the stack's training jobs do, and uploads them. The ratings come last, because
/// their upload starts training.
pub async fn run(account: &Account, folder: &Path) -> Result<ExitCode> {
    let bucket = account.bucket()?;
    let inputs = read(account, folder)?;
    let names: Vec<&str> = inputs.names().collect();
    refuse_unread(&list_data_prefix(&account.s3, bucket).await?, &sizes(folder, &names)?, bucket)?;
    for name in names {
        put(account, bucket, name, &folder.join(name)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads and checks the folder with the hyperparameters of the stack's jobs.
fn read(account: &Account, folder: &Path) -> Result<Inputs> {
    let text = account.variables().get("HYPERPARAMETERS");
    let given = text.map_or(Ok(BTreeMap::new()), |text| serde_json::from_str(&text));
    let settings =
        Settings::parse(given.context("the stack's parameter Hyperparameters is not a JSON object")?)
            .context("the stack's parameter Hyperparameters")?;
    let inputs = files::read_folder_with(folder, Titles::from_ids(settings.titles_from_ids))?;
    let (dataset, _) = files::usable_dataset(&inputs, settings.scale).with_context(|| {
        format!(
            "the stack's jobs read ratings on the scale {}; for another one, deploy the parameter Hyperparameters with \
             the hyperparameter `scale`",
            settings.scale
        )
    })?;
    eprintln!("checked: {} ratings by {} users", dataset.ratings.len(), dataset.user_count());
    Ok(inputs)
}

/// Each file of the folder with its length in bytes.
fn sizes<'a>(folder: &Path, names: &[&'a str]) -> Result<Vec<(&'a str, u64)>> {
    let size = |name: &&'a str| {
        let path = folder.join(name);
        let metadata = path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
        Ok((*name, metadata.len()))
    };
    names.iter().map(size).collect()
}

/// Refuses files that no job would read because of what the bucket holds already, and tells what a job reads beside them.
fn refuse_unread(there: &[DataObject], new: &[(&str, u64)], bucket: &str) -> Result<()> {
    let key = |name: &str| format!("{DATA_PREFIX}{name}");
    let is_new = |object: &DataObject| new.iter().any(|(name, _)| key(name) == object.key);
    let added = new.iter().map(|(name, length)| DataObject {
        key: key(name),
        length: *length,
        modified: 0,
        etag: String::new(),
    });
    let all: Vec<DataObject> = there.iter().filter(|object| !is_new(object)).cloned().chain(added).collect();
    let remedy = format!("remove what is out of date with `aws s3 rm s3://{bucket}/{DATA_PREFIX}...`");
    let chosen = data_files(&all).with_context(|| format!("with these files in {DATA_PREFIX}; {remedy}"))?;
    let read = || chosen.ratings.iter().chain(&chosen.movies).chain(&chosen.links);
    let is_read = |name: &str| read().any(|path| path == name);
    if let Some((name, _)) = new.iter().find(|(name, _)| !is_read(name)) {
        let reason = chosen.skipped.iter().find(|file| file.path == *name).map_or("", |file| file.reason);
        bail!("no job would read {DATA_PREFIX}{name} beside what the bucket holds ({reason}); {remedy}");
    }
    let beside: Vec<&str> =
        read().filter(|path| new.iter().all(|(name, _)| path != name)).map(String::as_str).collect();
    if !beside.is_empty() {
        eprintln!("note: a job also reads what is there: {}", beside.join(", "));
    }
    Ok(())
}

async fn put(account: &Account, bucket: &str, name: &str, path: &Path) -> Result<()> {
    let key = format!("{DATA_PREFIX}{name}");
    let waiting = Waiting::with(format!("uploading {name}"));
    let destination =
        Destination { content_type: Some("text/csv".to_owned()), ..Destination::new(bucket, &key) };
    destination.write(&account.s3, path).await?;
    drop(waiting);
    say!("s3://{bucket}/{key}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(keys: &[&str]) -> Vec<DataObject> {
        let object =
            |key: &&str| DataObject { key: (*key).to_owned(), length: 1, modified: 1, etag: "e".to_owned() };
        keys.iter().map(object).collect()
    }

    #[test]
    fn files_that_no_job_would_read_are_refused() {
        let refusal = |keys: &[&str], name: &str| {
            refuse_unread(&there(keys), &[(name, 1)], "b").map_err(|error| format!("{error:#}"))
        };
        let other_form = refusal(&["data/ratings.csv", "data/movies.csv"], "ratings.dat").unwrap_err();
        assert!(other_form.contains("no job would read data/ratings.dat"), "{other_form}");
        let twice = refusal(&["data/ratings.csv"], "ratings.csv.gz").unwrap_err();
        assert!(twice.contains("not clear which one to use"), "{twice}");
        for error in [other_form, twice] {
            assert!(error.contains("aws s3 rm s3://b/data/"), "{error}");
        }
        refusal(&["data/ratings.csv", "data/movies.csv"], "ratings.csv").unwrap();
        refusal(&[], "ratings.dat").unwrap();
    }
}
