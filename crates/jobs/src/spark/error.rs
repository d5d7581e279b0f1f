//! Why a job cannot run on Spark.

/// Why a job cannot run on Spark. The same request would fail again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SparkError {
    /// A request asks for Spark, and the stack has no application.
    #[error(
        "the request asks for Spark, but the stack has no application; deploy it with SparkTraining=true"
    )]
    NoApplication,
    /// The program that Spark runs is not in the bucket.
    #[error(
        "s3://{bucket}/{key} is missing, which a job on Spark runs; upload it with container/push_spark.sh"
    )]
    NoProgram {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A field of the request is for `SageMaker` only.
    #[error("the field `{field}` is only for jobs in SageMaker; leave it out, or set `spark` to false")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// A hyperparameter asks for something that is not done on Spark.
    #[error(
        "the hyperparameter `{name}` is `{value}`, but on Spark {problem}; or set the field `spark` of the request to false"
    )]
    Hyperparameter {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What is possible.
        problem: &'static str,
    },
    /// A file has a form that is not read on Spark.
    #[error("{key} cannot be read on Spark: {problem}")]
    File {
        /// Its key.
        key: String,
        /// Why, and what to do.
        problem: &'static str,
    },
    /// There are too many files for one request.
    #[error(
        "there are {count} files of ratings, and a job on Spark is told of at most {most}; join some of them"
    )]
    TooManyFiles {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
}
