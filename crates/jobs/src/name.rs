//! The names of jobs: `PREFIX-DATA-WORK`.
//!
//! A job is named after what it does. `SageMaker` accepts a name only once in an account and region, and EMR Serverless starts
//! one run for it, so asking for the same job twice starts one. `DATA` is the digest of the job's data, and `WORK` a digest of everything else that distinguishes
//! it from other jobs.

use std::fmt;
use std::str::FromStr;

use matinee_aws::DataDigest;
use matinee_model::artifact::sha256_hex;

/// The maximum length of a job's name.
const MAX_NAME: usize = 63;
/// The length of the digest of the work, in hexadecimal digits.
const WORK_DIGITS: usize = 8;
/// The maximum length of a prefix: what `-DATA-WORK` leaves.
const MAX_PREFIX: usize = MAX_NAME - DataDigest::LENGTH - WORK_DIGITS - 2;

/// What the names of a stack's jobs begin with, before a hyphen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobNamePrefix(String);

/// Text that cannot be the prefix of a job's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot begin the name of a job; it must be 1 to {MAX_PREFIX} letters, digits and hyphens, without a hyphen at \
     either end"
)]
pub struct JobNamePrefixError(String);

impl FromStr for JobNamePrefix {
    type Err = JobNamePrefixError;

    fn from_str(text: &str) -> Result<Self, JobNamePrefixError> {
        let is_allowed = (1..=MAX_PREFIX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_allowed { Ok(Self(text.to_owned())) } else { Err(JobNamePrefixError(text.to_owned())) }
    }
}

impl fmt::Display for JobNamePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a job of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobName {
    text: String,
    data: DataDigest,
}

impl JobName {
    /// The name of the job that does this work on these data.
    pub fn new(prefix: &JobNamePrefix, data: &DataDigest, work: &str) -> Self {
        let mut digits = sha256_hex(work.as_bytes());
        digits.truncate(WORK_DIGITS);
        Self { text: format!("{prefix}-{}-{digits}", data.as_str()), data: data.clone() }
    }

    /// Reads the name of a job with exactly this prefix. A job of `matinee-staging` does not have the prefix `matinee`,
    /// because a prefix is followed by two digests and nothing else.
    pub fn parse(prefix: &JobNamePrefix, text: &str) -> Option<Self> {
        let (data, work) = text.strip_prefix(&prefix.0)?.strip_prefix('-')?.split_once('-')?;
        let is_work = work.len() == WORK_DIGITS && work.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Self { text: text.to_owned(), data: DataDigest::parse(data).filter(|_| is_work)? })
    }

    /// The data that the job was started for.
    pub fn data(&self) -> &DataDigest {
        &self.data
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether a job belongs to the stack with this bucket and prefix. If `output` is known, the job must write its model to
/// the bucket; otherwise its name must have the prefix.
pub fn belongs_to_stack(bucket: &str, prefix: &JobNamePrefix, name: &str, output: Option<&str>) -> bool {
    match output {
        Some(output) => output.trim_end_matches('/') == output_path(bucket).trim_end_matches('/'),
        None => JobName::parse(prefix, name).is_some(),
    }
}

/// Where the jobs of the stack write their models in its bucket.
pub(crate) fn output_path(bucket: &str) -> String {
    format!("s3://{bucket}/models/")
}

/// Where the model of the job with this name is, which writes files and not an archive.
pub(crate) fn model_uri(bucket: &str, name: &str) -> String {
    format!("{}{name}/output/model/", output_path(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prefix(text: &str) -> JobNamePrefix {
        text.parse().unwrap()
    }

    fn data() -> DataDigest {
        DataDigest::of(&[])
    }

    #[test]
    fn a_name_distinguishes_stacks_whose_names_begin_alike() {
        let (short, long) = (prefix("matinee"), prefix("matinee-staging"));
        for (own, other) in [(&short, &long), (&long, &short)] {
            let name = JobName::new(own, &data(), "work");
            assert_eq!(JobName::parse(own, name.as_str()), Some(name.clone()));
            assert_eq!(JobName::parse(other, name.as_str()), None, "{}", name.as_str());
            assert!(
                belongs_to_stack("b", own, name.as_str(), None)
                    && !belongs_to_stack("b", other, name.as_str(), None)
            );
        }
        for other in ["matinee", "matinee-1", "matinee-20261118-120000-0a1b2c3d", "matinee-0123456789ab-x"] {
            assert_eq!(JobName::parse(&short, other), None, "{other}");
        }
    }

    #[test]
    fn a_job_belongs_to_the_stack_whose_bucket_it_writes_to() {
        let name = JobName::new(&prefix("matinee"), &data(), "work");
        for (output, expected) in [
            ("s3://b/models/", true),
            ("s3://b/models", true),
            ("s3://b-staging/models/", false),
            ("s3://b/models/more/", false),
        ] {
            for name in [name.as_str(), "by-hand"] {
                assert_eq!(
                    belongs_to_stack("b", &prefix("matinee"), name, Some(output)),
                    expected,
                    "{output}"
                );
            }
        }
    }

    #[test]
    fn a_prefix_that_sagemaker_would_refuse_is_refused_by_name() {
        for text in ["", "-a", "a-", "a_b", "a b", "ä", &"x".repeat(MAX_PREFIX + 1)] {
            let error = text.parse::<JobNamePrefix>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}`")), "{error}");
        }
        let longest = prefix(&"x".repeat(MAX_PREFIX));
        assert_eq!(JobName::new(&longest, &data(), "").as_str().len(), MAX_NAME);
    }

    proptest! {
        #[test]
        fn any_text_is_a_complete_name_or_none(text in prop_oneof![".{0,40}", "m-[0-9a-f]{11,13}-[0-9a-f]{7,9}"]) {
            if let Some(name) = JobName::parse(&prefix("m"), &text) {
                prop_assert_eq!(name.as_str(), text.as_str());
                prop_assert_eq!(text.len(), "m--".len() + DataDigest::LENGTH + WORK_DIGITS);
            }
        }
    }
}
