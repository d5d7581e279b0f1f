//! Predictions from a SageMaker endpoint.

use std::str::FromStr;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sagemakerruntime::Client;
use aws_sdk_sagemakerruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sagemakerruntime::operation::invoke_endpoint::InvokeEndpointError;
use aws_sdk_sagemakerruntime::primitives::Blob;
use matinee_serving::{Endpoint, EndpointError, EndpointFault, InvokeFuture};

use crate::error_chain::error_chain;

/// The container answers in milliseconds. An attempt that takes longer than this will not be answered.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// For all attempts together, well below the 29 s that API Gateway waits.
const TIMEOUT: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 3;

/// The name of an endpoint: at most 63 letters, digits and hyphens, without a hyphen at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointName(String);

/// Text that is not the name of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of an endpoint; it must be 1 to 63 letters, digits and hyphens, without a hyphen at either end"
)]
pub struct EndpointNameError(String);

impl FromStr for EndpointName {
    type Err = EndpointNameError;

    fn from_str(text: &str) -> Result<Self, EndpointNameError> {
        let is_name = text.len() <= 63
            && text.split('-').all(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.ends_with(|last: char| last.is_ascii_alphanumeric());
        if is_name { Ok(Self(text.to_owned())) } else { Err(EndpointNameError(text.to_owned())) }
    }
}

/// An endpoint that runs Matinee's container.
#[derive(Debug, Clone)]
pub struct SageMakerEndpoint {
    client: Client,
    name: EndpointName,
}

impl SageMakerEndpoint {
    /// The endpoint of this name, with the region, credentials and service URL of the environment.
    pub async fn new(name: EndpointName) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(TIMEOUT)
            .build();
        let retries =
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(Duration::from_secs(1));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(retries)
            .load()
            .await;
        Self { client: Client::new(&config), name }
    }
}

impl Endpoint for SageMakerEndpoint {
    fn invoke<'a>(&'a self, body: Vec<u8>, attributes: Option<&'a str>) -> InvokeFuture<'a> {
        Box::pin(async move {
            let request = self
                .client
                .invoke_endpoint()
                .endpoint_name(&self.name.0)
                .content_type("application/json")
                .accept("application/json")
                .set_custom_attributes(attributes.map(str::to_owned))
                .body(Blob::new(body));
            let output = request.send().await.map_err(|error| explain(&error))?;
            Ok(output.body.map(Blob::into_inner).unwrap_or_default())
        })
    }
}

fn explain(error: &SdkError<InvokeEndpointError>) -> EndpointError {
    let fault = match error {
        SdkError::TimeoutError(_) => EndpointFault::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => EndpointFault::Timeout,
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => EndpointFault::Unreachable,
        SdkError::ServiceError(refusal) => fault_of(refusal.err().code(), refusal.raw().status().as_u16()),
        _ => EndpointFault::BadAnswer,
    };
    let original = match error.as_service_error() {
        Some(InvokeEndpointError::ModelError(model)) => format!(
            " (the container answered {} {})",
            model.original_status_code().unwrap_or_default(),
            model.original_message().unwrap_or_default()
        ),
        _ => String::new(),
    };
    EndpointError { fault, detail: error_chain(error) + &original }
}

/// The fault behind an error code and a status of the service.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors>
fn fault_of(code: Option<&str>, status: u16) -> EndpointFault {
    match (code, status) {
        (Some("ModelError"), _) => EndpointFault::ModelError,
        (Some("ServiceUnavailable" | "ModelNotReadyException"), _) => EndpointFault::Unavailable,
        (Some("InternalFailure" | "InternalDependencyException"), _) => EndpointFault::InternalFailure,
        (Some("ValidationError"), _) => EndpointFault::Refused,
        (Some("ThrottlingException" | "Throttling" | "TooManyRequestsException"), _) | (_, 429) => {
            EndpointFault::Throttled
        }
        (_, 401 | 403) => EndpointFault::AccessDenied,
        (_, 503) => EndpointFault::Unavailable,
        (_, 504) => EndpointFault::Timeout,
        (_, 500..) => EndpointFault::InternalFailure,
        _ => EndpointFault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_checked() {
        for text in ["matinee", "matinee-Endpoint-1", "a", &"x".repeat(63)] {
            assert!(text.parse::<EndpointName>().is_ok(), "{text}");
        }
        for text in ["", "-a", "a-", "a b", "arn:aws:sagemaker:x:1:endpoint/a", &"x".repeat(64)] {
            assert!(text.parse::<EndpointName>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_name_that_the_service_would_refuse_is_refused(text in "[a-z-]{0,4}|.{0,70}|[a-zA-Z0-9-]{60,66}") {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let is_name = (1..=63).contains(&text.len()) && text.bytes().all(is_allowed) && text.trim_matches('-') == text;
            match text.parse::<EndpointName>() {
                Ok(_) => prop_assert!(is_name),
                Err(error) => prop_assert!(!is_name && error.to_string().contains(&text)),
            }
        }
    }

    #[test]
    fn an_error_code_overrides_the_status() {
        for (code, status, fault) in [
            (Some("ModelError"), 424, EndpointFault::ModelError),
            (Some("ServiceUnavailable"), 503, EndpointFault::Unavailable),
            (Some("ModelNotReadyException"), 429, EndpointFault::Unavailable),
            (Some("InternalFailure"), 500, EndpointFault::InternalFailure),
            (Some("InternalDependencyException"), 530, EndpointFault::InternalFailure),
            (Some("ValidationError"), 400, EndpointFault::Refused),
            (Some("ThrottlingException"), 400, EndpointFault::Throttled),
            (None, 429, EndpointFault::Throttled),
            (Some("AccessDeniedException"), 403, EndpointFault::AccessDenied),
            (None, 504, EndpointFault::Timeout),
            (None, 502, EndpointFault::InternalFailure),
            (None, 404, EndpointFault::Refused),
        ] {
            assert_eq!(fault_of(code, status), fault, "{code:?} {status}");
        }
    }
}
