//! Errors of the SDK: how to write them in one line, and whether to try again.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Error codes that mean too many requests, whatever the status.
const THROTTLED: [&str; 6] = [
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
];

/// An error and its causes in one line.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// Whether the same call may succeed later: the service was not reached, the connection broke, or the service is
/// overloaded or has an internal error.
pub fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(refusal) => {
            let status = refusal.raw().status().as_u16();
            status >= 500
                || status == 429
                || refusal.err().code().is_some_and(|code| THROTTLED.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}
