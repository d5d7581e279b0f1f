//! The configuration of the S3 client.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, ResponseChecksumValidation};
use matinee_variables::Variables;

/// A client with the region, credentials and endpoint of the environment.
pub async fn s3_client() -> Client {
    s3_client_of(&aws_config::defaults(BehaviorVersion::latest()).load().await)
}

/// A client with the region, credentials and endpoint of `shared`.
pub fn s3_client_of(shared: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .build();
    let config = Builder::from(shared)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_max_backoff(Duration::from_secs(1)))
        // Local replacements of S3 do not have a host name for each bucket, as S3 itself has.
        .force_path_style(
            shared.endpoint_url().is_some() || Variables::of_process().get("AWS_ENDPOINT_URL_S3").is_some(),
        )
        // An artifact has SHA-256 sums of its own, which are always checked.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Client::from_conf(config)
}
