//! The body of an error.

use serde::Serialize;
use utoipa::ToSchema;

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorAnswer {
    /// The error.
    pub error: ErrorDescription,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorDescription {
    /// The stable code.
    #[schema(example = "invalid_request")]
    pub code: &'static str,
    /// What happened, and what to do.
    #[schema(example = "the field `movieId` is missing")]
    pub message: String,
    /// Why no model or endpoint answers, or why it cannot answer for this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The id of the request, which is also in the log.
    #[schema(example = "357db69a-54fd-4c35-b6c2-0051ae73a4fa")]
    pub request_id: String,
}

impl ErrorAnswer {
    /// An error without a reason.
    pub fn new(code: &'static str, message: String, request_id: &str) -> Self {
        Self { error: ErrorDescription { code, message, reason: None, request_id: request_id.to_owned() } }
    }
}
