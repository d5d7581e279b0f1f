//! An endpoint that runs the container and can be asked for ratings.

use std::future::Future;
use std::pin::Pin;

/// The custom attributes of an invocation that asks for a description of the model, as `GET /model` does elsewhere.
pub const DESCRIBE_MODEL: &str = "matinee=describe-model";

/// An endpoint that runs the container.
pub trait Endpoint: Send + Sync + 'static {
    /// Sends a JSON body, with custom attributes if there are any, and returns the body of the answer.
    fn invoke<'a>(&'a self, body: Vec<u8>, attributes: Option<&'a str>) -> InvokeFuture<'a>;
}

/// An invocation in progress.
pub type InvokeFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, EndpointError>> + Send + 'a>>;

/// Why an endpoint did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError {
    /// The kind of failure, which callers may see.
    pub fault: EndpointFault,
    /// What happened. It is only logged.
    pub detail: String,
}

/// The kinds of failure of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointFault {
    /// The endpoint gets more requests than it accepts.
    Throttled,
    /// The service says that it cannot answer now.
    Unavailable,
    /// The service cannot be reached.
    Unreachable,
    /// No answer came in time.
    Timeout,
    /// The container answered with an error.
    ModelError,
    /// The service failed.
    InternalFailure,
    /// The service refused the request: the endpoint does not exist, or is not in service.
    Refused,
    /// The function has no permission to invoke the endpoint.
    AccessDenied,
    /// The answer does not have the form that this container gives.
    BadAnswer,
}

impl EndpointFault {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::ModelError => "model_error",
            Self::InternalFailure => "internal_failure",
            Self::Refused => "refused",
            Self::AccessDenied => "access_denied",
            Self::BadAnswer => "bad_answer",
        }
    }
}
