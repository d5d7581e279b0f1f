//! What is asked of `CreateTrainingJob`.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sagemaker::error::BuildError;
use aws_sdk_sagemaker::operation::create_training_job::CreateTrainingJobInput;
use aws_sdk_sagemaker::types::{
    AlgorithmSpecification, Channel, CheckpointConfig, DataSource, MetricDefinition, OutputCompressionType,
    OutputDataConfig, ResourceConfig, S3DataDistribution, S3DataSource, S3DataType, StoppingCondition, Tag,
    TrainingInputMode,
};
use jiff::Timestamp;
use matinee_aws::{DATA_PREFIX, DataDigest, S3Uri};
use serde::Deserialize;
use serde_json::json;

use crate::name::{JobName, output_path};
use crate::settings::JobSettings;

/// How long a job may wait for spot capacity, in addition to its own time.
const SPOT_PATIENCE_SECONDS: i32 = 3600;

/// What is found when a job is asked for.
#[derive(Debug, Clone)]
pub struct Found {
    /// When its data were listed. It learns from all that was there.
    pub data_as_of: Timestamp,
    /// The live model, which it compares its own with.
    pub live_model: Option<S3Uri>,
}

/// What one job does differently from the others of its stack. Every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// Hyperparameters that add to those of the stack or override them.
    #[serde(default)]
    pub hyperparameters: BTreeMap<String, String>,
    /// The instance type that it runs on.
    pub instance_type: Option<String>,
    /// Whether it runs on spot capacity.
    pub spot: Option<bool>,
    /// The longest time that it may take, in seconds.
    pub max_seconds: Option<i32>,
    /// Whether it runs on Spark. If this is not given, the size of the ratings decides.
    pub spark: Option<bool>,
}

impl JobRequest {
    /// The name of the job that does this with these data. The name depends on everything that the result depends on, so
    /// the same request for the same data has the same name. `salt` distinguishes it from earlier jobs that did the same.
    pub fn name(&self, settings: &JobSettings, data: &DataDigest, salt: &str) -> JobName {
        let hyperparameters: BTreeMap<_, _> = self.all_hyperparameters(settings).into_iter().collect();
        let work = json!([settings.image, hyperparameters, salt]);
        JobName::new(&settings.name_prefix, data, &work.to_string())
    }

    /// The request to `SageMaker`.
    pub fn input(
        &self,
        settings: &JobSettings,
        name: &JobName,
        found: &Found,
    ) -> Result<CreateTrainingJobInput, BuildError> {
        let (bucket, name) = (&settings.bucket, name.as_str());
        let spot = self.spot.unwrap_or(settings.spot);
        let max_seconds = self.max_seconds.unwrap_or(settings.max_seconds);
        let metrics: Vec<MetricDefinition> = settings
            .metric_definitions
            .iter()
            .map(|metric| MetricDefinition::builder().name(&metric.name).regex(&metric.regex).build())
            .collect();
        let algorithm = AlgorithmSpecification::builder()
            .training_image(&settings.image)
            .training_input_mode(TrainingInputMode::Fastfile)
            .set_metric_definitions(Some(metrics))
            .build();
        let resources = ResourceConfig::builder()
            .instance_type(self.instance_type.as_ref().unwrap_or(&settings.instance_type).as_str().into())
            .instance_count(1)
            .volume_size_in_gb(settings.volume_gb)
            .build();
        let stopping = StoppingCondition::builder()
            .max_runtime_in_seconds(max_seconds)
            .set_max_wait_time_in_seconds(spot.then_some(max_seconds.saturating_add(SPOT_PATIENCE_SECONDS)))
            .build();
        CreateTrainingJobInput::builder()
            .training_job_name(name)
            .role_arn(&settings.role)
            .algorithm_specification(algorithm)
            .set_hyper_parameters(Some(self.all_hyperparameters(settings)))
            .set_environment(Some(environment(settings, found.data_as_of)))
            .set_input_data_config(Some(channels(bucket, found.live_model.as_ref())))
            .output_data_config(
                OutputDataConfig::builder()
                    .s3_output_path(output_path(bucket))
                    .compression_type(OutputCompressionType::None)
                    .build(),
            )
            .checkpoint_config(
                CheckpointConfig::builder().s3_uri(format!("s3://{bucket}/checkpoints/{name}/")).build(),
            )
            .resource_config(resources)
            .stopping_condition(stopping)
            .enable_managed_spot_training(spot)
            .tags(Tag::builder().key("matinee:stack").value(&settings.stack).build())
            .build()
    }

    pub(crate) fn all_hyperparameters(&self, settings: &JobSettings) -> HashMap<String, String> {
        settings.hyperparameters.clone().into_iter().chain(self.hyperparameters.clone()).collect()
    }
}

/// The variables of the container. It runs with a network and under the role of the job, so it can read the table.
fn environment(settings: &JobSettings, data_as_of: Timestamp) -> HashMap<String, String> {
    let table = settings.ratings_table.as_ref().map(|table| ("RATINGS_TABLE", table.as_str().to_owned()));
    let variables = table.into_iter().chain([("JOB_REQUESTED_AT", data_as_of.to_string())]);
    variables.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn channels(bucket: &str, live_model: Option<&S3Uri>) -> Vec<Channel> {
    let data = channel("train", "text/csv", format!("s3://{bucket}/{DATA_PREFIX}"));
    let live = live_model.map(|uri| channel("live", "application/octet-stream", uri.to_string()));
    std::iter::once(data).chain(live).collect()
}

fn channel(name: &str, content_type: &str, uri: String) -> Channel {
    let source = S3DataSource::builder()
        .s3_data_type(S3DataType::S3Prefix)
        .s3_uri(uri)
        .s3_data_distribution_type(S3DataDistribution::FullyReplicated)
        .build();
    Channel::builder()
        .channel_name(name)
        .content_type(content_type)
        .data_source(DataSource::builder().s3_data_source(source).build())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use matinee_aws::DataObject;

    fn found(live_model: Option<&str>) -> Found {
        let data_as_of = "2026-11-26T12:00:00Z".parse().unwrap();
        Found { data_as_of, live_model: live_model.map(|uri| uri.parse().unwrap()) }
    }

    #[test]
    fn a_name_is_the_same_only_for_the_same_work_on_the_same_data() {
        let settings = settings(&[("HYPERPARAMETERS", r#"{"seed":"1","algorithm":"svd"}"#)]).unwrap();
        let same = JobSettings { max_seconds: 60, stack: "another".to_owned(), ..settings.clone() };
        let object = |etag: &str| DataObject {
            key: "data/ratings.csv".to_owned(),
            length: 1,
            modified: 1,
            etag: etag.to_owned(),
        };
        let (data, other_data) = (DataDigest::of(&[object("a")]), DataDigest::of(&[object("b")]));
        let request = JobRequest::default();
        let name = request.name(&settings, &data, "");
        assert_eq!(name, request.name(&same, &data, ""));
        assert_eq!(name.data(), &data);

        let hyperparameters = [("seed".to_owned(), "2".to_owned())].into();
        let image = JobSettings { image: "another".to_owned(), ..settings.clone() };
        for other in [
            request.name(&settings, &other_data, ""),
            request.name(&settings, &data, "again"),
            request.name(&image, &data, ""),
            JobRequest { hyperparameters, ..request.clone() }.name(&settings, &data, ""),
        ] {
            assert_ne!(name, other);
        }
    }

    #[test]
    fn the_request_has_everything_that_the_service_needs() {
        let metrics = r#"[{"Name":"validation:rmse","Regex":"validation_rmse=([0-9.]+);"}]"#;
        let settings = settings(&[
            ("HYPERPARAMETERS", r#"{"algorithm":"bayes","hold_out":"0.1"}"#),
            ("METRIC_DEFINITIONS", metrics),
            ("STACK_NAME", "stack"),
            ("RATINGS_TABLE", "matinee-RatingsTable"),
            ("TRAINING_VOLUME_GB", "20"),
            ("TRAINING_MAX_SECONDS", "600"),
        ])
        .unwrap();
        let request = JobRequest {
            hyperparameters: [("hold_out".to_owned(), "0.2".to_owned())].into(),
            ..JobRequest::default()
        };
        let name = request.name(&settings, &DataDigest::of(&[]), "");
        let input =
            request.input(&settings, &name, &found(Some("s3://bucket/models/j/output/model/"))).unwrap();
        assert_eq!(input.training_job_name(), Some(name.as_str()));
        assert_eq!(input.role_arn(), Some(&*settings.role));
        let hyperparameters = [("algorithm", "bayes"), ("hold_out", "0.2")];
        let hyperparameters = hyperparameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(input.hyper_parameters(), Some(&hyperparameters.into()));

        let environment =
            [("RATINGS_TABLE", "matinee-RatingsTable"), ("JOB_REQUESTED_AT", "2026-11-26T12:00:00Z")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(input.environment(), Some(&environment.into()));
        assert_ne!(input.enable_network_isolation(), Some(true), "the container asks DynamoDB");
        let algorithm = input.algorithm_specification().unwrap();
        assert_eq!(algorithm.training_image(), Some(&*settings.image));
        assert_eq!(algorithm.training_input_mode(), Some(&TrainingInputMode::Fastfile));
        let [metric] = algorithm.metric_definitions() else { panic!("{algorithm:?}") };
        let metric = (metric.name(), metric.regex());
        assert_eq!(metric, (Some("validation:rmse"), Some("validation_rmse=([0-9.]+);")));

        let channels = ["s3://bucket/data/", "s3://bucket/models/j/output/model/"];
        for (channel, (name, uri)) in
            input.input_data_config().iter().zip(["train", "live"].iter().zip(channels))
        {
            let source = channel.data_source().and_then(DataSource::s3_data_source).unwrap();
            assert_eq!((channel.channel_name(), source.s3_uri()), (Some(*name), Some(uri)));
            assert_eq!(source.s3_data_type(), Some(&S3DataType::S3Prefix));
        }
        assert_eq!(input.input_data_config().len(), 2);
        let output = input.output_data_config().unwrap();
        assert_eq!(output.s3_output_path(), Some("s3://bucket/models/"));
        assert_eq!(output.compression_type(), Some(&OutputCompressionType::None));
        let checkpoints = format!("s3://bucket/checkpoints/{}/", name.as_str());
        assert_eq!(input.checkpoint_config().unwrap().s3_uri(), Some(&*checkpoints));
        let [tag] = input.tags() else { panic!("{input:?}") };
        assert_eq!((tag.key(), tag.value()), (Some("matinee:stack"), Some("stack")));

        let resources = input.resource_config().unwrap();
        assert_eq!(resources.instance_type().unwrap().as_str(), "ml.m5.large");
        assert_eq!((resources.instance_count(), resources.volume_size_in_gb()), (Some(1), Some(20)));
        let stopping = input.stopping_condition().unwrap();
        let seconds = (stopping.max_runtime_in_seconds(), stopping.max_wait_time_in_seconds());
        assert_eq!(seconds, (Some(600), Some(600 + SPOT_PATIENCE_SECONDS)));
        assert_eq!(input.enable_managed_spot_training(), Some(true));
    }

    #[test]
    fn a_request_overrides_the_settings() {
        let settings = settings(&[("TRAINING_MAX_SECONDS", "600")]).unwrap();
        let request = JobRequest {
            instance_type: Some("ml.c5.xlarge".to_owned()),
            spot: Some(false),
            max_seconds: Some(60),
            ..JobRequest::default()
        };
        let name = request.name(&settings, &DataDigest::of(&[]), "");
        let input = request.input(&settings, &name, &found(None)).unwrap();
        let instance = input.resource_config().and_then(ResourceConfig::instance_type).unwrap();
        assert_eq!(instance.as_str(), "ml.c5.xlarge");
        let stopping = input.stopping_condition().unwrap();
        let seconds = (stopping.max_runtime_in_seconds(), stopping.max_wait_time_in_seconds());
        assert_eq!(seconds, (Some(60), None), "only a spot job waits for capacity");
        assert_eq!(input.enable_managed_spot_training(), Some(false));
        assert_eq!(input.environment().unwrap().len(), 1, "there is no table");
        assert_eq!(input.input_data_config().len(), 1, "there is no live model");
    }
}
