//! What is asked of `StartJobRun`.

use std::collections::BTreeMap;

use aws_sdk_emrserverless::error::BuildError;
use aws_sdk_emrserverless::operation::start_job_run::StartJobRunInput;
use aws_sdk_emrserverless::types::{JobDriver, SparkSubmit};
use matinee_aws::{DATA_PREFIX, DataDigest, DataObject, data_files};
use serde_json::json;

use super::{Program, SparkError, SparkSettings};
use crate::name::{JobName, model_uri};
use crate::request::JobRequest;
use crate::settings::JobSettings;

/// The most files of ratings. A run has at most 1,024 arguments.
const MAX_FILES: usize = 900;
/// The shortest time that a run may be given, in minutes.
const LEAST_MINUTES: i64 = 5;
/// What Hadoop's paths do not take literally.
const PATTERN: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
/// Processors of each executor. It has 16 GB, most of it for the processes of the program.
const EXECUTOR: &str =
    "--conf spark.executor.cores=4 --conf spark.executor.memory=6g --conf spark.executor.memoryOverhead=10g";
/// GB for Spark itself on the driver. The rest is for the process that writes the model.
const DRIVER_JVM_GB: u32 = 6;

/// The settings of Spark, if the job runs there: the request says so, or the ratings are large.
pub(crate) fn place<'a>(
    settings: &'a JobSettings,
    request: &JobRequest,
    data: &[DataObject],
) -> Result<Option<&'a SparkSettings>, SparkError> {
    let for_sagemaker = match request {
        JobRequest { instance_type: Some(_), .. } => Some("instance_type"),
        JobRequest { spot: Some(_), .. } => Some("spot"),
        _ => None,
    };
    match (&settings.spark, request.spark, for_sagemaker) {
        (None, Some(true), _) => Err(SparkError::NoApplication),
        (Some(_), Some(true), Some(field)) => Err(SparkError::Field { field }),
        (Some(spark), Some(true), None) => Ok(Some(spark)),
        (Some(spark), None, None) => {
            Ok((rating_bytes(data) > spark.above_megabytes * 1_000_000).then_some(spark))
        }
        (None, _, _) | (_, Some(false), _) | (_, None, Some(_)) => Ok(None),
    }
}

/// The length of the files of ratings. If it is not clear which these are, the job that reads them says so.
fn rating_bytes(data: &[DataObject]) -> u64 {
    let ratings = data_files(data).map(|files| files.ratings).unwrap_or_default();
    let is_rating = |object: &&DataObject| {
        object.key.strip_prefix(DATA_PREFIX).is_some_and(|path| ratings.iter().any(|rating| rating == path))
    };
    data.iter().filter(is_rating).map(|object| object.length).sum()
}

/// A job on Spark that has no name yet.
#[derive(Debug)]
pub(crate) struct SparkRequest<'a> {
    settings: &'a JobSettings,
    spark: &'a SparkSettings,
    program: Program,
    minutes: i64,
    /// The arguments, but for those that contain the name.
    arguments: Vec<String>,
}

impl<'a> SparkRequest<'a> {
    /// The request for a job that learns from these data.
    pub(crate) fn new(
        settings: &'a JobSettings,
        spark: &'a SparkSettings,
        request: &JobRequest,
        program: Program,
        data: &[DataObject],
    ) -> Result<Self, SparkError> {
        let mut arguments = vec!["--matinee".to_owned(), program.binary.uri.clone()];
        arguments.extend(files(&settings.bucket, data)?);
        arguments.extend(options(request.all_hyperparameters(settings).into_iter().collect())?);
        let seconds = i64::from(request.max_seconds.unwrap_or(settings.max_seconds));
        let minutes = seconds.div_euclid(60) + i64::from(seconds % 60 > 0);
        Ok(Self { settings, spark, program, minutes: minutes.max(LEAST_MINUTES), arguments })
    }

    /// The name of the job. It depends on everything that the result depends on, so the same request for the same data has
    /// the same name. `salt` distinguishes it from earlier jobs that did the same.
    pub(crate) fn name(&self, data: &DataDigest, salt: &str) -> JobName {
        let work = json!(["spark", self.program.digest(), self.arguments, salt]);
        JobName::new(&self.settings.name_prefix, data, &work.to_string())
    }

    /// The arguments of the job with this name.
    pub(crate) fn arguments(&self, name: &str) -> Vec<String> {
        let uri = model_uri(&self.settings.bucket, name);
        let named = ["--training-job", name, "--output", uri.trim_end_matches('/')];
        self.arguments.iter().cloned().chain(named.map(str::to_owned)).collect()
    }

    /// The script that the run executes.
    pub(crate) fn script(&self) -> &str {
        &self.program.script.uri
    }

    /// The request to EMR Serverless.
    pub(crate) fn input(&self, name: &JobName) -> Result<StartJobRunInput, BuildError> {
        let submit = SparkSubmit::builder()
            .entry_point(self.script())
            .set_entry_point_arguments(Some(self.arguments(name.as_str())))
            .spark_submit_parameters(submit_parameters(self.spark.driver_memory_gb))
            .build()?;
        StartJobRunInput::builder()
            .application_id(&self.spark.application)
            .client_token(name.as_str())
            .name(name.as_str())
            .execution_role_arn(&self.spark.role)
            .job_driver(JobDriver::SparkSubmit(submit))
            .execution_timeout_minutes(self.minutes)
            .build()
    }
}

/// The sizes of driver and executors. The processes of the program are outside of the memory of Java.
fn submit_parameters(driver_memory_gb: u32) -> String {
    let cores = match driver_memory_gb {
        0..=30 => 4,
        31..=60 => 8,
        _ => 16,
    };
    let jvm = DRIVER_JVM_GB.min(driver_memory_gb / 2);
    let rest = driver_memory_gb - jvm;
    format!(
        "--conf spark.driver.cores={cores} --conf spark.driver.memory={jvm}g --conf spark.driver.memoryOverhead={rest}g \
         --conf spark.driver.maxResultSize=0 {EXECUTOR}"
    )
}

/// The options that name the files.
fn files(bucket: &str, data: &[DataObject]) -> Result<Vec<String>, SparkError> {
    let refused = |path: &str, problem| SparkError::File { key: format!("{DATA_PREFIX}{path}"), problem };
    let files = data_files(data)
        .map_err(|error| refused(&error.first, "another file could be meant too; remove one of them"))?;
    let count = files.ratings.len();
    if count > MAX_FILES {
        return Err(SparkError::TooManyFiles { count, most: MAX_FILES });
    }
    if let [_, second, ..] = files.movies.as_slice() {
        return Err(refused(second, "the catalogue must be one file, movies.csv"));
    }
    let mut options = Vec::new();
    for (option, paths) in [
        ("--ratings", files.ratings),
        ("--movies", files.movies),
        ("--links", files.links.into_iter().collect()),
    ] {
        if paths.is_empty() {
            continue;
        }
        options.push(option.to_owned());
        for path in paths {
            if is_movielens_form(&path) {
                return Err(refused(
                    &path,
                    "it is not CSV; `matinee data` writes MovieLens' own forms as CSV",
                ));
            }
            if path.contains(PATTERN) {
                return Err(refused(
                    &path,
                    "Spark would read its name as a pattern; rename it without *?[]{}\\",
                ));
            }
            options.push(format!("s3://{bucket}/{DATA_PREFIX}{path}"));
        }
    }
    Ok(options)
}

/// Whether a file has one of the forms of MovieLens that are not CSV, by the same names that training knows.
fn is_movielens_form(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    ["ratings.dat", "movies.dat", "u.data", "u.item"].contains(&name)
}

/// The options that these hyperparameters are. What is not done on Spark is refused by name.
fn options(hyperparameters: BTreeMap<String, String>) -> Result<Vec<String>, SparkError> {
    let mut options = Vec::new();
    for (name, value) in hyperparameters {
        // SageMaker's Python SDK encodes values as JSON.
        let value = serde_json::from_str::<String>(&value).unwrap_or(value).trim().to_owned();
        let refused =
            |problem| Err(SparkError::Hyperparameter { name: name.clone(), value: value.clone(), problem });
        match (name.as_str(), value.as_str()) {
            // Empty ones count as missing. A task that fails is repeated by Spark, so there are no checkpoints.
            (_, "")
            | ("algorithm", "vb")
            | ("tune", "none")
            | ("checkpoint_interval", _)
            | ("titles_from_ids", "false") => {}
            ("algorithm", _) => return refused("only `vb` learns; leave it out"),
            ("tune" | "tune_points" | "tune_folds" | "tune_margin", _) => {
                return refused("nothing is tuned; tune on a part of the data, and leave it out");
            }
            ("titles_from_ids", "true") => options.push("--titles-from-ids".to_owned()),
            ("titles_from_ids", _) => return refused("it must be true or false"),
            ("seed" | "scale", _) => options.extend([format!("--{name}"), value]),
            ("hold_out", _) => options.extend(["--hold-out".to_owned(), value]),
            _ => options.extend(["-p".to_owned(), format!("{name}={value}")]),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
