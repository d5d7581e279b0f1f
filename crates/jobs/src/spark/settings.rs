//! What all jobs on Spark have in common, read from the variables of the stack's functions.

use matinee_variables::{VariableError, Variables};

/// The memory in GB of the driver by default, and at most.
const DRIVER_MEMORY_GB: u32 = 30;
const MAX_DRIVER_MEMORY_GB: u32 = 120;
/// From how many megabytes of ratings jobs run on Spark by default.
const ABOVE_MEGABYTES: u64 = 1000;
/// The most characters in the id of an application.
const MAX_ID: usize = 64;

/// What all jobs on Spark have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkSettings {
    /// `SPARK_APPLICATION_ID`: the application of EMR Serverless.
    pub application: String,
    /// `SPARK_ROLE_ARN`: the role of the runs.
    pub role: String,
    /// `SPARK_ABOVE_MEGABYTES`: a job runs on Spark if the files of ratings have more megabytes than this.
    pub above_megabytes: u64,
    /// `SPARK_DRIVER_MEMORY_GB`: the memory of the machine that writes the model.
    pub driver_memory_gb: u32,
    /// `PUBLISH_MODEL_FUNCTION`: the function to which a run is passed on whose event got lost.
    pub publisher: Option<String>,
}

impl SparkSettings {
    /// Reads the settings; `None` if there is no application. A job on Spark does not read the table of ratings that come
    /// in, so there must be none.
    pub(crate) fn from_variables(variables: &Variables<'_>) -> Result<Option<Self>, VariableError> {
        let application = application(variables)?;
        let role = variables.get("SPARK_ROLE_ARN");
        let above_megabytes = variables.whole_number("SPARK_ABOVE_MEGABYTES", 0..=u64::MAX / 1_000_000)?;
        let driver_memory_gb = variables.whole_number("SPARK_DRIVER_MEMORY_GB", 8..=MAX_DRIVER_MEMORY_GB)?;
        let publisher = variables.get("PUBLISH_MODEL_FUNCTION");
        let Some(application) = application else { return Ok(None) };
        Ok(Some(Self {
            application,
            role: role.map_or_else(|| variables.require("SPARK_ROLE_ARN"), Ok)?,
            above_megabytes: above_megabytes.unwrap_or(ABOVE_MEGABYTES),
            driver_memory_gb: driver_memory_gb.unwrap_or(DRIVER_MEMORY_GB),
            publisher,
        }))
    }
}

/// The id of the application of EMR Serverless, if there is one.
fn application(variables: &Variables<'_>) -> Result<Option<String>, VariableError> {
    let has_table = variables.get("RATINGS_TABLE").is_some();
    variables.parse_with("SPARK_APPLICATION_ID", |id| {
        let is_id = id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        match (is_id, has_table) {
            (false, _) => Err(format!("`{id}` is not the id of an application of EMR Serverless")),
            (true, true) => Err(format!(
                "`{id}` cannot be combined with RATINGS_TABLE, because jobs on Spark do not read the table; leave one of \
                 them out"
            )),
            (true, false) => Ok(id.to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::settings::tests::settings;

    const SPARK: [(&str, &str); 2] = [
        ("SPARK_APPLICATION_ID", "00f1cbsc6anuij25"),
        ("SPARK_ROLE_ARN", "arn:aws:iam::123456789012:role/spark"),
    ];

    #[test]
    fn without_an_application_nothing_runs_on_spark() {
        assert_eq!(settings(&[("SPARK_ABOVE_MEGABYTES", "5")]).unwrap().spark, None);
        assert_eq!(settings(&[("SPARK_APPLICATION_ID", ""), SPARK[1]]).unwrap().spark, None);
    }

    #[test]
    fn numbers_have_defaults() {
        let spark = settings(&SPARK).unwrap().spark.unwrap();
        assert_eq!((spark.above_megabytes, spark.driver_memory_gb, spark.publisher), (1000, 30, None));
        let given = [("SPARK_ABOVE_MEGABYTES", "0"), ("SPARK_DRIVER_MEMORY_GB", "120")];
        let spark = settings(&[SPARK, given].concat()).unwrap().spark.unwrap();
        assert_eq!((spark.above_megabytes, spark.driver_memory_gb), (0, 120));
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value, problem) in [
            ("SPARK_APPLICATION_ID", "An-App", "`An-App` is not the id of an application"),
            ("SPARK_ROLE_ARN", "", "SPARK_ROLE_ARN is missing"),
            ("SPARK_ABOVE_MEGABYTES", "1 GB", "SPARK_ABOVE_MEGABYTES is invalid: `1 GB`"),
            ("SPARK_DRIVER_MEMORY_GB", "121", "SPARK_DRIVER_MEMORY_GB is invalid: `121`"),
            ("RATINGS_TABLE", "table", "cannot be combined with RATINGS_TABLE"),
        ] {
            let error = settings(&[SPARK.to_vec(), vec![(name, value)]].concat()).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
